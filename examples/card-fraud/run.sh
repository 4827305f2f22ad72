#!/bin/bash
# Fraud counts with differential privacy, until the budget is spent (docs/examples.md).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=build/card-fraud
rm -rf "$work" && mkdir -p "$work"
sed 's#"\.\./finance/#"../../examples/finance/#' examples/card-fraud/nmp.node.json > "$work/nmp.node.json"

# The bank installs the logic: only then is it known how much one payment can change an answer.
npx nmp build examples/logic/assembly/fraud-counts.ts -o "$work/fraud-counts.wasm" >&2
npx nmp start --config "$work/nmp.node.json" --state "$work/state" --write-policy "$work/policy.json" --json > "$work/ready.json" &
node=$!
trap 'kill "$node" 2> /dev/null || true; wait "$node" 2> /dev/null || true' EXIT
until [ -s "$work/ready.json" ]; do kill -0 "$node"; sleep 0.2; done
address=$(sed -E 's/.*"address":"([^"]+)".*/\1/' "$work/ready.json")

ask() {
  echo "{\"category\":\"$1\",\"minimumAmount\":0}" > "$work/input.json"
  npx nmp call --node "$address" --capability fraud-counts --input "$work/input.json" --policy "$work/policy.json"
}
for category in online travel electronics; do ask "$category"; done

# Three answers at epsilon 0.5 spend the 1.5 that the owner allows, whoever asks: the fourth is refused.
code=0
ask cash || code=$?
[ "$code" = 4 ] || { echo "expected a refusal (exit 4), got $code" >&2; exit 1; }
