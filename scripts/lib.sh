# Shared by the scripts of this folder: sourced, never run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Where setup.sh puts what the machine lacks and the system's packages cannot give.
PRIVATE=$ROOT/.local
export PATH="$PRIVATE/bin:$PATH"

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The folder of the newest PostgreSQL server programs, 15 or later; nothing when there is none.
postgres_bin() {
  local dir version best=0 found=''
  for dir in /usr/lib/postgresql/*/bin; do
    if ! [ -x "$dir/initdb" ] || ! [ -x "$dir/pg_ctl" ]; then continue; fi
    version=${dir%/bin}
    version=${version##*/}
    [[ $version =~ ^[0-9]+$ ]] || continue
    if [ "$version" -ge 15 ] && [ "$version" -gt "$best" ]; then
      best=$version
      found=$dir
    fi
  done
  printf '%s' "$found"
}

# The browser for the tests of pages: $ALTYN_CHROMIUM, else Debian's without windows, which takes a
# third less of the processor; nothing when there is none.
chromium_bin() {
  local path=${ALTYN_CHROMIUM:-/usr/bin/chromium-headless-shell}
  if [ -x "$path" ]; then printf '%s' "$path"; fi
}

# Whether a browser finds a font with Russian letters.
has_cyrillic_font() {
  if command -v fc-list >/dev/null; then
    [ -n "$(fc-list :lang=ru)" ]
  else
    [ -f /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ]
  fi
}

# The library that steps the clock of a process; nothing when it is not there.
faketime_library() {
  local library
  for library in /usr/lib/*/faketime/libfaketimeMT.so.1; do
    if [ -f "$library" ]; then printf '%s' "$library"; fi
  done
}

# Whether node is there, is 20 or later, and has npm beside it.
node_is_fit() {
  command -v node >/dev/null && npm --version >/dev/null 2>&1 || return 1
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'
}
