#!/usr/bin/env bash
# Refuses another Node program than the pinned one. Only x86-64 Linux, where enclaves run, has a pin.
set -eu
cd "$(dirname "$0")/../.."
case "$(uname -sm)" in
  'Linux x86_64') ;;
  *) echo "no pinned hash of Node for $(uname -sm): not compared" >&2; exit 0 ;;
esac
wanted=$(sed -n "/^export const NODE/,/^}/s/.*sha256: '\([0-9a-f]\{64\}\)'.*/\1/p" enclave/image/pins.ts)
found=$(sha256sum "${1:-node_modules/node/bin/node}" | cut -d' ' -f1)
if [ -z "$wanted" ] || [ "$wanted" != "$found" ]; then
  echo "the installed Node program is not the pinned one: $found, not ${wanted:-(no pin found)}" >&2
  exit 1
fi
