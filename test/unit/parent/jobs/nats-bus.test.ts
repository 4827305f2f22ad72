import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createJobLink, type JobLink } from '../../../../enclave/prove/jobs/job-link.ts';
import { runProverRole } from '../../../../enclave/prove/jobs/prover-role.ts';
import { createRemoteProver } from '../../../../enclave/prove/jobs/remote-prover.ts';
import { createDialProxy } from '../../../../parent/dial-proxy/dial-proxy.ts';
import type { JobBus } from '../../../../parent/jobs/job-bus.ts';
import { serveJobLink } from '../../../../parent/jobs/job-relay.ts';
import { connectNats } from '../../../../parent/jobs/nats-bus.ts';
import { systemClock, systemRandom } from '../../../../shared/runtime.ts';
import { createSealVerifier } from '../../../sim/seal.ts';
import { codeOfAsync } from '../../../support/code-of.ts';
import {
  DOUBLE_IMAGE,
  doubleProver,
  doubleQuote,
  doubleReceipt,
  type Proving,
} from '../../../support/double-prover.ts';
import { type TestEnclave, testEnclave, testRoot } from '../../../support/enclaves.ts';
import { type NatsServer, startNats, withoutNats } from '../../../support/nats-server.ts';

const LEASE_MS = 1_000;
const cleanups: (() => unknown)[] = [];
let server: NatsServer;
let node: TestEnclave;
let prover: TestEnclave;

/** A parent with its dial proxy, and the link of an enclave to it. */
async function parentOf(): Promise<{ bus: JobBus; link: JobLink; kill: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-jobs-'));
  const bus = await connectNats({ servers: server.url, leaseMs: LEASE_MS });
  const proxy = createDialProxy({
    services: new Map([['proof-jobs:1', (stream) => serveJobLink(bus, stream)]]),
  });
  const dialPath = join(folder, 'dial.sock');
  await proxy.start(dialPath);
  const link = createJobLink({ random: systemRandom }, { dialPath, retryMs: 50 });
  const kill = async () => {
    link.stop();
    await proxy.stop();
    await bus.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  cleanups.push(kill);
  return { bus, link, kill };
}

async function startProver(onProve: (proving: Proving) => void) {
  const { link, kill } = await parentOf();
  const stop = new AbortController();
  cleanups.push(() => stop.abort());
  void runProverRole(
    { ...prover, broker: link, prover: doubleProver(onProve) },
    { leaseMs: LEASE_MS },
    stop.signal,
  );
  return { kill };
}

async function startNode() {
  const { link } = await parentOf();
  return createRemoteProver(
    {
      ...node,
      broker: link,
      local: doubleProver(() => undefined),
      seals: await createSealVerifier(),
      imageOf: async () => DOUBLE_IMAGE,
      availableMemory: () => 0,
    },
    { leaseMs: LEASE_MS, waitMs: 10_000, fallback: 'refuse' },
  );
}

const request = (byte: number, length = 100) => new Uint8Array(length).fill(byte);
const never = new AbortController().signal;

describe.skipIf(withoutNats !== undefined)(`proof jobs over NATS ${withoutNats ?? ''}`, () => {
  beforeAll(async () => {
    server = await startNats();
    const root = await testRoot(systemClock);
    node = await testEnclave(root, 1, {}, systemClock);
    prover = await testEnclave(root, 1, {}, systemClock);
  });
  afterAll(() => server?.stop());
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  it('come back, each from one prover, also those of the longest request', async () => {
    const seen: number[] = [];
    const onProve = (proving: Proving) => {
      seen.push(proving.request[0] ?? 0);
      setTimeout(() => proving.done(), 20);
    };
    await startProver(onProve);
    await startProver(onProve);
    const remote = await startNode();
    const requests = [request(1), request(2), request(3, 8 * 1024 * 1024), request(4)];
    const receipts = await Promise.all(
      requests.map((one) => remote.prove(one, never, () => undefined, doubleQuote(one))),
    );
    expect(receipts).toEqual(requests.map((one) => doubleReceipt(one)));
    expect(seen.toSorted()).toEqual([1, 2, 3, 4]);
  }, 60_000);

  it('are taken over by another prover when one dies with its parent', async () => {
    const started = Promise.withResolvers<void>();
    const first = await startProver(() => started.resolve());
    const remote = await startNode();
    const receipt = remote.prove(request(5), never, () => undefined, doubleQuote(request(5)));
    await started.promise;
    await first.kill();
    await startProver((proving) => proving.done());
    expect(await receipt).toEqual(doubleReceipt(request(5)));
  }, 60_000);

  it('are delivered again when a prover dies with an offer that it has not bid for', async () => {
    const idle = await parentOf();
    const remote = await startNode();
    const receipt = remote.prove(request(6), never, () => undefined, doubleQuote(request(6)));
    await idle.link.take(AbortSignal.timeout(5_000));
    await idle.kill();
    await startProver((proving) => proving.done());
    expect(await receipt).toEqual(doubleReceipt(request(6)));
  }, 60_000);

  it('leave no offer behind', async () => {
    const remote = await startNode();
    const { jetstreamManager } = await import('@nats-io/jetstream');
    const { connect } = await import('@nats-io/transport-node');
    const watcher = await connect({ servers: server.url });
    cleanups.push(() => watcher.close());
    const manager = await jetstreamManager(watcher);
    const waiting = async () => (await manager.streams.info('nmp-proof-offers')).state.messages;
    const cancel = new AbortController();
    const ended = remote.prove(request(7), cancel.signal, () => undefined, doubleQuote(request(7)));
    while ((await waiting()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    cancel.abort();
    expect(await codeOfAsync(ended)).toBe('INTERRUPTED');
    while ((await waiting()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }, 30_000);

  it('share one queue, whatever lease each parent has; the longest counts', async () => {
    const { jetstreamManager } = await import('@nats-io/jetstream');
    const { connect, nanos } = await import('@nats-io/transport-node');
    const watcher = await connect({ servers: server.url });
    cleanups.push(() => watcher.close());
    const manager = await jetstreamManager(watcher);
    for (const leaseMs of [LEASE_MS, 5_000, 2_000]) {
      const bus = await connectNats({ servers: server.url, leaseMs });
      await bus.stop();
    }
    const { config } = await manager.consumers.info('nmp-proof-offers', 'provers');
    expect(config.ack_wait).toBe(nanos(5_000));
    // As the other tests have it.
    await manager.consumers.update('nmp-proof-offers', 'provers', { ack_wait: nanos(LEASE_MS) });
  });

  it('say that there is no server', async () => {
    const nowhere = connectNats({ servers: 'nats://127.0.0.1:9', leaseMs: LEASE_MS });
    expect(await codeOfAsync(nowhere)).toBe('JOBS_UNREACHABLE');
  }, 30_000);
});
