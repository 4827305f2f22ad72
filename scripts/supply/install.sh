#!/usr/bin/env bash
# Installs what the lockfile says and runs no install script but that of `node`, whose package fetches
# the program itself: by version only, so its hash is compared here with the one pinned in the image.
set -eu
cd "$(dirname "$0")/../.."
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
npm rebuild node --foreground-scripts --no-audit --no-fund --loglevel=error >&2
bash scripts/supply/pinned-node.sh
