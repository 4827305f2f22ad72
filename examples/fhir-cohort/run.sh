#!/bin/bash
# Cohort statistics over sealed FHIR resources, from nothing to a verified answer (docs/examples.md).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=build/fhir-cohort
rm -rf "$work" && mkdir -p "$work"
cp examples/fhir-cohort/nmp.node.json "$work"

# The data owner seals. Under a key file here; with --kms-key under AWS KMS.
(umask 077 && od -An -tx1 -N32 /dev/urandom | tr -d ' \n' > "$work/key")
seal() { npx nmp seal --id "$1" --format fhir-ndjson --dataset "examples/health/$2" --key-file "$work/key" --out "$work/$3" > /dev/null; }
seal patients Patient.ndjson patients.sealed
seal conditions Condition.ndjson conditions.sealed
seal blood_pressure Observation.ndjson blood-pressure.sealed

# The node opens them, into memory only.
npx nmp start --config "$work/nmp.node.json" --state "$work/state" --write-policy "$work/policy.json" --json > "$work/ready.json" &
node=$!
trap 'kill "$node" 2> /dev/null || true; wait "$node" 2> /dev/null || true' EXIT
until [ -s "$work/ready.json" ]; do kill -0 "$node"; sleep 0.2; done
address=$(sed -E 's/.*"address":"([^"]+)".*/\1/' "$work/ready.json")

# The researcher sends logic, and gets an answer with its evidence.
npx nmp build examples/logic/assembly/cohort-statistics.ts -o "$work/cohort.wasm" >&2
echo '{"condition":"59621000","year":2026}' > "$work/input.json"
npx nmp run --node "$address" --capability cohort-statistics --module "$work/cohort.wasm" --input "$work/input.json" --policy "$work/policy.json"
