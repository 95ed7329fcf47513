#!/usr/bin/env bash
# Runs a command beside a PostgreSQL server of its own, then removes the server and its data.
#
#   scripts/with-postgres.sh cargo test -p altyn-store
#
# The command finds the server at $ALTYN_TEST_POSTGRES. The cluster lives in a temporary folder,
# belongs to an ordinary user, listens on loopback only, and writes as durably as a real one.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || fail 'usage: scripts/with-postgres.sh COMMAND...'
BIN=$(postgres_bin)
[ -n "$BIN" ] || fail 'no PostgreSQL 15 or later found: run scripts/setup.sh'

# The server refuses to run as root.
as_user=()
if [ "$(id -u)" -eq 0 ]; then
  id postgres >/dev/null 2>&1 || fail 'root needs the user "postgres" to run the server as'
  as_user=(runuser -u postgres --)
fi

# Under /tmp whatever TMPDIR says: the other user must reach it, and a socket's path is short.
DIR=$(mktemp -d /tmp/altyn-postgres.XXXXXX)
if [ ${#as_user[@]} -gt 0 ]; then chown postgres: "$DIR"; fi
child=''

# Runs one of the server's programs as the server's user.
server() {
  local program=$1
  shift
  (cd "$DIR" && "${as_user[@]}" "$BIN/$program" "$@")
}

stop() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  if [ -n "$child" ]; then kill -TERM -- "-$child" 2>/dev/null || true; fi
  if [ -f "$DIR/data/postmaster.pid" ]; then
    server pg_ctl -D "$DIR/data" -m immediate -w stop >/dev/null || true
  fi
  rm -rf "$DIR"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_port() {
  local port
  while :; do
    port=$((RANDOM % 16000 + 16000)) # below the range the system hands out by itself
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  done
  printf '%s' "$port"
}

server initdb -D "$DIR/data" -U postgres --locale=C.UTF-8 --encoding=UTF8 \
  --auth-local=trust --auth-host=trust >"$DIR/initdb.log" 2>&1 || {
  cat "$DIR/initdb.log" >&2
  fail 'the cluster could not be made'
}
cat >>"$DIR/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$DIR'
max_connections = 200
CONF

# Another process may take the port between the look and the start: then look again.
started=''
for _ in 1 2 3 4 5; do
  PORT=$(free_port)
  if server pg_ctl -D "$DIR/data" -o "-p $PORT" -l "$DIR/server.log" -w -t 60 start >/dev/null 2>&1
  then
    started=yes
    break
  fi
done
[ -n "$started" ] || {
  cat "$DIR/server.log" >&2
  fail 'the server did not start'
}
export ALTYN_TEST_POSTGRES="postgres://postgres@127.0.0.1:$PORT/postgres"
# Where a test may make further servers, as the same user.
export ALTYN_TEST_POSTGRES_BIN=$BIN ALTYN_TEST_POSTGRES_DIR=$DIR

# At a terminal the command stays in front, so that psql works and Ctrl-C reaches it. Otherwise it
# gets a process group of its own, so that a signal sent to this script can end all of it at once.
if [ -t 0 ]; then
  "$@"
else
  set -m
  "$@" <&0 &
  child=$!
  set +m
  status=0
  wait "$child" || status=$?
  child=''
  exit "$status"
fi
