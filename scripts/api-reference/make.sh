#!/bin/bash
# Writes the API reference to build/api. typedoc reads no TypeScript 7: it gets a 6 of its own, by its own
# lockfile, outside the repository; types are checked by the project's compiler (make check) and not here.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=scripts/api-reference
folder="${NMP_CACHE:-$HOME/.cache/nmp-enclave}/api-reference-$(sha256sum "$here/package-lock.json" | cut -c1-16)"
if [ ! -e "$folder/done" ]; then
  mkdir -p "$folder"
  cp "$here/package.json" "$here/package-lock.json" "$folder"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error
  touch "$folder/done"
fi
npx --no-install node "$folder/node_modules/typedoc/bin/typedoc" --options "$here/typedoc.json" --logLevel Error
echo 'build/api/index.html'
