#!/usr/bin/env bash
# Builds runtime, guest and verifier in two fresh folders: both times the committed bytes must come out.
set -euo pipefail
cd "$(dirname "$0")"

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
