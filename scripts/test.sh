#!/usr/bin/env bash
# Everything a change must pass, in order; stops at the first stage that fails and names it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

stage=start
report() {
  local status=$?
  if [ "$status" -ne 0 ]; then printf '== FAILED: %s\n' "$stage" >&2; fi
}
trap report EXIT
stage() {
  local began=$SECONDS
  stage=$1
  shift
  say "$stage"
  "$@"
  say "$stage: $((SECONDS - began)) s"
}

# Most tests wait for processes, disks, sockets and pages: three at once for each core.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((3 * $(nproc)))}

# A first build does not keep what only the next one would use: that is a tenth of its time.
[ -d "${CARGO_TARGET_DIR:-target}" ] || export CARGO_INCREMENTAL=0

stage setup scripts/setup.sh
stage format cargo fmt --all --check
stage lint cargo clippy --workspace --all-targets --locked -- -D warnings
stage build cargo test --workspace --all-targets --locked --no-run
stage clients node --test clients/*.test.mjs
stage journeys node --test --test-concurrency="$RUST_TEST_THREADS" clients/journeys/*.test.mjs
stage tests scripts/with-postgres.sh cargo test --workspace --all-targets --locked -j 2
say "all stages passed in $SECONDS s"
