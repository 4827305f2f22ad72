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

npx --no-install node scripts/count-tests.ts build/vitest.json build/cargo-test.txt || status=1
exit $status
