#!/usr/bin/env bash
# Builds both profiles of the image and boots them on QEMU's nitro-enclave machine. Closes with one
# line of counts. Whatever it starts ends with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The slow parts are cached outside the repository, by version.
kernel=$(bash scripts/image/kernel.sh)
NMP_BOOT_TOOLS=$(bash scripts/image/qemu.sh)
export NMP_BOOT_TOOLS
npx --no-install node scripts/build.ts image
npx --no-install node scripts/image/eif.ts --kernel "$kernel"
# One image unsigned, the other signed: PCR8 is compared, too.
npx --no-install node test/support/write-signer.ts build/boot-signer
npx --no-install node scripts/image/eif.ts --kernel "$kernel" --profile sim --out build/enclave-sim.eif \
  --certificate build/boot-signer/signer.pem --key build/boot-signer/signer.key
npx --no-install node scripts/image/eif.ts --kernel "$kernel" --profile sim --out build/quic/enclave-sim.eif \
  --config test/support/quic/nmp.node.json

status=0
timeout 900 npx --no-install vitest run test/e2e/boot.test.ts test/e2e/boot-kms.test.ts test/e2e/boot-quic.test.ts \
  --no-file-parallelism --reporter=verbose --reporter=json --outputFile.json=build/boot.json || status=1
: >build/boot-cargo.txt
npx --no-install node scripts/count-tests.ts build/boot.json build/boot-cargo.txt || status=1
exit $status
