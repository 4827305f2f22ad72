#!/usr/bin/env bash
# Licences, sources and bans of the crates that ship, by cargo-deny of one version, kept in the cache.
# Advisories are in a git repository that registries do not carry; `--advisories` asks for them.
set -eu
cd "$(dirname "$0")/../.."
VERSION=0.20.2
home="${NMP_CACHE:-$HOME/.cache/nmp-enclave}/cargo-deny-$VERSION"
if [ ! -x "$home/bin/cargo-deny" ]; then
  echo "· cargo-deny $VERSION (about four minutes, once)" >&2
  CARGO_TARGET_DIR="$home/target" cargo install cargo-deny --version "$VERSION" --locked \
    --no-default-features --root "$home" -q
  rm -rf "$home/target"
fi
checks=(licenses bans sources)
[ "${1:-}" = --advisories ] && checks+=(advisories)
for manifest in native/Cargo.toml native/zk/verifier/Cargo.toml; do
  echo "$manifest" >&2
  "$home/bin/cargo-deny" --manifest-path "$manifest" --locked --config native/deny.toml \
    check --hide-inclusion-graph --allow duplicate --allow license-not-encountered "${checks[@]}"
done
