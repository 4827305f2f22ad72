import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../shared/attestation/certificate.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import {
  appendChecks,
  assertPassed,
  failed,
  firstFailure,
  passed,
  skipped,
  unreached,
  verdictOf,
} from '../../../shared/attestation/report.ts';
import { verifyAttestation } from '../../../shared/attestation/verify.ts';
import { codeOf } from '../../support/code-of.ts';
import { build, encodeCertificate, NOW, newDraft } from './adversary/draft.ts';

const crypto = createNodeVerifierCrypto();
const { bytes, root } = build();
const anchors = [{ id: 'root', kind: 'aws', der: root }] as const;
const judge = (document: Uint8Array) =>
  verifyAttestation({ crypto }, document, { anchors, atMs: NOW });

describe('a report', () => {
  it('lets what passed go on, and stops what failed with its first code', async () => {
    const good = await judge(bytes);
    expect(good.verdict).toBe('pass');
    expect(() => assertPassed(good)).not.toThrow();
    const changed = bytes.slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    const bad = await judge(changed);
    expect(codeOf(() => assertPassed(bad))).toBe('ATTESTATION_SIGNATURE');
  });

  it('names every check once, also those that were not reached', async () => {
    const ids = (await judge(bytes)).checks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const early = await judge(Uint8Array.of(0));
    expect(early.verdict).toBe('fail');
    expect(early.checks.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });
});

describe('a verdict', () => {
  const good = passed('chain', 'a', 'b');
  const bad = failed('nonce', 'ATTESTATION_NONCE', 'a', 'b');
  const unasked = skipped('age', 'c');

  it('is good if something was checked and nothing failed', () => {
    expect(verdictOf([])).toBe('fail');
    expect(verdictOf([good])).toBe('pass');
    expect(verdictOf([good, unasked])).toBe('pass');
    expect(verdictOf([good, bad])).toBe('fail');
    expect(verdictOf([bad, good])).toBe('fail');
  });

  it('changes with what is appended', async () => {
    const report = await judge(bytes);
    const longer = appendChecks(report, [bad]);
    expect(longer.verdict).toBe('fail');
    expect(longer.checks).toEqual([...report.checks, bad]);
    expect(report.verdict).toBe('pass');
    expect(appendChecks(report, [unasked]).verdict).toBe('pass');
    expect(firstFailure(longer)?.code).toBe('ATTESTATION_NONCE');
    expect(firstFailure(report)).toBeUndefined();
    // A report that fails without a failed check is none of ours.
    expect(firstFailure({ ...report, verdict: 'fail' })?.code).toBe('INTERNAL');
  });
});

it('each outcome of a check says what it must', () => {
  expect(passed('age', 'a', 'b')).toMatchObject({ expected: 'a', actual: 'b', remedy: '' });
  const bad = failed('age', 'ATTESTATION_STALE', 'a', 'b');
  expect(bad).toMatchObject({ code: 'ATTESTATION_STALE', expected: 'a', actual: 'b' });
  expect(bad.cause).not.toBe('');
  expect(bad.remedy).not.toBe('');
  expect(skipped('age', 'b')).toMatchObject({ status: 'skip', expected: 'not asked for' });
  expect(unreached('age', 'b')).toMatchObject({ status: 'skip', expected: 'not checked' });
});

/** Where the content of the TLV at `at` starts, and where the TLV ends (X.690, 8.1.3). */
function tlv(der: Uint8Array, at: number): readonly [content: number, end: number] {
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return [at + 2, at + 2 + first];
  const count = first & 0x7f;
  const length = der.subarray(at + 2, at + 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  return [at + 2 + count, at + 2 + count + length];
}

it('a certificate whose signature claims unused bits is refused', () => {
  const [certificate] = newDraft().certificates;
  const der = encodeCertificate(certificate!);
  const [body] = tlv(der, 0);
  const [, afterTbs] = tlv(der, body);
  const [, afterAlgorithm] = tlv(der, afterTbs);
  const [unused, end] = tlv(der, afterAlgorithm);
  expect([der[afterAlgorithm], der[unused], end]).toEqual([0x03, 0, der.length]);
  expect(() => parseCertificate(der)).not.toThrow();
  const changed = der.slice();
  changed[unused] = 1;
  // The bits that are said to be unused are zero, so that nothing else is wrong.
  changed[end - 1] = (changed[end - 1] ?? 0) & 0xfe;
  expect(codeOf(() => parseCertificate(changed))).toBe('ATTESTATION_CERTIFICATE_MALFORMED');
});
