import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NmpClient } from '../../client/nmp-client.ts';
import { isNmpError } from '../../shared/errors.ts';
import { parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { descendants, type LocalNode, startLocal } from '../support/local-node.ts';
import { constantModule, endlessModule, trappingModule } from '../support/modules.ts';

/** Records that are in no repository; made here. */
const RECORDS = Array.from({ length: 40 }, (_, i) =>
  JSON.stringify({ id: `P-${1000 + i}`, ward: i % 2 === 0 ? 'north' : 'south', age: 20 + i }),
).join('\n');

const integer = { type: 'integer', minimum: 0, maximum: 1000 };
const answer = {
  type: 'object',
  properties: { n: integer },
  required: ['n'],
  additionalProperties: false,
};
const nothing = { type: 'object', properties: {}, additionalProperties: false };
const limits = { fuel: 100_000_000, deadlineMs: 20_000 };

const CONFIG = {
  version: 1,
  datasets: [
    {
      id: 'stays',
      format: 'ndjson',
      path: 'stays.ndjson',
      classification: 'restricted',
      columns: [
        { name: 'id', type: 'utf8' },
        { name: 'ward', type: 'utf8' },
        { name: 'age', type: 'int32' },
      ],
    },
  ],
  capabilities: [
    {
      name: 'count',
      version: '1.2.3',
      datasets: [{ id: 'stays', columns: ['ward', 'age'] }],
      input: nothing,
      output: answer,
      limits,
    },
    {
      name: 'installed',
      version: '1.0.0',
      logic: { module: 'installed.wasm' },
      datasets: [],
      input: {
        ...nothing,
        properties: { year: { type: 'integer', minimum: 2000, maximum: 2100 } },
      },
      output: answer,
      limits,
    },
    {
      name: 'long',
      version: '1.0.0',
      datasets: [],
      input: nothing,
      output: answer,
      limits: { fuel: 1_000_000_000_000, deadlineMs: 20_000 },
    },
  ],
};

let node: LocalNode;
let client: NmpClient;
let peer: string;

beforeAll(async () => {
  node = await startLocal(CONFIG, {
    'stays.ndjson': RECORDS,
    'installed.wasm': constantModule('{"n":7}'),
  });
  client = node.client();
  peer = await client.connect(node.parent.address);
});
afterAll(async () => {
  await client.close();
  await node.stop();
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isNmpError(error)) return error.code;
    throw error;
  }
  return 'released';
}

const run = (module: Uint8Array, more: object = {}) =>
  client.run(peer, { module, args: {}, capability: 'count', ...more });

describe('a call in local mode', () => {
  it('releases an honest answer with every check passed, marked as simulated', async () => {
    const { output, report } = await run(constantModule('{ "n" : 5 }'));
    expect(output).toEqual({ n: 5 });
    expect(report.verdict).toBe('pass');
    expect(report.simulated).toBe(true);
    const ids = report.checks.filter((check) => check.status === 'pass').map((check) => check.id);
    expect(ids).toEqual(
      expect.arrayContaining([
        'chain',
        'signature',
        'pcrs',
        'nonce',
        'binding',
        'module-hash',
        'certificate',
        'egress',
      ]),
    );
  });

  it('calls a module installed at the node, by name and by version', async () => {
    expect((await client.callTool(peer, 'installed', { year: 2026 })).output).toEqual({ n: 7 });
    expect((await client.callTool(peer, 'installed@1.0.0', {})).output).toEqual({ n: 7 });
  });

  it('finds the node by what it can do, and only by that', async () => {
    const [capability] = await client.discoverTools(peer);
    if (capability === undefined) throw new Error('no capability');
    const first = async (wanted: typeof capability) => {
      for await (const { peer: found, addresses } of client.discover(wanted, {
        timeoutMs: 10_000,
      })) {
        return { found, addresses };
      }
      return undefined;
    };
    const found = await first(capability);
    expect(found?.found).toBe(peer);
    expect(found?.addresses.join()).toContain('/tcp/');
    expect(
      await first({ ...capability, name: 'something-else' }).catch(() => undefined),
    ).toBeUndefined();
  });

  it('finds a provider that proves itself, connects and calls it', async () => {
    const fresh = node.client();
    const [capability] = await client.discoverTools(peer);
    if (capability === undefined) throw new Error('no capability');
    await fresh.connect(node.parent.address);
    const found = await fresh.find(capability, { timeoutMs: 10_000 });
    expect(found).toBe(peer);
    expect((await fresh.callTool(found, 'installed', {})).output).toEqual({ n: 7 });
    const nowhere = fresh.find({ ...capability, name: 'nowhere' }, { timeoutMs: 10_000 });
    expect(await codeOf(nowhere)).toBe('UNREACHABLE');
    await fresh.close();
  });

  it('carries many calls at once over one session', async () => {
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, i) => run(constantModule(`{"n":${i}}`))),
    );
    expect(answers.map(({ output }) => output)).toEqual(
      Array.from({ length: 32 }, (_, i) => ({ n: i })),
    );
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'a capability that is not there',
      () => run(constantModule('1'), { capability: 'none' }),
      'CALL_CAPABILITY',
    ],
    [
      'shipped logic where a module is installed',
      () => run(constantModule('1'), { capability: 'installed' }),
      'CALL_CAPABILITY',
    ],
    [
      'arguments beyond the schema',
      () => client.callTool(peer, 'installed', { year: 1 }),
      'CALL_ARGUMENTS',
    ],
    ['unknown arguments', () => client.callTool(peer, 'installed', { x: 1 }), 'CALL_ARGUMENTS'],
    [
      'a column that is not granted',
      () => run(constantModule('{"n":1}'), { datasets: [{ id: 'stays', columns: ['id'] }] }),
      'CALL_GRANT',
    ],
    [
      'a dataset that is not granted',
      () => run(constantModule('{"n":1}'), { datasets: [{ id: 'other' }] }),
      'CALL_GRANT',
    ],
    [
      'a column twice',
      () =>
        run(constantModule('{"n":1}'), { datasets: [{ id: 'stays', columns: ['age', 'age'] }] }),
      'CALL_GRANT',
    ],
    ['bytes that are no module', () => run(new Uint8Array(100)), 'GUARDIAN_REJECTED'],
    ['a module that traps', () => run(trappingModule()), 'SANDBOX_TRAP'],
    ['an endless module', () => run(endlessModule()), 'SANDBOX_FUEL'],
    ['an answer beyond its schema', () => run(constantModule('{"n":1001}')), 'EGRESS_BLOCKED'],
    ['an answer with another key', () => run(constantModule('{"n":1,"x":2}')), 'EGRESS_BLOCKED'],
    ['an answer that is no JSON', () => run(constantModule('hello')), 'EGRESS_BLOCKED'],
    [
      'a proof mode that is not offered',
      () =>
        client.run(
          peer,
          { module: constantModule('{"n":1}'), args: {}, capability: 'count' },
          { proofMode: 'stark-composite' },
        ),
      'CALL_PROOF_MODE',
    ],
  ])('refuses %s', async (_name, action, code) => {
    expect(await codeOf(action())).toBe(code);
  });

  it('serves exactly the columns asked for', async () => {
    const { output } = await run(constantModule('{"n":1}'), {
      datasets: [{ id: 'stays', columns: ['age'] }],
    });
    expect(output).toEqual({ n: 1 });
  });

  it('refuses simulated evidence unless the policy names its root', async () => {
    const { pcrs } = node.parent.ready;
    for (const [policy, code] of [
      [{ version: 1, releases: [pcrs] }, 'ATTESTATION_SIMULATED'],
      [{ version: 1, releases: [pcrs], simulatedRoots: ['0'.repeat(64)] }, 'ATTESTATION_SIMULATED'],
      [
        {
          version: 1,
          releases: [{ ...pcrs, pcr0: '0'.repeat(96) }],
          simulatedRoots: [node.parent.ready.simulatedRoot],
        },
        'ATTESTATION_PCR_UNKNOWN',
      ],
    ] as const) {
      const strict = node.client({ policy: parseClientPolicy(JSON.stringify(policy), 'test') });
      const at = await strict.connect(node.parent.address);
      const request = { module: constantModule('{"n":1}'), args: {}, capability: 'count' };
      expect(await codeOf(strict.run(at, request))).toBe(code);
      await strict.close();
    }
  });

  it('times out with a code, and the node goes on', async () => {
    const slow = client.run(
      peer,
      { module: endlessModule(), args: {}, capability: 'long' },
      { timeoutMs: 300 },
    );
    expect(await codeOf(slow)).toBe('TIMEOUT');
    expect((await run(constantModule('{"n":2}'))).output).toEqual({ n: 2 });
  });

  it('survives the death of the sandbox in mid-call', async () => {
    const running = client.run(peer, { module: endlessModule(), args: {}, capability: 'long' });
    const outcome = codeOf(running);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const pid of await descendants('nmp-sandbox')) process.kill(pid, 'SIGKILL');
    expect(await outcome).toBe('SANDBOX_LOST');
    expect((await run(constantModule('{"n":3}'))).output).toEqual({ n: 3 });
  });

  it('survives the death of the node in mid-call: coded error, then a new node answers', async () => {
    const running = client.run(peer, { module: endlessModule(), args: {}, capability: 'long' });
    const outcome = codeOf(running);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const pid of await descendants('enclave/main')) process.kill(pid, 'SIGKILL');
    expect(await outcome).toBe('CONNECTION_LOST');
    // The parent starts it again; until then there are coded errors only.
    let last = '';
    for (let tries = 0; tries < 60 && last !== 'released'; tries++) {
      last = await codeOf(run(constantModule('{"n":4}')));
      if (last !== 'released') {
        expect(['UNREACHABLE', 'CONNECTION_LOST', 'TIMEOUT', 'SESSION_UNKNOWN']).toContain(last);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
    expect(last).toBe('released');
  });

  it('leaves nothing running and no address open when it stops', async () => {
    const other = await startLocal({ version: 1, datasets: [], capabilities: [] });
    const { address } = other.parent;
    await other.stop();
    const late = node.client();
    expect(await codeOf(late.connect(address, { timeoutMs: 5000 }))).toBe('UNREACHABLE');
    await late.close();
  });

  it('names file, place and remedy of a configuration error', async () => {
    const text = await readFile(join(node.folder, 'nmp.node.json'), 'utf8');
    expect(text).toContain('"count"');
    const broken = startLocal({ version: 1, datasets: [], capabilities: [], typo: 1 });
    await expect(broken).rejects.toThrow(/nmp\.node\.json: \$\.typo: unknown key/);
  });
});
