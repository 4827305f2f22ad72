/** What a chain that was verified before may not excuse, and roots that only look like the pinned one. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createSimulatedNsm } from '../../../enclave/attest/simulated.ts';
import { createSimulatedRoot, type SimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import { ChainCache, type VerifiedChain } from '../../../shared/attestation/chain.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { decodeAttestationDocument } from '../../../shared/attestation/document.ts';
import { verifyAttestation } from '../../../shared/attestation/verify.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { ManualClock } from '../../support/clock.ts';

const crypto = createNodeVerifierCrypto();
const clock = new ManualClock();
const NOW = clock.nowMs();
const HOUR_MS = 3_600_000;
let root: SimulatedRoot;

beforeAll(async () => {
  root = await createSimulatedRoot({ clock, random: systemRandom });
});

const documentUnder = (anchor: SimulatedRoot) =>
  createSimulatedNsm(
    { clock, random: systemRandom },
    { root: anchor, pcrs: new Map([[0, new Uint8Array(48).fill(1)]]) },
  ).attest({});

async function codeOf(document: Uint8Array, cache: ChainCache, atMs = NOW): Promise<string> {
  const anchors = [{ id: 'pinned', kind: 'simulated' as const, der: root.certificate }];
  const report = await verifyAttestation({ crypto, cache }, document, { anchors, atMs });
  return report.checks.find((check) => check.status === 'fail')?.code ?? report.verdict;
}

describe('a cached chain', () => {
  it('makes room for a newer one', () => {
    const cache = new ChainCache(2);
    const chain = (anchorId: string) => ({ anchorId }) as unknown as VerifiedChain;
    for (const key of ['a', 'b', 'c']) cache.set(key, chain(key));
    expect(['a', 'b', 'c'].map((key) => cache.get(key) !== undefined)).toEqual([false, true, true]);
  });

  it('is looked at for its validity on every use', async () => {
    const cache = new ChainCache();
    const document = await documentUnder(root);
    expect(await codeOf(document, cache)).toBe('pass');
    expect(await codeOf(document, cache, NOW + 4 * HOUR_MS)).toBe(
      'ATTESTATION_CERTIFICATE_EXPIRED',
    );
    expect(await codeOf(document, cache, NOW - HOUR_MS)).toBe('ATTESTATION_CERTIFICATE_NOT_YET');
    expect(await codeOf(document, cache)).toBe('pass');
  });

  it('stands for exactly its own certificates', async () => {
    const cache = new ChainCache();
    const [one, two] = [await documentUnder(root), await documentUnder(root)];
    expect(await codeOf(one, cache)).toBe('pass');
    expect(await codeOf(two, cache)).toBe('pass');
    // A signature bit of the instance certificate, the last of the bundle: found by its bytes.
    const instance = decodeAttestationDocument(one).document.cabundle.at(-1);
    if (instance === undefined) throw new Error('no bundle');
    const broken = Uint8Array.from(one);
    const at = Buffer.from(one).indexOf(Buffer.from(instance)) + instance.length - 1;
    broken[at] = (broken[at] ?? 0) ^ 1;
    expect(await codeOf(broken, cache)).toBe('ATTESTATION_CERTIFICATE_SIGNATURE');
  });
});

describe('the pinned root', () => {
  it('is told from another of the same length and the same names', async () => {
    // The length varies with the signature inside: make roots until one is as long.
    for (let tries = 0; tries < 200; tries++) {
      const other = await createSimulatedRoot({ clock, random: systemRandom });
      if (other.certificate.length !== root.certificate.length) continue;
      expect(Buffer.from(other.certificate.subarray(0, 4))).toEqual(
        Buffer.from(root.certificate.subarray(0, 4)),
      );
      expect(await codeOf(await documentUnder(other), new ChainCache())).toBe('ATTESTATION_ROOT');
      return;
    }
    throw new Error('no root of the same length was made');
  });
});
