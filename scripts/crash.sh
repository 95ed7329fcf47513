#!/usr/bin/env bash
# Attacks running servers for long, and sums up what came of it: `kill -9` of either of two servers
# on each database, a database that is cut off, a standby that takes over. Whatever is lost or
# doubled fails it.
#
#   KILLS=1000 CUTS=200 FAILOVERS=10 scripts/crash.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

[ -n "$(postgres_bin)" ] || scripts/setup.sh
tally=$(mktemp)
trap 'rm -f "$tally"' EXIT
# Half of the kills on each database.
export ALTYN_TEST_KILLS=$(((${KILLS:-1000} + 1) / 2))
export ALTYN_TEST_CUTS=${CUTS:-200} ALTYN_TEST_FAILOVERS=${FAILOVERS:-10}
export ALTYN_TEST_TALLY=$tally
scripts/with-postgres.sh cargo test --locked -p altyn-server --test it crash:: -- --nocapture

# Each test left a line of JSON, its figures whole numbers: first as a table, then their sums as JSON.
say 'nothing was lost and nothing doubled'
awk -v seconds="$SECONDS" '
  {
    line = $0
    gsub(/[{}"]/, "", line)
    count = split(line, pairs, ",")
    for (at = 1; at <= count; at++) {
      split(pairs[at], pair, ":")
      if (pair[1] == "test" || pair[1] == "seconds") continue
      if (!(pair[1] in sums)) names[++known] = pair[1]
      sums[pair[1]] += pair[2]
    }
    print "  " $0
  }
  END {
    json = "\"seconds\":" seconds
    printf "%30s %9d\n", "seconds", seconds
    for (at = 1; at <= known; at++) {
      printf "%30s %9d\n", names[at], sums[names[at]]
      json = json ",\"" names[at] "\":" sums[names[at]]
    }
    print "{" json "}"
  }' "$tally"
