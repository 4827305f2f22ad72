#!/usr/bin/env bash
# Builds QEMU with the nitro-enclave machine from Debian's source (Debian's own binary leaves it
# out), and vhost-device-vsock, its vsock. For tests only: nothing of it goes into the image.
#
# Prints the folder: qemu-system-x86_64, vhost-device-vsock and firmware/. Cached by version
# outside the repository. Needs a Debian machine; installs what it lacks when it is root. A build
# takes about six minutes of CPU time on two cores.
set -euo pipefail

SUITE=trixie
QEMU='1:10.0.13+ds-0+deb13u1'
MESON=1.5.2
PYCOTAP=1.3.1
VHOST_DEVICE_VSOCK=0.3.0
CACHE="${NMP_CACHE:-$HOME/.cache/nmp-enclave}"

say() { echo "· qemu: $*" >&2; }
die() { echo "qemu: $*" >&2; exit 2; }

upstream=${QEMU#*:}
upstream=${upstream%%+*}
out="$CACHE/qemu-$upstream-nsm1-vsock-$VHOST_DEVICE_VSOCK"
done_already() { [[ -x "$out/qemu-system-x86_64" && -x "$out/vhost-device-vsock" ]]; }
if done_already; then echo "$out"; exit; fi
mkdir -p "$CACHE"
exec 9>"$CACHE/qemu.lock"
flock 9
if done_already; then echo "$out"; exit; fi

need=()
for pair in gcc:gcc g++:g++ make:make ninja:ninja-build pkg-config:pkg-config xz:xz-utils patch:patch \
  python3:python3 bison:bison flex:flex; do
  command -v "${pair%%:*}" >/dev/null || need+=("${pair#*:}")
done
python3 -c 'import ensurepip' 2>/dev/null || need+=(python3-venv)
for pair in libcbor:libcbor-dev gnutls:libgnutls28-dev glib-2.0:libglib2.0-dev zlib:zlib1g-dev; do
  pkg-config --exists "${pair%%:*}" 2>/dev/null || need+=("${pair#*:}")
done
[[ -e /usr/include/libfdt.h ]] || need+=(libfdt-dev)
command -v dpkg-source >/dev/null || need+=(dpkg-dev)
if ((${#need[@]})); then
  ((EUID == 0)) || die "install ${need[*]} with apt-get, then run this again"
  say "installing ${need[*]}"
  { apt-get update -q && apt-get install -qy --no-install-recommends "${need[@]}"; } >/dev/null
fi
command -v cargo >/dev/null || die 'cargo is missing: install Rust 1.95 or newer (rustup), then run this again'

work=$(mktemp -d "$CACHE/qemu-build.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Lists of their own, so that this machine's packages stay on its own release. The mirror is the one
# that this machine already uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
[[ -n "$mirror" ]] || die 'apt knows no mirror of Debian'
mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/parts"
printf 'deb %s %s main\ndeb-src %s %s main\n' "$mirror" "$SUITE" "$mirror" "$SUITE" >"$work/apt/sources.list"
apt=(-q -o "Dir::Etc::SourceList=$work/apt/sources.list" -o "Dir::Etc::SourceParts=$work/apt/parts"
  -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=root)
say "fetching $QEMU"
apt-get "${apt[@]}" update >"$work/log" 2>&1 || { tail "$work/log" >&2; die "no lists of $SUITE"; }
cd "$work"
apt-get "${apt[@]}" source --download-only "qemu=$QEMU" >>log 2>&1 ||
  { tail -n 5 log >&2; apt-cache "${apt[@]}" showsrc qemu | grep '^Version' >&2; die "Debian no longer offers the source of qemu $QEMU: pin a newer one here"; }
apt-get "${apt[@]}" download "qemu-system-data=$QEMU" >>log 2>&1 || { tail -n 5 log >&2; die 'no firmware package'; }

say 'unpacking'
mkdir source firmware
tar -xf qemu_*.orig.tar.xz -C source --strip-components=1
tar -xf qemu_*.debian.tar.xz
dpkg-deb -x qemu-system-data_*.deb firmware
# Debian's tarball has no firmware blobs; its own patch tells the build to do without them.
patch -d source -p1 -s <debian/patches/skip-unpack-edk2-blobs.patch
echo 'CONFIG_NITRO_ENCLAVE=y' >source/configs/devices/x86_64-softmmu/nmp.mak
# A request whose response buffer is not there yet breaks the emulated NSM for good, and its guest hangs
# while it boots: QEMU kicks a queue as the device starts, between the two buffers of the driver's first
# request. It is put back instead; the driver's own kick follows.
nsm=source/hw/virtio/virtio-nsm.c
sed -i '/if (!in_elem) {/,/}/{/virtio_error/,/;/d;s/goto cleanup;/virtqueue_unpop(vq, out_elem, 0); return;/}' $nsm
grep -A2 'if (!in_elem) {' $nsm | tr -d '\n' | grep -q '{ *virtqueue_unpop(vq, out_elem, 0); return; *}' || die 'the emulated NSM is not as it was'
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "meson==$MESON" "pycotap==$PYCOTAP" >>log 2>&1 || { tail -n 5 log >&2; die 'no Meson from PyPI'; }
say 'configuring'
mkdir build
(cd build && ../source/configure --python="$work/venv/bin/python3" --target-list=x86_64-softmmu \
  --without-default-features --without-default-devices --with-devices-x86_64=nmp \
  --disable-install-blobs --enable-system --enable-tcg --enable-libcbor --enable-gnutls --enable-vhost-user --enable-fdt=system) >>log 2>&1 ||
  { tail -n 30 log >&2; die 'configure failed'; }
say 'compiling (about five minutes of CPU time)'
ninja -C build -j "$(nproc)" qemu-system-x86_64 >>log 2>&1 || { tail -n 30 log >&2; die 'the build failed'; }
say "building vhost-device-vsock $VHOST_DEVICE_VSOCK"
CARGO_TARGET_DIR="$work/target" cargo install -q --locked --root "$work/cargo" --version "$VHOST_DEVICE_VSOCK" vhost-device-vsock >>log 2>&1 ||
  { tail -n 30 log >&2; die 'vhost-device-vsock failed to build'; }

mkdir -p "$out/firmware"
cp firmware/usr/share/qemu/{qboot.rom,linuxboot_dma.bin} "$out/firmware/"
cp build/qemu-system-x86_64 "$out/"
cp cargo/bin/vhost-device-vsock "$out/vhost-device-vsock.new"
mv "$out/vhost-device-vsock.new" "$out/vhost-device-vsock"
echo "$out"
