#!/usr/bin/env bash
# Builds the guest and the prover from the package registries alone, and prints the image id.
# Needs: the Rust nightly of 2026-05-19 (1.97.0) as toolchain `nightly`, g++, dpkg-deb, and Debian
# sid's rust-src package, whose path is the one argument (apt-get download rust-src).
set -euo pipefail
cd "$(dirname "$0")"

RUST_SRC_VERSION=1.97.1
RUST_SRC_SHA256=d0637f8f464234ffb12baa55fc0e851f5f9dcfd0199c1a0922e4488a4f591992
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/nmp-enclave"
TOOLCHAIN="$CACHE/zk-toolchain"
BIN="$TOOLCHAIN/bin"
TARGET=riscv32im-risc0-zkvm-elf

# A private copy: the library source must lie inside the toolchain, and rustup's stays as it was.
if [ ! -d "$TOOLCHAIN/lib/rustlib/src/rust/library" ]; then
  echo "$RUST_SRC_SHA256  $1" | sha256sum --check --quiet
  mkdir -p "$TOOLCHAIN" "$CACHE/zk-rust-src"
  cp -a "$(rustc +nightly --print sysroot)/." "$TOOLCHAIN"
  dpkg-deb -x "$1" "$CACHE/zk-rust-src"
  mkdir -p "$TOOLCHAIN/lib/rustlib/src/rust"
  cp -r "$CACHE/zk-rust-src/usr/src/rustc-$RUST_SRC_VERSION/library" "$TOOLCHAIN/lib/rustlib/src/rust/"
fi

# The remapped paths keep the machine out of the image, and so out of the image id.
export CARGO_TARGET_RISCV32IM_RISC0_ZKVM_ELF_LINKER="$TOOLCHAIN/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"
export CARGO_TARGET_RISCV32IM_RISC0_ZKVM_ELF_RUSTFLAGS="-Cpasses=lower-atomic -Clink-arg=-Ttext=0x00200800 -Clink-arg=--fatal-warnings -Cpanic=abort --cfg getrandom_backend=\"custom\" --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=crates --remap-path-prefix=$TOOLCHAIN=toolchain --remap-path-prefix=$PWD/guest=guest"
(cd guest && RUSTC="$BIN/rustc" CARGO_TARGET_DIR="$CACHE/zk-guest-target" "$BIN/cargo" build \
  --locked --release --target "$TARGET" -Zbuild-std=core,alloc,std,panic_abort,proc_macro \
  -Zbuild-std-features=compiler-builtins-mem)

# DOCS_RS keeps a build script from downloading programs that composite receipts never open.
CARGO_TARGET_DIR="$CACHE/zk-target" DOCS_RS=1 cargo build --locked --release -p nmp-zk-prover
"$CACHE/zk-target/release/nmp-zk-prover" image \
  "$CACHE/zk-guest-target/$TARGET/release/nmp-zk-guest" "$CACHE/nmp-zk-guest.bin"
