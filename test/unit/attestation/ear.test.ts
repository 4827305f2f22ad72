import { describe, expect, it } from 'vitest';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { earOf } from '../../../shared/attestation/ear.ts';
import type {
  AttestationReport,
  Check,
  CheckId,
  DocumentFacts,
} from '../../../shared/attestation/report.ts';
import { verifyAttestation } from '../../../shared/attestation/verify.ts';
import { build, type Draft, fingerprint, pcrMap, setField } from './adversary/draft.ts';
import { bstr, map, uint } from './adversary/encode.ts';

const crypto = createNodeVerifierCrypto();
const VERIFIER = { developer: 'tests', build: '1' };
const POLICY_HASH = new Uint8Array(32).fill(1);

async function submodOf(change: (draft: Draft) => unknown, evidenceOnly = false) {
  const { bytes, init } = build(change);
  const { anchors, atMs } = init;
  const report = await verifyAttestation(
    { crypto },
    bytes,
    evidenceOnly ? { anchors, atMs } : init,
  );
  return earOf(report, VERIFIER, POLICY_HASH).submods['nitro-enclave'];
}

function simulated(draft: Draft): void {
  const root = build().root;
  draft.certificates[0]!.whole = () => root;
  draft.policy.simulatedRoots = [fingerprint(root)];
  draft.anchors = (der) => [{ id: 'simulated', kind: 'simulated', der }];
}

function debug(draft: Draft): void {
  const zero = bstr(new Uint8Array(48));
  setField(draft, 'pcrs', map(...[0, 1, 2].map((index) => [uint(index), zero] as const)));
  const pcr = '0'.repeat(96);
  draft.policy.releases = [{ pcr0: pcr, pcr1: pcr, pcr2: pcr }];
  draft.policy.allowDebug = true;
}

describe('a report as an attestation result', () => {
  it('affirms what was checked, and claims nothing of what was not', async () => {
    const submod = await submodOf(() => undefined);
    expect(submod['ear.status']).toBe('affirming');
    expect(submod['ear.trustworthiness-vector']).toEqual({
      'instance-identity': 2,
      configuration: 2,
      executables: 2,
      'file-system': 0,
      hardware: 2,
      'runtime-opaque': 2,
      'storage-opaque': 0,
      'sourced-data': 0,
    });
    expect(submod['ear.appraisal-policy-id']).toBe(
      'ni:///sha-256;AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE',
    );
    expect(submod['nmp.simulated']).toBe(false);
  });

  it('affirms nothing without a policy', async () => {
    const submod = await submodOf(() => undefined, true);
    expect(submod['ear.status']).toBe('none');
    expect(submod['ear.trustworthiness-vector'].executables).toBe(0);
  });

  const contraindicated: readonly (readonly [string, (draft: Draft) => unknown, object])[] = [
    [
      'a broken signature',
      (draft) => Object.assign(draft, { signature: () => new Uint8Array(96).fill(1) }),
      { hardware: 99, executables: 99, 'instance-identity': 99 },
    ],
    [
      'an unknown measurement',
      (draft) => setField(draft, 'pcrs', pcrMap(16, 1)),
      { executables: 96, hardware: 2 },
    ],
    ['a simulation that the policy takes', simulated, { hardware: 97, executables: 2 }],
    ['debug mode that the policy takes', debug, { 'runtime-opaque': 96 }],
  ];
  for (const [name, change, vector] of contraindicated) {
    it(`never affirms ${name}`, async () => {
      const submod = await submodOf(change);
      expect(submod['ear.status']).toBe('contraindicated');
      expect(submod['ear.trustworthiness-vector']).toMatchObject(vector);
    });
  }

  it('carries the nonce of the evidence and the time of the check', async () => {
    const { bytes, init } = build();
    const report = await verifyAttestation({ crypto }, bytes, init);
    const claims = earOf(report, VERIFIER);
    expect(claims.eat_nonce).toBe(Buffer.from(new Uint8Array(32).fill(7)).toString('base64url'));
    expect(claims.iat).toBe(init.atMs / 1000);
    expect(claims.submods['nitro-enclave']['ear.appraisal-policy-id']).toBeUndefined();
  });
});

/** An honest report, with statuses of some checks and facts of the document changed. */
async function claimsOf(
  statuses: Readonly<Partial<Record<CheckId, Check['status']>>>,
  over: Partial<AttestationReport> = {},
  facts: Partial<DocumentFacts> = {},
) {
  const { bytes, init } = build();
  const report = await verifyAttestation({ crypto }, bytes, init);
  const checks = report.checks.map((check) => ({
    ...check,
    status: statuses[check.id] ?? check.status,
  }));
  if (report.document === undefined) throw new Error('no document');
  const document = { ...report.document, ...facts };
  return earOf({ ...report, document, ...over, checks }, VERIFIER, POLICY_HASH);
}
const submodWith = async (...args: Parameters<typeof claimsOf>) =>
  (await claimsOf(...args)).submods['nitro-enclave'];

describe('each claim', () => {
  it.each<[CheckId, string]>([
    ['nonce', 'instance-identity'],
    ['age', 'instance-identity'],
    ['binding', 'instance-identity'],
    ['binding', 'configuration'],
    ['pcrs', 'executables'],
    ['release', 'executables'],
    ['authority', 'hardware'],
    ['not-debug', 'runtime-opaque'],
  ])('of %s decides %s', async (id, claim) => {
    const read = async (status: Check['status']) =>
      Reflect.get((await submodWith({ [id]: status }))['ear.trustworthiness-vector'], claim);
    expect(await read('pass')).toBe(2);
    expect(await read('skip')).toBe(0);
    expect(await read('fail')).toBe(96);
  });

  it.each(['parses', 'chain', 'signature'] as const)('falls with %s', async (id) => {
    for (const status of ['fail', 'skip'] as const) {
      const submod = await submodWith({ [id]: status });
      expect(submod['ear.status']).toBe('contraindicated');
      expect(submod['ear.trustworthiness-vector']).toEqual({
        'instance-identity': 99,
        configuration: 99,
        executables: 99,
        'file-system': 0,
        hardware: 99,
        'runtime-opaque': 99,
        'storage-opaque': 0,
        'sourced-data': 0,
      });
    }
  });

  it('of the whole is affirming only for hardware and program both', async () => {
    const status = async (...args: Parameters<typeof claimsOf>) =>
      (await submodWith(...args))['ear.status'];
    expect(await status({})).toBe('affirming');
    expect(await status({ pcrs: 'skip' })).toBe('none');
    expect(await status({ authority: 'skip' })).toBe('none');
    expect(await status({ nonce: 'skip' })).toBe('affirming');
    expect(await status({}, { verdict: 'fail' })).toBe('contraindicated');
    expect(await status({}, { simulated: true })).toBe('contraindicated');
  });

  it('of debug mode comes from all three registers', async () => {
    const [zero, one] = ['0'.repeat(96), `${'0'.repeat(95)}1`];
    const opaque = async (pcrs: DocumentFacts['pcrs']) =>
      (await submodWith({}, {}, { pcrs }))['ear.trustworthiness-vector']['runtime-opaque'];
    expect(await opaque({ 0: zero, 1: zero, 2: zero })).toBe(96);
    expect(await opaque({ 3: one })).toBe(96);
    for (const index of [0, 1, 2]) {
      expect(await opaque({ 0: zero, 1: zero, 2: zero, [index]: one })).toBe(2);
    }
  });
});

describe('an attestation result', () => {
  it('names the evidence and all its checks', async () => {
    const { bytes, init } = build();
    const report = await verifyAttestation({ crypto }, bytes, init);
    const submod = earOf(report, VERIFIER).submods['nitro-enclave'];
    expect(submod['nmp.evidence']).toBe(report.document?.payloadHash);
    expect(submod['nmp.pcrs']).toEqual(report.document?.pcrs);
    expect(Object.keys(submod['nmp.checks'])).toEqual(report.checks.map(({ id }) => id));
    expect(new Set(Object.values(submod['nmp.checks']))).toEqual(new Set(['pass']));
  });

  it('of what cannot be read says that it fails, and no more', async () => {
    const { init } = build();
    const claims = earOf(await verifyAttestation({ crypto }, Uint8Array.of(0), init), VERIFIER);
    const submod = claims.submods['nitro-enclave'];
    expect(submod['ear.status']).toBe('contraindicated');
    expect(submod['nmp.checks']).toMatchObject({ parses: 'fail', chain: 'skip' });
    expect([claims.eat_nonce, submod['nmp.evidence'], submod['nmp.pcrs']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('carries a nonce of 8 to 88 characters only', async () => {
    const nonce = async (bytes: number) =>
      (await claimsOf({}, {}, { nonce: 'ff'.repeat(bytes) })).eat_nonce?.length;
    expect(await nonce(5)).toBeUndefined();
    expect(await nonce(6)).toBe(8);
    expect(await nonce(66)).toBe(88);
    expect(await nonce(67)).toBeUndefined();
    expect((await claimsOf({}, {}, { nonce: null })).eat_nonce).toBeUndefined();
  });

  it('is dated in whole seconds', async () => {
    const { iat } = await claimsOf({}, { checkedAt: '2026-06-01T12:00:01.999Z' });
    expect(iat).toBe(Date.UTC(2026, 5, 1, 12, 0, 1) / 1000);
  });
});
