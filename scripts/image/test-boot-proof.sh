#!/usr/bin/env bash
# Builds an image with the prover, boots it on QEMU's nitro-enclave machine, and has it prove a run of
# a hundred rows. Closes with one line of counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The slow parts are cached outside the repository, by version.
kernel=$(bash scripts/image/kernel.sh)
NMP_BOOT_TOOLS=$(bash scripts/image/qemu.sh)
NMP_BOOT_PROOF=$PWD/build/proof
export NMP_BOOT_TOOLS NMP_BOOT_PROOF
bash native/zk/build.sh prover
npx --no-install node scripts/build.ts image
npx --no-install node scripts/image/eif.ts --kernel "$kernel" --profile sim \
  --config examples/receipt/nmp.node.json --out "$NMP_BOOT_PROOF/enclave-sim.eif"

status=0
timeout 3600 npx --no-install vitest run test/e2e/boot-proof.test.ts --reporter=verbose \
  --reporter=json --outputFile.json=build/boot-proof.json || status=1
: >build/boot-cargo.txt
npx --no-install node scripts/count-tests.ts build/boot-proof.json build/boot-cargo.txt || status=1
exit $status
