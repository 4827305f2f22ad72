#!/usr/bin/env bash
# Builds shared/script/engine.wasm, the JavaScript engine for plain-text logic, from the package
# registries alone: QuickJS-ng's C sources lie in the crate rquickjs-sys; the compiler and the C
# library are Debian 12's clang, lld, libclang-rt-14-dev-wasm32 and wasi-libc.
#
# Prints the SHA-256 of what it built; shared/script/engine.ts pins it.
set -euo pipefail
cd "$(dirname "$0")"

CRATE=rquickjs-sys-0.14.0
CRATE_SHA256=cee271d0eeba64f0915b846cb7ae02e16faf3dfdffdca91731101d9d30fe3423
OUT="${1:-../../shared/script/engine.wasm}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/fetch/src"
touch "$work/fetch/src/lib.rs"
printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = "=%s"\n[workspace]\n' \
  "${CRATE%-*}" "${CRATE##*-}" > "$work/fetch/Cargo.toml"
cargo fetch --quiet --manifest-path "$work/fetch/Cargo.toml"
archive="$(ls "${CARGO_HOME:-$HOME/.cargo}"/registry/cache/*/"$CRATE.crate")"
echo "$CRATE_SHA256  $archive" | sha256sum --check --quiet
tar -xzf "$archive" -C "$work"
mv "$work/$CRATE/quickjs" "$work/quickjs"

# The library as a C string, comments and all: its text is part of the engine's hash.
{
  printf 'static const char PRELUDE[] = {'
  od -An -v -tu1 prelude.js | sed 's/  */,/g; s/^,//; s/$/,/'
  printf '0};\n'
} > "$work/prelude.h"
cp engine.c "$work/engine.c"

cd "$work"
clang --target=wasm32-wasi -Os -std=gnu11 -DNDEBUG -w \
  -mbulk-memory -msign-ext -mnontrapping-fptoint -mmutable-globals \
  -fno-exceptions -ffunction-sections -fdata-sections -fvisibility=hidden \
  -Iquickjs -I. -nostartfiles -mexec-model=reactor \
  -Wl,--no-entry -Wl,--gc-sections -Wl,--strip-all -Wl,-z,stack-size=1048576 -Wl,--stack-first \
  engine.c quickjs/quickjs.c quickjs/libregexp.c quickjs/libunicode.c quickjs/dtoa.c \
  -o engine.wasm
cd - > /dev/null
mkdir -p "$(dirname "$OUT")"
cp "$work/engine.wasm" "$OUT"
sha256sum "$OUT"
