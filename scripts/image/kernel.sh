#!/usr/bin/env bash
# Builds the enclave's kernel from Debian's source package, which is pinned by version and hash.
#
# Prints the path of the bzImage. Cached by version, configuration and compiler outside the
# repository. Needs a Debian machine; installs what it lacks when it is root. A build takes about
# eight minutes of CPU time and 2.5 GB under the cache folder while it runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PACKAGE=linux-source-6.12
VERSION='6.12.117-1~deb12u1'
DEB_SHA256=e849faf31ca3555757f3a8877cb01af92122f744f75d1f3102734651c4e14703
CONFIG=enclave/image/kernel.config
CACHE="${NMP_CACHE:-$HOME/.cache/nmp-enclave}"

say() { echo "· kernel: $*" >&2; }
die() { echo "kernel: $*" >&2; exit 2; }

# The package that installs a program or file, where it is missing.
need=()
for pair in gcc:gcc make:make bc:bc bison:bison flex:flex xz:xz-utils ld:binutils; do
  command -v "${pair%%:*}" >/dev/null || need+=("${pair#*:}")
done
[[ -e /usr/include/gelf.h ]] || need+=(libelf-dev)
[[ -e /usr/include/openssl/opensslv.h ]] || need+=(libssl-dev)
if ((${#need[@]})); then
  ((EUID == 0)) || die "install ${need[*]} with apt-get, then run this again"
  say "installing ${need[*]}"
  { apt-get update -q && apt-get install -qy --no-install-recommends "${need[@]}"; } >/dev/null
fi

compiler=$(gcc --version | head -n 1)
key=$(printf '%s\n' "$compiler" "$(grep '^CONFIG' "$CONFIG")" | sha256sum | cut -c 1-16)
out="$CACHE/kernel-$VERSION-$key"
if [[ -s "$out/bzImage" ]]; then
  echo "$out/bzImage"
  exit
fi

mkdir -p "$CACHE"
exec 9>"$CACHE/kernel.lock"
flock 9
if [[ -s "$out/bzImage" ]]; then
  echo "$out/bzImage"
  exit
fi
work=$(mktemp -d "$CACHE/kernel-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
say "fetching $PACKAGE $VERSION"
(cd "$work" && apt-get download -q "$PACKAGE=$VERSION" >/dev/null 2>&1) ||
  { apt-get update -q >/dev/null 2>&1 || true; (cd "$work" && apt-get download -q "$PACKAGE=$VERSION" >&2); } ||
  die "Debian no longer offers $PACKAGE $VERSION: pin a newer one here, and release new PCRs"
echo "$DEB_SHA256  $(ls "$work"/*.deb)" | sha256sum --check --quiet >&2 ||
  die "$PACKAGE is not the pinned file: its SHA-256 differs"
say 'unpacking'
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work" --wildcards '*/linux-source-6.12.tar.xz' --strip-components=3
rm "$work"/*.deb
mkdir "$work/source" "$work/build"
tar -xf "$work/linux-source-6.12.tar.xz" -C "$work/source" --strip-components=1
rm "$work/linux-source-6.12.tar.xz"

# Nothing of this machine or moment goes into the kernel.
export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC' KBUILD_BUILD_USER=nmp KBUILD_BUILD_HOST=enclave
export KBUILD_BUILD_VERSION=1 LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0
kmake() { make -s -C "$work/source" O="$work/build" "$@"; }
kmake KCONFIG_ALLCONFIG="$PWD/$CONFIG" allnoconfig >/dev/null
missing=$(grep -E '^CONFIG_.*=y' "$CONFIG" | while read -r line; do grep -qx "$line" "$work/build/.config" || echo "$line"; done)
[[ -z "$missing" ]] || die "this kernel cannot have: ${missing//$'\n'/, }"
say 'compiling (about eight minutes of CPU time)'
kmake -j"$(nproc)" bzImage >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; die 'the build failed'; }

mkdir -p "$out"
cp "$work/build/.config" "$out/config"
cp "$work/build/arch/x86/boot/bzImage" "$out/bzImage.new"
mv "$out/bzImage.new" "$out/bzImage"
say "$(stat -c %s "$out/bzImage") bytes, SHA-256 $(sha256sum "$out/bzImage" | cut -d ' ' -f 1)"
echo "$out/bzImage"
