import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindStatement } from '../../../enclave/attest/bind-statement.ts';
import { createSimulatedNsm } from '../../../enclave/attest/simulated.ts';
import {
  createSimulatedRoot,
  loadOrCreateSimulatedRoot,
  type SimulatedRoot,
} from '../../../enclave/attest/simulated-root.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { decodeAttestationDocument } from '../../../shared/attestation/document.ts';
import { verifyAttestation } from '../../../shared/attestation/verify.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOfAsync } from '../../support/code-of.ts';

const suite = createNodeSuite();
const crypto = createNodeVerifierCrypto();
const HOUR_MS = 3_600_000;
let root: SimulatedRoot;

beforeAll(async () => {
  root = await createSimulatedRoot({ clock: new ManualClock(), random: systemRandom });
});

function setUp() {
  const clock = new ManualClock();
  const pcrs = new Map([0, 1, 2].map((i) => [i, new Uint8Array(48).fill(i + 1)] as const));
  const nsm = createSimulatedNsm({ clock, random: systemRandom }, { root, pcrs });
  const verdict = async (document: Uint8Array) => {
    const anchors = [{ id: 'test', kind: 'simulated' as const, der: root.certificate }];
    const init = { anchors, atMs: clock.nowMs() };
    const report = await verifyAttestation({ crypto }, document, init);
    return report.checks.find((check) => check.status === 'fail')?.code ?? report.verdict;
  };
  return { clock, nsm, verdict };
}

describe('the simulated NSM', () => {
  it('makes documents of the genuine shape that verify under its root', async () => {
    const { nsm, verdict } = setUp();
    const document = await nsm.attest({ nonce: new Uint8Array(32), userData: new Uint8Array(48) });
    expect(Buffer.from(document.subarray(0, 7)).toString('hex')).toBe('8444a1013822a0');
    expect(await verdict(document)).toBe('pass');
    const { document: fields } = decodeAttestationDocument(document);
    expect(fields.cabundle).toHaveLength(4);
    expect([...fields.pcrs.keys()]).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect(fields.publicKey).toBeUndefined();
    expect(fields.userData).toHaveLength(48);
  });

  it('never mixes chains when the first calls come at once', async () => {
    for (let round = 0; round < 5; round++) {
      const { nsm, verdict } = setUp();
      const documents = await Promise.all(Array.from({ length: 8 }, () => nsm.attest({})));
      documents.push(await nsm.attest({}));
      for (const document of documents) expect(await verdict(document)).toBe('pass');
    }
  });

  it('renews leaf and chain before they end', async () => {
    const { clock, nsm, verdict } = setUp();
    for (const hours of [0, 1, 2, 2.6, 10, 24, 200]) {
      clock.advance(hours * HOUR_MS);
      const documents = await Promise.all([nsm.attest({}), nsm.attest({})]);
      for (const document of documents) expect(await verdict(document)).toBe('pass');
    }
  });

  it('extends and locks PCRs as the device does', async () => {
    const { nsm } = setUp();
    const data = new Uint8Array(48).fill(9);
    const value = suite.sha384(new Uint8Array(48), data);
    expect(await nsm.extendPcr(16, data)).toEqual(value);
    expect(await nsm.describePcr(16)).toEqual({ locked: false, value });
    await nsm.lockPcr(16);
    expect(await codeOfAsync(nsm.extendPcr(16, data))).toBe('NSM_READ_ONLY_INDEX');
    expect(await codeOfAsync(nsm.extendPcr(0, data))).toBe('NSM_READ_ONLY_INDEX');
    const { document } = decodeAttestationDocument(await nsm.attest({}));
    expect(document.pcrs.get(16)).toEqual(value);
    expect(document.pcrs.size).toBe(17);
  });

  it('binds a statement for good', async () => {
    const { nsm } = setUp();
    const digest = new Uint8Array(48).fill(5);
    await bindStatement(nsm, digest);
    expect((await nsm.describe()).lockedPcrs).toHaveLength(32);
    expect(await codeOfAsync(nsm.extendPcr(17, digest))).toBe('NSM_READ_ONLY_INDEX');
    expect(await codeOfAsync(bindStatement(nsm, digest))).toBe('NSM_READ_ONLY_INDEX');
  });

  it("refuses with the device's error names", async () => {
    const { nsm } = setUp();
    const long = new Uint8Array(1025);
    for (const request of [{ nonce: long }, { userData: long }, { publicKey: long }]) {
      expect(await codeOfAsync(nsm.attest(request))).toBe('NSM_INPUT_TOO_LARGE');
    }
    for (const range of [-1, 0, 1.5, Number.NaN, 33]) {
      expect(await codeOfAsync(nsm.lockPcrs(range))).toBe('NSM_INVALID_INDEX');
    }
    for (const index of [-1, 32, 0.5]) {
      expect(await codeOfAsync(nsm.describePcr(index))).toBe('NSM_INVALID_INDEX');
    }
    for (const length of [0, 257, Number.NaN]) {
      expect(await codeOfAsync(nsm.random(length))).toBe('NSM_INVALID_ARGUMENT');
    }
    expect(await codeOfAsync(nsm.extendPcr(16, new Uint8Array(0)))).toBe('NSM_INVALID_ARGUMENT');
  });
});

describe('the simulated root', () => {
  let folder: string;
  const components = { clock: new ManualClock(), random: systemRandom };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nmp-root-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is made once and kept, its key for its owner only', async () => {
    const state = join(folder, 'kept');
    const made = await loadOrCreateSimulatedRoot(components, state);
    const loaded = await loadOrCreateSimulatedRoot(components, state);
    expect(loaded.fingerprint).toBe(made.fingerprint);
    expect((await stat(join(state, 'simulated-root.key'))).mode & 0o777).toBe(0o600);
    expect(Buffer.from(made.certificate).toString('latin1')).toContain('SIMULATED');
  });

  it('refuses half a root, a foreign key and damaged files', async () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    await loadOrCreateSimulatedRoot(components, one);
    await loadOrCreateSimulatedRoot(components, two);
    await writeFile(
      join(one, 'simulated-root.key'),
      await readFile(join(two, 'simulated-root.key')),
    );
    expect(await codeOfAsync(loadOrCreateSimulatedRoot(components, one))).toBe('NSM_ROOT');
    await writeFile(join(one, 'simulated-root.key'), 'junk');
    expect(await codeOfAsync(loadOrCreateSimulatedRoot(components, one))).toBe('NSM_ROOT');
    await rm(join(two, 'simulated-root.der'));
    expect(await codeOfAsync(loadOrCreateSimulatedRoot(components, two))).toBe('NSM_ROOT');
  });
});
