import { describe, expect, it } from 'vitest';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { earOf } from '../../../shared/attestation/ear.ts';
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
