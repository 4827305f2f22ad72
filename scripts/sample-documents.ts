/**
 * Writes one good and five bad attestation documents under an own root, with a policy, for trying
 * `nmp verify` without hardware: node scripts/sample-documents.ts FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../shared/bytes.ts';
import {
  build,
  type Draft,
  fingerprint,
  NONCE,
  NOW,
  pcrValue,
  setField,
} from '../test/unit/attestation/adversary/draft.ts';
import { bstr, map, uint } from '../test/unit/attestation/adversary/encode.ts';

const folder = process.argv[2] ?? 'build/sample-documents';
mkdirSync(folder, { recursive: true });
const write = (name: string, content: Uint8Array | string) =>
  writeFileSync(join(folder, name), content);

const good = build();
const underSameRoot = (change: (draft: Draft) => void) =>
  build((draft) => {
    const [root] = draft.certificates;
    if (root !== undefined) root.whole = () => good.root;
    change(draft);
  }).bytes;
const pcrs = (value: (index: number) => Uint8Array) =>
  map(...[0, 1, 2].map((index) => [uint(index), bstr(value(index))] as const));
const changed = Uint8Array.from(good.bytes);
changed.set([(changed.at(-1) ?? 0) ^ 1], changed.length - 1);

write('root.der', good.root);
write('good.bin', good.bytes);
write('changed.bin', changed);
write('cut.bin', good.bytes.subarray(0, 2000));
write(
  'debug.bin',
  underSameRoot((draft) =>
    setField(
      draft,
      'pcrs',
      pcrs(() => new Uint8Array(48)),
    ),
  ),
);
write(
  'other-image.bin',
  underSameRoot((draft) =>
    setField(
      draft,
      'pcrs',
      pcrs((index) => pcrValue(index + 9)),
    ),
  ),
);
const [pcr0, pcr1, pcr2] = [0, 1, 2].map((index) => toHex(pcrValue(index)));
write(
  'policy.json',
  `${JSON.stringify({
    version: 1,
    releases: [{ name: 'node 1.2.0', pcr0, pcr1, pcr2 }],
    anchors: [fingerprint(good.root)],
  })}\n`,
);
process.stdout.write(`signed at ${new Date(NOW).toISOString()} with nonce ${toHex(NONCE)}\n`);
