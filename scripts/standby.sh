#!/usr/bin/env bash
# Copies the PostgreSQL server at URL and runs the copy as its streaming standby until told to end.
#
#   scripts/standby.sh URL PORT
#
# The standby listens on PORT of loopback, lives in a temporary folder and takes it along. The server
# at URL must let its superuser replicate, as the one of with-postgres.sh does.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

[ $# -eq 2 ] || fail 'usage: scripts/standby.sh URL PORT'
URL=$1
PORT=$2
BIN=$(postgres_bin)
[ -n "$BIN" ] || fail 'no PostgreSQL 15 or later found: run scripts/setup.sh'

# The server refuses to run as root. The standby ends with this script, however that ends.
as_user=(setpriv --pdeathsig INT --)
if [ "$(id -u)" -eq 0 ]; then
  id postgres >/dev/null 2>&1 || fail 'root needs the user "postgres" to run the server as'
  as_user=(setpriv --reuid postgres --regid postgres --init-groups --pdeathsig INT --)
fi

DIR=$(mktemp -d /tmp/altyn-standby.XXXXXX)
if [ "$(id -u)" -eq 0 ]; then chown postgres: "$DIR"; fi
child=''
stop() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  if [ -n "$child" ]; then
    kill -INT "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  rm -rf "$DIR"
  exit "$status"
}
trap stop EXIT
trap 'exit 0' INT TERM

cd "$DIR"
"${as_user[@]}" "$BIN/pg_basebackup" -d "$URL" -D "$DIR/data" -R -X stream -c fast
"${as_user[@]}" "$BIN/postgres" -D "$DIR/data" -p "$PORT" -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories="$DIR" &
child=$!
wait "$child"
