#!/usr/bin/env bash
# Builds the committed image twice, from nothing but the sources: in two folders, as two users, with
# two caches, umasks, time zones, locales and at two times, and compares the files byte for byte. About
# ten minutes; with KERNEL=1 the kernel is compiled twice, too (twenty more).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
repository=$PWD
commit=$(git rev-parse HEAD)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kernel_cache="${NMP_CACHE:-$HOME/.cache/nmp-enclave}"

# Another user is one of a namespace, where the kernel lets us have one: it owns the same files.
as_user() { # uid, or nothing
  if [[ -z "$1" ]]; then
    return
  elif unshare --user --map-user="$1" --map-group="$1" true 2>/dev/null; then
    echo "unshare --user --map-user=$1 --map-group=$1"
  else
    echo "· no user namespace here: uid $1 is not tried" >&2
  fi
}

one() { # name umask timezone locale uid
  local folder="$work/$1/checkout-$1" out="$work/$1/enclave.eif"
  mkdir -p "$folder" "$work/$1/cache"
  umask "$2"
  git -C "$repository" archive "$commit" | tar -x -C "$folder"
  # The same installed packages, as links: npm ci checks them against the lockfile.
  cp -al "$repository/node_modules" "$folder/node_modules"
  (
    cd "$folder"
    export TZ=$3 LC_ALL=$4 NMP_CACHE="$work/$1/cache"
    kernel=$(NMP_CACHE="${KERNEL:+$NMP_CACHE}" bash -c 'export NMP_CACHE="${NMP_CACHE:-$0}"; bash scripts/image/kernel.sh' "$kernel_cache")
    # apt fetches nothing for a user of a namespace: the same packages, checked by their hashes.
    [[ -z "$5" ]] || cp -a "$work/first/cache/debian" "$NMP_CACHE/debian"
    # shellcheck disable=SC2046
    set -- $(as_user "$5")
    "$@" node_modules/.bin/node scripts/build.ts image
    "$@" node_modules/.bin/node scripts/image/eif.ts --kernel "$kernel" --out "$out"
  ) >"$work/$1/log" 2>&1 || { tail -n 20 "$work/$1/log" >&2; exit 1; }
  echo "· $1: $(sha256sum "$work/$1/enclave.eif" | cut -c 1-64)"
}

one first 022 UTC C.UTF-8 ''
one second 077 Pacific/Auckland C 4711
for name in enclave.eif pcrs.json sbom.json; do
  cmp "$work/first/$name" "$work/second/$name" || {
    node_modules/.bin/node client/cli/main.ts pcrs diff "$work/first/pcrs.json" "$work/second/pcrs.json" || true
    echo '0 passed, 1 failed'
    exit 1
  }
done
echo 'byte for byte the same: enclave.eif, pcrs.json, sbom.json'
echo '1 passed, 0 failed'
