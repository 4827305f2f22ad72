#!/usr/bin/env bash
# Fuzzes each native parser for so many seconds, two at a time. Usage: fuzz-native.sh SECONDS [TARGET…]
# New inputs are kept in the user's cache; a crash is left beside them, and the exit code is 1.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:?seconds for each target}
shift
targets=${*:-guard scan codecs frames nsm}
cache=${NMP_CACHE:-$HOME/.cache/nmp-enclave}
triple=$(rustc -vV | sed -n 's/^host: //p')
key=$({ rustc -V; cat native/fuzz/Cargo.lock; } | sha256sum | cut -c1-16)
target_dir=$cache/fuzz-target-$key
# libFuzzer's instrumentation is LLVM's own pass; the stable compiler runs it. `--target` keeps it
# out of build scripts.
CARGO_TARGET_DIR=$target_dir RUSTFLAGS='--cfg fuzzing -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares' \
  cargo build --release --locked --quiet --target "$triple" --manifest-path native/fuzz/Cargo.toml

fuzz() {
  local own=$cache/fuzz/$1 log
  mkdir -p "$own/corpus" "$own/crashes"
  log=$own/last.log
  # 64 KiB is enough for every format; an input that takes 25 s is a finding.
  if "$target_dir/$triple/release/$1" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=4096 \
    -max_len=65536 -len_control=20 -print_final_stats=1 -artifact_prefix="$own/crashes/" \
    "$own/corpus" "native/fuzz/corpus/$1" >"$log" 2>&1; then
    printf 'fuzz %-7s %s inputs in %s s, no crash\n' "$1" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$seconds"
  else
    tail -n 40 "$log" >&2
    printf 'fuzz %-7s CRASHED; input in %s\n' "$1" "$own/crashes" >&2
    return 1
  fi
}
export -f fuzz
export cache seconds target_dir triple
# shellcheck disable=SC2086
printf '%s\n' $targets | xargs -P 2 -I{} bash -euc 'fuzz {}'
