/** The client as an application uses it, against local nodes. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  ErrorCode,
  NmpClient,
  NmpError,
  parseClientPolicy,
  type WatchdogEvent,
  type ZkReceipt,
} from '../../client/index.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { type LocalNode, startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const nothing = { type: 'object', properties: {}, additionalProperties: false };
const config = {
  version: 1,
  datasets: [
    {
      id: 'stays',
      format: 'ndjson',
      path: 'stays.ndjson',
      classification: 'restricted',
      columns: [
        { name: 'id', type: 'utf8' },
        { name: 'age', type: 'int32' },
      ],
    },
  ],
  capabilities: [
    {
      name: 'count',
      version: '1.0.0',
      datasets: [{ id: 'stays', columns: ['age'] }],
      input: nothing,
      output: { type: 'integer', minimum: 0, maximum: 100 },
    },
    {
      name: 'installed',
      version: '1.0.0',
      logic: { module: 'installed.wasm' },
      datasets: [],
      input: nothing,
      output: { type: 'integer', minimum: 0, maximum: 100 },
    },
  ],
};

const INFO = { name: 'test', version: '1.0.0' };
let nodes: readonly LocalNode[];
let client: NmpClient;
let peers: readonly string[];

beforeAll(async () => {
  nodes = await Promise.all(
    ['7', '7', '8'].map((answer) =>
      startLocal(config, {
        'stays.ndjson': '{"id":"a","age":1}\n'.repeat(11),
        'installed.wasm': constantModule(answer),
      }),
    ),
  );
  const policy = {
    ...nodes[0]?.policy,
    simulatedRoots: nodes.flatMap((node) => node.policy.simulatedRoots),
    releases: nodes.flatMap((node) => node.policy.releases),
  };
  client = new NmpClient(INFO, {
    capabilities: { quantumResistant: true },
    policy: parseClientPolicy(JSON.stringify(policy), 'test'),
    nodes: nodes.map(({ parent }) => parent.address),
  });
  const found: string[] = [];
  for (const { parent } of nodes) found.push(await client.connect(parent.address));
  peers = found;
});
afterAll(async () => {
  await client.close();
  await Promise.all(nodes.map((node) => node.stop()));
});

describe('the client of an application', () => {
  it('has a Peer ID of its own once it is connected', async () => {
    expect(client.peerId).toMatch(/^12D3Koo/);
    expect(peers).not.toContain(client.peerId);
    await using fresh = new NmpClient(INFO, { policy: nodes[0]?.policy ?? Object() });
    expect(() => fresh.peerId).toThrow('connect first');
    expect(await codeOfAsync(fresh.connect())).toBe('USAGE');
  });

  it('knows one cipher suite, and says so to who asks for less', () => {
    const policy = nodes[0]?.policy ?? Object();
    const weaker = { policy, capabilities: { quantumResistant: false } };
    expect(() => new NmpClient(INFO, weaker)).toThrow(NmpError);
    expect(() => new NmpClient({ name: '', version: '1' }, { policy })).toThrow(NmpError);
  });

  it('calls, and hands over evidence with the result', async () => {
    const tools = await client.discoverTools(peers[0] ?? '');
    expect(tools.map(({ name }) => name)).toEqual(['count', 'installed']);
    const { output, report, certificate } = await client.callTool(peers[0] ?? '', 'installed', {});
    expect(output).toBe(7);
    expect(report.verdict).toBe('pass');
    expect(certificate.length).toBeGreaterThan(100);
  });

  it('tells a violation of a capability by its code', async () => {
    const asking = client.run(peers[0] ?? '', {
      module: constantModule('1'),
      args: {},
      capability: 'count',
      datasets: [{ id: 'stays', columns: ['id'] }],
    });
    expect(await codeOfAsync(asking)).toBe(ErrorCode.CapabilityViolation);
  });

  it('takes no answer without a receipt where one is required', async () => {
    const options = { requireZkReceipt: true };
    const called = client.callTool(peers[0] ?? '', 'installed', {}, options);
    expect(await codeOfAsync(called)).toBe('CALL_PROOF_MODE');
  });

  it('judges a receipt that was kept, by the id of its program in hex or bytes', async () => {
    const none = new Uint8Array(32);
    const receipt: ZkReceipt = {
      bytes: Uint8Array.of(1, 2, 3),
      request: {
        imageId: none,
        nonce: none,
        fuel: 1n,
        arguments: none,
        inputSalt: none,
        inputCommitment: none,
        datasets: [],
        outputSalt: none,
        output: none,
        outcome: 'ok',
      },
    };
    const module = constantModule('1');
    for (const image of ['', 'zz', 'ab', new Uint8Array(31)]) {
      expect(await codeOfAsync(client.verifyZkReceipt(module, image, receipt))).toBe('USAGE');
    }
    for (const image of ['0'.repeat(64), none]) {
      const judged = client.verifyZkReceipt(module, image, receipt);
      expect(await codeOfAsync(judged)).toBe('RECEIPT_MALFORMED');
    }
  });

  it('releases what a quorum of nodes answers, and names who differs', async () => {
    const two = await client.callToolQuorum(peers, 'installed', {}, { agree: 2 });
    expect(two.output).toBe(7);
    expect([...two.answers.keys()]).toEqual(peers.slice(0, 2));
    expect([...two.dissent.keys()]).toEqual(peers.slice(2));
    expect(await codeOfAsync(client.callToolQuorum(peers, 'installed', {}))).toBe('QUORUM_FAILED');
    const request = { module: constantModule('5'), args: {}, capability: 'count' };
    expect((await client.runQuorum(peers, request)).answers.size).toBe(3);
  });

  it('watches a node', async () => {
    const seen = Promise.withResolvers<string | undefined>();
    const watchdog = client.deployWatchdog(peers[0] ?? '', 'first', ({ report }) =>
      seen.resolve(report?.verdict),
    );
    expect(await seen.promise).toBe('pass');
    watchdog.stop();
  });

  it('leaves logic with a node, and has every look judged', async () => {
    const events: WatchdogEvent[] = [];
    const ended = Promise.withResolvers<void>();
    const peer = peers[2] ?? '';
    const run = { module: constantModule('9'), args: {}, capability: 'count' };
    client.deployWatchdog(
      peer,
      'nine',
      (event) => {
        events.push(event);
        if (event.ended) ended.resolve();
      },
      { run, intervalMs: 1000, events: 3 },
    );
    await ended.promise;
    expect(events.map(({ look, answer, error }) => [look, answer?.output, error?.code])).toEqual([
      [1n, 9, undefined],
      [2n, 9, undefined],
      [3n, 9, undefined],
      [undefined, undefined, 'WATCH_ENDED'],
    ]);
    expect(events[0]?.answer?.report.verdict).toBe('pass');
    const certificates = events.map(({ answer }) => String(answer?.certificate));
    expect(new Set(certificates.slice(0, 3)).size).toBe(3);
  });

  it('is told at once that a watchdog may not be left', async () => {
    const peer = peers[0] ?? '';
    const tool = { tool: 'installed', args: {} };
    expect(await codeOfAsync(client.watch(peer, tool, { everyMs: 999 }))).toBe('WATCH_TRIGGER');
    const feeds = [];
    for (let i = 0; i < 4; i++) feeds.push(await client.watch(peer, tool));
    expect(await codeOfAsync(client.watch(peer, tool))).toBe('WATCH_LIMIT');
    for (const feed of feeds) feed.close();
    // What was taken away makes room, as soon as the node has seen it.
    const feed = await vi.waitFor(() => client.watch(peer, tool, { changes: true }), 10_000);
    const { look, answer } = await feed.next(AbortSignal.timeout(10_000));
    expect([look, answer?.output]).toEqual([1n, 7]);
    feed.close();
  });

  it('gives up when its caller does', async () => {
    const signal = AbortSignal.abort();
    const peer = peers[0] ?? '';
    for (const action of [
      () => client.connect(nodes[0]?.parent.address, { signal }),
      () => client.attest(peer, { signal }),
      () => client.callTool(peer, 'installed', {}, { signal }),
    ]) {
      expect(['TIMEOUT', 'INTERRUPTED', 'UNREACHABLE']).toContain(await codeOfAsync(action()));
    }
  });
});
