import { webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createNodeVerifierCrypto } from '../../../../shared/attestation/crypto-node.ts';
import { createWebVerifierCrypto } from '../../../../shared/attestation/crypto-web.ts';
import { verifyAttestation } from '../../../../shared/attestation/verify.ts';
import { concat } from '../../../../shared/bytes.ts';
import {
  build,
  type Draft,
  fingerprint,
  indefinite,
  NONCE,
  pcrMap,
  removeField,
  setField,
} from './draft.ts';
import { array, bstr, extension, hex, NULL, OID } from './encode.ts';
import { POLICY } from './policy.ts';
import { STRUCTURE } from './structure.ts';
import { TRUST } from './trust.ts';

const node = createNodeVerifierCrypto();
const web = createWebVerifierCrypto(webcrypto.subtle as unknown as SubtleCrypto);
const ALL = [...STRUCTURE, ...TRUST, ...POLICY];
const N = BigInt(
  '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
);

async function codes(change: (draft: Draft) => unknown, crypto = node) {
  const { bytes, init } = build(change);
  const report = await verifyAttestation({ crypto }, bytes, init);
  expect(report.verdict).toBe(report.checks.some((c) => c.status === 'fail') ? 'fail' : 'pass');
  return report.checks.flatMap((check) => (check.code === undefined ? [] : [check.code]));
}

/** s and n − s both verify: a signature is no identity. */
function highS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(48)).toString('hex')}`);
  return concat(signature.subarray(0, 48), hex((N - s).toString(16).padStart(96, '0')));
}

const tagged = (items: readonly Uint8Array[]) => concat(hex('d2'), array(...items));

describe('a document under an own root', () => {
  it('counts its adversaries', () => {
    expect(new Set(ALL.map((vector) => vector.name)).size).toBe(ALL.length);
    expect(ALL.length).toBeGreaterThanOrEqual(120);
  });

  const accepted: readonly (readonly [string, (draft: Draft) => unknown])[] = [
    ['as a genuine module writes it', () => undefined],
    ['under one tag 18', (d) => Object.assign(d, { outer: tagged })],
    ['with an indefinite payload map', (d) => Object.assign(d, { payload: indefinite })],
    ['with the other s', (d) => Object.assign(d, { signature: highS })],
    ['without public_key', (d) => removeField(d, 'public_key')],
    ['with public_key empty', (d) => setField(d, 'public_key', hex('40'))],
    ['with public_key of 1024 bytes', (d) => setField(d, 'public_key', bstr(new Uint8Array(1024)))],
    ['with 17 PCRs', (d) => setField(d, 'pcrs', pcrMap(17))],
    ['with 32 PCRs', (d) => setField(d, 'pcrs', pcrMap(32))],
    ['with 3 PCRs', (d) => setField(d, 'pcrs', pcrMap(3))],
    ['with fields in another order', (d) => void d.fields.reverse()],
    [
      'with user_data of 1024 bytes',
      (d) => {
        setField(d, 'user_data', bstr(new Uint8Array(1024)));
        d.init.expected = { nonce: NONCE, userData: new Uint8Array(1024) };
      },
    ],
    [
      'without nonce where none was sent',
      (d) => {
        setField(d, 'nonce', NULL);
        d.init.expected = {};
      },
    ],
    [
      'with a subject key identifier',
      (d) =>
        void d.certificates[2]!.extensions.push(extension(OID.subjectKeyId, false, hex('040100'))),
    ],
    ['with a chain of root and leaf', shortChain],
    [
      'under a simulated root that the policy names',
      (d) => {
        const root = build().root;
        d.certificates[0]!.whole = () => root;
        d.policy.simulatedRoots = [fingerprint(root)];
        d.anchors = (der) => [{ id: 'simulated', kind: 'simulated', der }];
      },
    ],
  ];
  for (const [name, change] of accepted) {
    it(`is accepted ${name}`, async () => {
      expect(await codes(change)).toEqual([]);
      expect(await codes(change, web)).toEqual([]);
    });
  }

  for (const { name, code, change } of ALL) {
    it(`is refused: ${name}`, async () => {
      expect((await codes(change))[0]).toBe(code);
      expect((await codes(change, web))[0]).toBe(code);
    });
  }
});

function shortChain(draft: Draft): void {
  const leaf = draft.certificates[4]!;
  leaf.issuer = draft.certificates[0]!.subject;
  leaf.signer = draft.keys[0]!;
  draft.bundle = (all) => [all[0]!, all[4]!];
}
