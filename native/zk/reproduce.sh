#!/usr/bin/env bash
# Builds runtime, guest and verifier in two fresh folders: both times the committed bytes must come out.
# reproduce.sh prover: builds the prover, which is not committed, from a copy of the sources with a cache
# and a cargo home of its own, and compares it with the one that was built here.
set -euo pipefail
cd "$(dirname "$0")"

prover() {
  local other
  ./build.sh prover
  other="$(mktemp -d)"
  # shellcheck disable=SC2064
  trap "rm -rf '$other'" EXIT
  mkdir -p "$other/some/where/native" "$other/cargo"
  # What the copy compiles is its own: neither our output nor what we patched.
  tar -c --exclude=./target --exclude=./.patched . | tar -x --one-top-level="$other/some/where/native/zk"
  cp -r "${CARGO_HOME:-$HOME/.cargo}/registry" "$other/cargo/registry"
  CARGO_HOME="$other/cargo" NMP_CACHE="$other/cache" "$other/some/where/native/zk/build.sh" prover
  cmp ../../build/native/nmp-zk-prover "$other/some/where/build/native/nmp-zk-prover"
  echo "byte for byte the same: $(sha256sum ../../build/native/nmp-zk-prover | cut -c 1-64)"
}

if [ "${1:-}" = prover ]; then
  prover
  exit
fi

COMMITTED="$(sha256sum runtime.elf guest.bin ../../shared/receipt/receipt-verifier.wasm)"
for round in first second; do
  NMP_ZK_TARGETS="$(mktemp -d)"
  export NMP_ZK_TARGETS
  ./build.sh all
  rm -rf "$NMP_ZK_TARGETS"
  if ! echo "$COMMITTED" | sha256sum --check --quiet; then
    echo "the $round build gave other bytes than the committed ones" >&2
    exit 1
  fi
done
../../build/native/nmp-zk-prover image-id guest.bin
