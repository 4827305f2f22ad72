import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import {
  type ExecutionCertificate,
  openCertificate,
  signCertificate,
} from '../../../shared/receipt/certificate.ts';
import { commitTo, INPUT_LABEL, OUTPUT_LABEL } from '../../../shared/receipt/commitment.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { codeOf } from '../../support/code-of.ts';

const suites = [createNodeSuite(), createNobleSuite(systemRandom)];
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const key = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte);

const certificate: ExecutionCertificate = {
  version: 1,
  profile: 'nmp-wasm-v1',
  capability: 'count@1.0.0',
  capabilityDigest: fill(1),
  moduleHash: fill(2),
  inputCommitment: fill(3),
  outputCommitment: fill(4),
  datasets: [{ id: 'd', commitment: fill(5) }],
  guardianVerdict: fill(6),
  egressVerdict: fill(7),
  session: fill(8, 48),
  requestNonce: fill(9),
  fuelUsed: 2n ** 40n,
  issuedAtMs: 1_780_000_000_000n,
  simulated: true,
};
const signed = signCertificate(certificate, (message) =>
  Uint8Array.from(sign(null, message, privateKey)),
);

describe('the execution certificate', () => {
  it('comes back as it was signed, on both providers', () => {
    for (const suite of suites) expect(openCertificate(suite, signed, key)).toEqual(certificate);
  });

  it('is of this version, whoever signed another', () => {
    const later = { ...certificate, version: 2 } as unknown as ExecutionCertificate;
    const other = signCertificate(later, (message) =>
      Uint8Array.from(sign(null, message, privateKey)),
    );
    for (const suite of suites) {
      expect(codeOf(() => openCertificate(suite, other, key))).toBe('CERTIFICATE_MALFORMED');
    }
  });

  it('names the engine of a text, and is as it was without one', () => {
    const [suite] = suites;
    if (suite === undefined) throw new Error('no suite');
    const written = { ...certificate, engineHash: fill(10) };
    const text = signCertificate(written, (message) =>
      Uint8Array.from(sign(null, message, privateKey)),
    );
    expect(openCertificate(suite, text, key)).toEqual(written);
    expect(openCertificate(suite, signed, key)).not.toHaveProperty('engineHash');
    const short = signCertificate({ ...certificate, engineHash: fill(10, 31) }, (message) =>
      Uint8Array.from(sign(null, message, privateKey)),
    );
    expect(codeOf(() => openCertificate(suite, short, key))).toBe('CERTIFICATE_MALFORMED');
  });

  it('is refused with any bit changed, cut, extended or under another key', () => {
    const [suite] = suites;
    if (suite === undefined) throw new Error('no suite');
    for (let bit = 0; bit < signed.length * 8; bit += 5) {
      const changed = Uint8Array.from(signed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => openCertificate(suite, changed, key))).toMatch(/^CERTIFICATE_/);
    }
    expect(codeOf(() => openCertificate(suite, signed.subarray(1), key))).toBe(
      'CERTIFICATE_MALFORMED',
    );
    expect(codeOf(() => openCertificate(suite, Uint8Array.from([...signed, 0]), key))).toBe(
      'CERTIFICATE_MALFORMED',
    );
    expect(codeOf(() => openCertificate(suite, new Uint8Array(20_000), key))).toBe(
      'CERTIFICATE_MALFORMED',
    );
    expect(codeOf(() => openCertificate(suite, signed, fill(1)))).toBe('CERTIFICATE_SIGNATURE');
  });

  it('is refused where a signed field is missing or of the wrong size', () => {
    const [suite] = suites;
    if (suite === undefined) throw new Error('no suite');
    const resign = (change: Partial<ExecutionCertificate>) =>
      signCertificate({ ...certificate, ...change }, (m) =>
        Uint8Array.from(sign(null, m, privateKey)),
      );
    for (const change of [
      { session: fill(8, 47) },
      { moduleHash: fill(2, 33) },
      { profile: 'x'.repeat(65) },
    ]) {
      expect(codeOf(() => openCertificate(suite, resign(change), key))).toBe(
        'CERTIFICATE_MALFORMED',
      );
    }
  });

  it('has each field in its own size, up to its own length', () => {
    const [suite] = suites;
    if (suite === undefined) throw new Error('no suite');
    const code = (change: Partial<ExecutionCertificate>) =>
      codeOf(() =>
        openCertificate(
          suite,
          signCertificate({ ...certificate, ...change }, (message) =>
            Uint8Array.from(sign(null, message, privateKey)),
          ),
          key,
        ),
      );
    const digests = [
      ...(['capabilityDigest', 'moduleHash', 'inputCommitment', 'outputCommitment'] as const),
      ...(['guardianVerdict', 'egressVerdict', 'requestNonce', 'engineHash'] as const),
    ];
    for (const name of digests) {
      expect([name, code({ [name]: fill(1) })]).toEqual([name, undefined]);
      for (const length of [31, 33]) {
        expect([name, code({ [name]: fill(1, length) })]).toEqual([name, 'CERTIFICATE_MALFORMED']);
      }
    }
    const dataset = { id: 'i'.repeat(128), commitment: fill(1) };
    const many = (count: number) => Array.from({ length: count }, () => dataset);
    for (const good of [
      { profile: 'p'.repeat(64) },
      { capability: 'c'.repeat(192) },
      { datasets: many(64) },
      { datasets: [] },
      { fuelUsed: 0n, issuedAtMs: 0n, simulated: false },
    ]) {
      expect(code(good)).toBeUndefined();
    }
    for (const bad of [
      { capability: 'c'.repeat(193) },
      { datasets: many(65) },
      { datasets: [{ ...dataset, id: 'i'.repeat(129) }] },
      { datasets: [{ ...dataset, commitment: fill(1, 31) }] },
      { session: fill(8, 49) },
      { fuelUsed: -1n },
      { simulated: 1 as unknown as boolean },
    ]) {
      expect(code(bad)).toBe('CERTIFICATE_MALFORMED');
    }
  });

  it('commits with a salt and a label', () => {
    for (const suite of suites) {
      const one = commitTo(suite, INPUT_LABEL, fill(1), fill(2));
      expect(commitTo(suite, OUTPUT_LABEL, fill(1), fill(2))).not.toEqual(one);
      expect(commitTo(suite, INPUT_LABEL, fill(3), fill(2))).not.toEqual(one);
      expect(() => commitTo(suite, INPUT_LABEL, fill(1, 31), fill(2))).toThrow(RangeError);
    }
  });
});
