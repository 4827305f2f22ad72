import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Asked, judgeAnswer } from '../../../../client/verify/answer.ts';
import { passed } from '../../../../shared/attestation/report.ts';
import { utf8 } from '../../../../shared/bytes.ts';
import { createNodeSuite } from '../../../../shared/crypto/suite-node.ts';
import {
  type ExecutionCertificate,
  signCertificate,
} from '../../../../shared/receipt/certificate.ts';
import { commitTo, OUTPUT_LABEL } from '../../../../shared/receipt/commitment.ts';
import { LogicResponse } from '../../../../shared/wire/codec.ts';

const suite = createNodeSuite();
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const certificateKey = Uint8Array.from(
  publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
);
const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const OUTPUT = '{"count":3}';
const SALT = fill(20);

const attested = {
  report: {
    verdict: 'pass',
    mode: 'simulated',
    simulated: true,
    checkedAt: '2026-06-01T12:00:00.000Z',
    checks: [passed('parses', '', '')],
    document: {
      moduleId: 'module',
      timestamp: '2026-06-01T12:00:00.000Z',
      pcrs: {},
      publicKey: null,
      userData: null,
      nonce: null,
      payloadHash: '',
    },
  },
  statement: {
    version: 1,
    peerId: 'node',
    certificateKey,
    profile: 'nmp-wasm-v1',
    release: '0.1.0',
    guardianPolicy: fill(10),
    simulated: true,
    datasets: [{ id: 'd', rows: 3, columns: ['a'], commitment: fill(5) }],
    capabilities: [{ id: 'count@1.0.0', digest: fill(1) }],
  },
  transcript: fill(8, 48),
} as const;

const asked: Asked = {
  moduleHash: fill(2),
  capability: { id: 'count@1.0.0', digest: fill(1) },
  datasets: ['d'],
  requestNonce: fill(9),
};

const honest: ExecutionCertificate = {
  version: 1,
  profile: 'nmp-wasm-v1',
  capability: 'count@1.0.0',
  capabilityDigest: fill(1),
  moduleHash: fill(2),
  inputCommitment: fill(3),
  outputCommitment: commitTo(suite, OUTPUT_LABEL, SALT, utf8(OUTPUT)),
  datasets: [{ id: 'd', commitment: fill(5) }],
  guardianVerdict: fill(6),
  egressVerdict: fill(7),
  session: fill(8, 48),
  requestNonce: fill(9),
  fuelUsed: 5n,
  issuedAtMs: BigInt(Date.UTC(2026, 5, 1, 12, 0, 1)),
  simulated: true,
};

function judge(
  change: Partial<ExecutionCertificate> = {},
  answer: Partial<LogicResponse> = {},
  question: Partial<Asked> = {},
) {
  const proof = signCertificate({ ...honest, ...change }, (message) =>
    Uint8Array.from(sign(null, message, privateKey)),
  );
  const response = LogicResponse.decode(
    LogicResponse.encode({
      semanticEvidence: OUTPUT,
      cryptographicProof: Uint8Array.from(proof),
      outputSalt: SALT,
      inputSalt: fill(21),
      inputCommitment: fill(3),
      ...answer,
    }),
  );
  const report = judgeAnswer(suite, response, attested, { ...asked, ...question });
  const failures = report.checks.filter((check) => check.status === 'fail');
  expect(report.verdict).toBe(failures.length === 0 ? 'pass' : 'fail');
  return failures;
}

describe('the answer of a node', () => {
  it('is accepted if every field is as asked', () => {
    expect(judge()).toEqual([]);
    expect(judge({}, {}, { datasets: undefined })).toEqual([]);
  });

  const swaps: readonly (readonly [string, Partial<ExecutionCertificate>])[] = [
    ['output', { outputCommitment: fill(99) }],
    ['input', { inputCommitment: fill(99) }],
    ['request nonce', { requestNonce: fill(99) }],
    ['session', { session: fill(99, 48) }],
    ['profile', { profile: 'other' }],
    ['capability', { capability: 'count@2.0.0' }],
    ['capability', { capabilityDigest: fill(99) }],
    ['datasets', { datasets: [{ id: 'd', commitment: fill(99) }] }],
    ['datasets', { datasets: [{ id: 'e', commitment: fill(5) }] }],
    ['datasets', { datasets: [] }],
    ['engine', { engineHash: fill(99) }],
    ['time', { issuedAtMs: BigInt(Date.UTC(2026, 5, 1, 11, 54)) }],
    ['time', { issuedAtMs: 0n }],
    ['simulation', { simulated: false }],
  ];
  it.each(swaps)('is refused with another %s', (field, change) => {
    const [check, ...others] = judge(change);
    expect(check).toMatchObject({ id: 'certificate', code: 'CERTIFICATE_MISMATCH' });
    expect(check?.actual).toBe(`differs in ${field}`);
    expect(others).toEqual([]);
  });

  it('may be made up to five minutes before its attestation, by a clock that runs behind', () => {
    expect(judge({ issuedAtMs: BigInt(Date.UTC(2026, 5, 1, 11, 55)) })).toEqual([]);
    const [check] = judge({ issuedAtMs: BigInt(Date.UTC(2026, 5, 1, 11, 55) - 1) });
    expect(check?.actual).toBe('differs in time');
  });

  it('of a text is refused without its engine, or with another', () => {
    const text = { engineHash: fill(10) };
    expect(judge(text, {}, text)).toEqual([]);
    for (const change of [{}, { engineHash: fill(11) }]) {
      expect(judge(change, {}, text)).toMatchObject([{ actual: 'differs in engine' }]);
    }
  });

  it('is refused if another module ran', () => {
    expect(judge({ moduleHash: fill(99) })).toMatchObject([
      { id: 'module-hash', code: 'CERTIFICATE_MISMATCH' },
    ]);
  });

  it('is refused if the text, the salt or its length is another', () => {
    for (const answer of [
      { semanticEvidence: '{"count":4}' },
      { outputSalt: fill(99) },
      { outputSalt: fill(20, 31) },
      { inputSalt: new Uint8Array(0) },
    ]) {
      expect(judge({}, answer)).toMatchObject([{ actual: 'differs in output' }]);
    }
  });

  it('is refused without a certificate, or with one of another key', () => {
    const other = generateKeyPairSync('ed25519').privateKey;
    const stranger = signCertificate(honest, (message) =>
      Uint8Array.from(sign(null, message, other)),
    );
    for (const none of [new Uint8Array(0), Uint8Array.of(1, 2, 3)]) {
      expect(judge({}, { cryptographicProof: none })).toMatchObject([
        { id: 'certificate', code: 'CERTIFICATE_MALFORMED' },
      ]);
    }
    expect(judge({}, { cryptographicProof: Uint8Array.from(stranger) })).toMatchObject([
      { id: 'certificate', code: 'CERTIFICATE_SIGNATURE', actual: 'does not hold' },
    ]);
  });
});
