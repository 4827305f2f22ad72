#!/usr/bin/env bash
# Runs the TypeScript and the Rust tests and closes with one line of counts.
set -u
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${NMP_CACHE:-$HOME/.cache/nmp-enclave}/cargo-target}"
mkdir -p build
status=0

npx --no-install vitest run --reporter=default --reporter=json --outputFile.json=build/vitest.json || status=1
cargo test --manifest-path native/Cargo.toml --release --locked 2>&1 | tee build/cargo-test.txt
[ "${PIPESTATUS[0]}" -eq 0 ] || status=1
# The parts of ZK receipts that need neither the zkVM's toolchain nor its prover.
for package in confine:--tests translator:--tests runtime:--lib; do
  cargo test --manifest-path "native/zk/${package%:*}/Cargo.toml" "${package#*:}" --release --locked 2>&1 | tee -a build/cargo-test.txt
  [ "${PIPESTATUS[0]}" -eq 0 ] || status=1
done

npx --no-install node scripts/count-tests.ts build/vitest.json build/cargo-test.txt || status=1
exit $status
