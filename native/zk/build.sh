#!/usr/bin/env bash
# Builds guest, verifier and prover from the package registries alone: build.sh [runtime|guest|verifier|prover|kernels|prover-sources|guest-sources|all]
#
# Needs: rustup with a nightly of 2026-05-19 (1.97.0) as toolchain `nightly`, g++, dpkg-deb, patch;
# clang++ 14 or newer for fast kernels (what g++ 12 makes of them takes three times as long);
# and for runtime, guest and verifier Debian sid's rust-src 1.97.1+dfsg1-1: rust-src.sh fetches it
# by apt, or NMP_RUST_SRC_DEB is its path.
# Writes to native/zk/runtime.elf, native/zk/guest.bin, shared/receipt/receipt-verifier.wasm,
# build/native/nmp-zk-prover.
set -euo pipefail
cd "$(dirname "$0")"

RUST_SRC_VERSION=1.97.1
RUST_SRC_PACKAGE="$RUST_SRC_VERSION+dfsg1-1"
RUST_SRC_SHA256=d0637f8f464234ffb12baa55fc0e851f5f9dcfd0199c1a0922e4488a4f591992
WASMI_CORE_SHA256=9013136083d988725953390bf668b64b7a218fabf26f8b913bbc59546b97ee27
ZKP_SHA256=21c0c921e5e2d44197940d387a45e29c6165e318b5a168fdfdbd50f50ba03678
RV32IM_SHA256=cb11231aa4b74bcc0c8d16597893fbd7ea6f6a9ebbc35e16bfd06b467c7ee104
RV32IM_SYS_SHA256=e93ed1e691220660df5ac7af4864d8cf8a42e7fe615ef27171652658ec8cb9f1
CACHE="${NMP_CACHE:-$HOME/.cache/nmp-enclave}"
TARGETS="${NMP_ZK_TARGETS:-$CACHE}"
REGISTRY="${CARGO_HOME:-$HOME/.cargo}/registry"
TOOLCHAIN="$CACHE/zk-toolchain"
HOST=x86_64-unknown-linux-gnu

# A private copy: the library source must lie inside the toolchain, and rustup's stays as it was.
toolchain() {
  [ -d "$TOOLCHAIN/lib/rustlib/src/rust/library" ] && return
  local source="$CACHE/zk-rust-src" package="${NMP_RUST_SRC_DEB:-}"
  if [ -z "$package" ]; then
    package="$source/rust-src_${RUST_SRC_PACKAGE}_all.deb"
    [ -f "$package" ] || ./rust-src.sh "$RUST_SRC_PACKAGE" "$source" > /dev/null
  fi
  echo "$RUST_SRC_SHA256  $package" | sha256sum --check --quiet
  mkdir -p "$TOOLCHAIN" "$source"
  cp -a "$(rustc +nightly --print sysroot)/." "$TOOLCHAIN"
  dpkg-deb -x "$package" "$source"
  mkdir -p "$TOOLCHAIN/lib/rustlib/src/rust"
  cp -r "$source/usr/src/rustc-$RUST_SRC_VERSION/library" "$TOOLCHAIN/lib/rustlib/src/rust/"
}

# The registry's source with our patch if there is one, inside the workspace: its path then is no
# part of the image. Fails if the source is another or the patch does not fit exactly.
patched() {
  local crate="$1" sum="$2" into="$3/${1%-*}" fetch archive
  if ! ls "$REGISTRY"/cache/*/"$crate.crate" > /dev/null 2>&1; then
    fetch="$(mktemp -d)"
    mkdir -p "$fetch/src"
    touch "$fetch/src/lib.rs"
    printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = "=%s"\n[workspace]\n' \
      "${crate%-*}" "${crate##*-}" > "$fetch/Cargo.toml"
    cargo fetch --quiet --manifest-path "$fetch/Cargo.toml"
    rm -rf "$fetch"
  fi
  archive="$(ls "$REGISTRY"/cache/*/"$crate.crate")"
  echo "$sum  $archive" | sha256sum --check --quiet || {
    echo "$crate: not the source that the patch was made for" >&2
    exit 1
  }
  fetch="$(mktemp -d)"
  tar -xzmf "$archive" --strip-components=1 -C "$fetch"
  if [ -f "patches/$crate.patch" ]; then
    patch --quiet --strip=1 --fuzz=0 --no-backup-if-mismatch -d "$fetch" < "patches/$crate.patch" || {
      echo "patches/$crate.patch does not fit the source of $crate" >&2
      exit 1
    }
  fi
  # Put in place only if it changed: what is unchanged is not compiled again.
  if ! diff -rq "$fetch" "$into" > /dev/null 2>&1; then
    rm -rf "$into"
    mkdir -p "$(dirname "$into")"
    chmod 755 "$fetch"
    mv "$fetch" "$into"
  fi
  rm -rf "$fetch"
}

# The remapped paths keep the machine out of the bytes.
remapped() {
  printf '%s ' "--remap-path-prefix=$REGISTRY/src=crates" "--remap-path-prefix=$TOOLCHAIN=toolchain" \
    "--remap-path-prefix=$PWD/$1=$1"
}

# build_std PACKAGE TARGET FLAGS CARGO-ARGUMENTS…
build_std() {
  local package="$1" target="$2" flags="$3" variable
  shift 3
  variable="CARGO_TARGET_$(echo "$target" | tr 'a-z-' 'A-Z_')"
  env "${variable}_LINKER=$TOOLCHAIN/lib/rustlib/$HOST/bin/rust-lld" \
    "${variable}_RUSTFLAGS=$flags --cfg getrandom_backend=\"custom\" $(remapped "$package")" \
    RUSTC="$TOOLCHAIN/bin/rustc" CARGO_TARGET_DIR="$TARGETS/zk-$package-target" \
    "$TOOLCHAIN/bin/cargo" build --locked --release --manifest-path "$package/Cargo.toml" \
    --target "$target" "$@"
}

# Translated modules are put beside it, so that its bytes are part of every image.
runtime() {
  toolchain
  build_std runtime riscv32im-risc0-zkvm-elf \
    "-Cpasses=lower-atomic -Clink-arg=-T$PWD/runtime/link.ld -Clink-arg=--fatal-warnings -Cpanic=abort" \
    -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem
  install -m 644 "$TARGETS/zk-runtime-target/riscv32im-risc0-zkvm-elf/release/nmp-zk-runtime" runtime.elf
}

guest_sources() {
  patched wasmi_core-1.1.0 "$WASMI_CORE_SHA256" guest/.patched
}

guest() {
  toolchain
  guest_sources
  build_std guest riscv32im-risc0-zkvm-elf \
    "-Cpasses=lower-atomic -Clink-arg=-Ttext=0x00200800 -Clink-arg=--fatal-warnings -Cpanic=abort" \
    -Zbuild-std=core,alloc,std,panic_abort,proc_macro -Zbuild-std-features=compiler-builtins-mem
  prover
  ../../build/native/nmp-zk-prover image \
    "$TARGETS/zk-guest-target/riscv32im-risc0-zkvm-elf/release/nmp-zk-guest" guest.bin
}

verifier() {
  toolchain
  build_std verifier wasm32-unknown-unknown -Cpanic=abort -Zbuild-std=std,panic_abort
  cp "$TARGETS/zk-verifier-target/wasm32-unknown-unknown/release/nmp_zk_verifier.wasm" \
    ../../shared/receipt/receipt-verifier.wasm
}

command -v clang++ > /dev/null && export CXX=clang++

# Vector kernels in place of the scalar ones, chosen when the prover runs; the circuit's generated
# code is read from its unpatched source.
prover_sources() {
  patched risc0-zkp-3.0.5 "$ZKP_SHA256" .patched
  patched risc0-circuit-rv32im-4.0.5 "$RV32IM_SHA256" .patched
  patched risc0-circuit-rv32im-sys-4.0.3 "$RV32IM_SYS_SHA256" .patched
}

# It goes into enclave images, so that its bytes must be those of its sources wherever they lie: paths
# are mapped, and the linker's note, a hash over paths, is left out. DOCS_RS keeps a build script from
# downloading programs that composite receipts never open.
cargo_prover() {
  local target="$CACHE/zk-target" home="${CARGO_HOME:-$HOME/.cargo}"
  DOCS_RS=1 SOURCE_DATE_EPOCH=0 CARGO_TARGET_DIR="$target" \
    CXXFLAGS="-O3 -ffile-prefix-map=$home=/cargo -ffile-prefix-map=$target=/target -ffile-prefix-map=$PWD=/zk" \
    RUSTFLAGS="--remap-path-prefix=$home=/cargo --remap-path-prefix=$target=/target --remap-path-prefix=$PWD=/zk -Clink-arg=-Wl,--build-id=none" \
    cargo build --locked --release --target "$HOST" "$@"
}

prover() {
  prover_sources
  cargo_prover --package nmp-zk-prover
  mkdir -p ../../build/native
  cp "$CACHE/zk-target/$HOST/release/nmp-zk-prover" ../../build/native/nmp-zk-prover.new
  mv ../../build/native/nmp-zk-prover.new ../../build/native/nmp-zk-prover
}

# Each vector kernel against the scalar one. With the prover's own examples nothing is compiled twice.
kernels() {
  prover
  cargo_prover --workspace --examples
  "$CACHE/zk-target/$HOST/release/examples/equal"
}

case "${1:-all}" in
  runtime) runtime ;;
  guest) guest ;;
  verifier) verifier ;;
  prover) prover ;;
  kernels) kernels ;;
  prover-sources) prover_sources ;;
  guest-sources) guest_sources ;;
  all) runtime && guest && verifier ;;
  *) echo "usage: build.sh [runtime|guest|verifier|prover|kernels|prover-sources|guest-sources|all]" >&2 && exit 2 ;;
esac
