#!/usr/bin/env bash
# Fetches Debian sid's rust-src package: rust-src.sh VERSION FOLDER. Prints the path of the package.
#
# Debian's own mirror comes from the machine's apt sources; lists and settings stay in a folder that
# is removed again, so that the machine's apt knows nothing of sid afterwards. apt checks the
# signature, and build.sh the SHA-256.
set -euo pipefail
VERSION="$1"
FOLDER="$2"

MIRROR="$(apt-get indextargets --format '$(REPO_URI)' \
  'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | head -n 1)"
[ -n "$MIRROR" ] || {
  echo "no mirror of Debian among the sources of apt: run apt-get update, or set NMP_RUST_SRC_DEB" >&2
  exit 1
}
APT="$(mktemp -d)"
trap 'rm -rf "$APT"' EXIT
mkdir -p "$APT/lists/partial" "$APT/parts" "$FOLDER"
echo "deb $MIRROR sid main" > "$APT/sources.list"
OPTIONS=(-o "Dir::Etc::SourceList=$APT/sources.list" -o "Dir::Etc::SourceParts=$APT/parts"
  -o "Dir::State::Lists=$APT/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
  -o Acquire::Languages=none -o APT::Sandbox::User=root)
apt-get "${OPTIONS[@]}" --quiet=2 update >&2
(cd "$FOLDER" && apt-get "${OPTIONS[@]}" --quiet=2 download "rust-src=$VERSION" >&2)
ls "$FOLDER/rust-src_${VERSION}_all.deb"
