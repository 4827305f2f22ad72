/**
 * The files of an image at work without a machine of their own: its bundle, its native parts and its
 * prover in a root that has nothing else, as a node and as a prover. The boots are `make test-boot` and
 * `make test-boot-proof`, whole proofs here `make image-proof`. The device is
 * simulated and the kernel is this machine's.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readStoredReceipt } from '../../client/cli/demo/receipt.ts';
import { loadReceiptVerifier } from '../../client/verify/receipts.ts';
import { createSimulatedNsm } from '../../enclave/attest/simulated.ts';
import {
  createSimulatedRoot,
  loadOrCreateSimulatedRoot,
} from '../../enclave/attest/simulated-root.ts';
import { imageContents } from '../../enclave/image/contents.ts';
import { type Parent, startParent } from '../../parent/main.ts';
import { type RoleParent, startRoleParent } from '../../parent/role.ts';
import { parseNodeConfig } from '../../shared/policy/node-config.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import { clientOf, EXAMPLES, ROOT } from '../support/boot.ts';
import { startNats, withoutNats } from '../support/nats-server.ts';
import { createRootedDriver, mayHaveRoot } from '../support/rooted.ts';

const NATIVE = join(ROOT, 'build', 'native');
const PROVER = join(NATIVE, 'nmp-zk-prover');
const EXAMPLE = join(EXAMPLES, 'receipt');
const WAIT_MS = 600_000;
/** Proofs take seconds on a machine with vectors and nothing else to do, and minutes on others. */
const PROVES = process.env.NMP_ZK_PROVE !== undefined;
const machine = { clock: systemClock, random: systemRandom };

describe.skipIf(!mayHaveRoot || !existsSync(PROVER))('the files of an image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-rooted-'));
  const running: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of running.splice(0).reverse()) await stop();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** An image of the example, changed so; and what starts it in either role. */
  async function imageOf(name: string, change: object, simulatedRoot?: string) {
    const place = join(folder, name);
    mkdirSync(place);
    const configFile = join(place, 'nmp.node.json');
    const example = JSON.parse(readFileSync(join(EXAMPLE, 'nmp.node.json'), 'utf8'));
    const listen = { host: '127.0.0.1', port: 0 };
    writeFileSync(configFile, JSON.stringify({ ...example, ...change, listen }));
    writeFileSync(join(place, 'payments.csv'), readFileSync(join(EXAMPLE, 'payments.csv')));
    const { application, boot } = await imageContents({
      root: ROOT,
      native: NATIVE,
      prover: PROVER,
      cache: process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
      config: configFile,
      profile: 'sim',
      version: '0.0.0',
      ...(simulatedRoot !== undefined && { simulatedRoot }),
    });
    const device = await createSimulatedRoot(machine);
    const pcrs = new Map([0, 1, 2].map((index) => [index, new Uint8Array(48).fill(index + 1)]));
    const driverOf = (role: string) =>
      createRootedDriver({
        contents: [...boot, ...application],
        folder: join(place, role),
        createNsm: () => createSimulatedNsm(machine, { root: device, pcrs }),
      });
    const config = parseNodeConfig(readFileSync(configFile, 'utf8'), configFile);
    const common = { config, configFile, stateDirectory: '' };
    return {
      node: async (nats?: string): Promise<Parent> => {
        const parent = await startParent({
          ...common,
          driver: driverOf('node'),
          ...(nats !== undefined && { nats: { servers: nats } }),
        });
        running.push(() => parent.stop());
        return parent;
      },
      prover: async (nats: string): Promise<RoleParent> => {
        const parent = await startRoleParent({
          ...common,
          role: { role: 'prover' },
          driver: driverOf('prover'),
          nats: { servers: nats },
        });
        running.push(() => parent.stop());
        return parent;
      },
    };
  }

  /** Asks for the proof of the example, which the client verifies before it gives the answer. */
  async function proven({ address, ready }: Parent) {
    const { module, request } = await readStoredReceipt(EXAMPLE);
    await using client = clientOf(ready, { receipts: loadReceiptVerifier });
    const { output, receipt } = await client.run(
      await client.connect(address),
      { module, args: {}, capability: 'sum-of-payments' },
      { proofMode: 'stark-composite', timeoutMs: WAIT_MS },
    );
    expect(output).toEqual(JSON.parse(Buffer.from(request.output).toString()));
    expect(receipt?.bytes.length).toBeGreaterThan(100_000);
  }

  it('attest and answer', { timeout: WAIT_MS }, async () => {
    const { address, ready } = await (await imageOf('answers', {})).node();
    const { module, request } = await readStoredReceipt(EXAMPLE);
    await using client = clientOf(ready);
    const peer = await client.connect(address);
    const call = { module, args: {}, capability: 'sum-of-payments' };
    const { output, report } = await client.run(peer, call, { timeoutMs: WAIT_MS });
    expect(output).toEqual(JSON.parse(Buffer.from(request.output).toString()));
    expect(report.verdict).toBe('pass');
  });

  it.skipIf(!PROVES)('prove a run by themselves', { timeout: WAIT_MS }, async () => {
    const image = await imageOf('alone', {});
    await proven(await image.node());
  });

  it.skipIf(!PROVES || withoutNats !== undefined)(
    'are a node and a prover for it, as the parents say, and measured alike',
    { timeout: WAIT_MS },
    async () => {
      const nats = await startNats();
      running.push(() => nats.stop());
      const root = join(folder, 'simulated-root');
      const { fingerprint } = await loadOrCreateSimulatedRoot(machine, root);
      const far = {
        provers: { waitMs: WAIT_MS, fallback: 'refuse' },
        peers: { simulatedRoots: [fingerprint] },
      };
      const image = await imageOf('far', far, root);
      const prover = await image.prover(nats.url);
      const node = await image.node(nats.url);
      expect(prover.ready).toMatchObject({ peerId: 'prover', pcrs: node.ready.pcrs });
      await proven(node);
    },
  );

  it.skipIf(withoutNats !== undefined)(
    'are no prover by a configuration that names none',
    { timeout: WAIT_MS },
    async () => {
      const image = await imageOf('none', {});
      await expect(image.prover('nats://127.0.0.1:1')).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
    },
  );
});
