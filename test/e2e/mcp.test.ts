/** What a language model's host sees: a scripted session over stdio against a local node. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalNode, startLocal } from '../support/local-node.ts';
import { connectHost, type Era, type Host, withoutAuditId } from '../support/mcp-host.ts';
import { constantModule } from '../support/modules.ts';

const RECORDS = Array.from({ length: 40 }, (_, i) =>
  JSON.stringify({ id: `P-${1000 + i}`, ward: i % 2 === 0 ? 'north' : 'south', age: 20 + i }),
).join('\n');

const object = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const limits = { fuel: 100_000_000, deadlineMs: 20_000 };
const count = object({ n: { type: 'integer', minimum: 0, maximum: 1000 } }, ['n']);

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
      name: 'count-stays',
      version: '1.0.0',
      description: 'How many stays there were in a ward.',
      datasets: [{ id: 'stays', columns: ['id', 'ward', 'age'] }],
      input: object({ ward: { type: 'string', enum: ['north', 'south'] } }),
      output: count,
      limits,
    },
    {
      name: 'installed',
      version: '1.0.0',
      logic: { module: 'installed.wasm' },
      datasets: [],
      input: object({}),
      output: count,
      limits,
    },
  ],
};

const HONEST = `import { Input, JsonObject } from 'nmp';
export function run(input: Input): JsonObject {
  const stays = input.table('stays');
  const wards = stays.texts('ward');
  let n = 0;
  for (let i = 0; i < stays.rows; i++) if (wards.is(i, input.arguments['ward'].text)) n++;
  return new JsonObject().set('n', n);
}`;

/** Each tries to hand over the first record's id by another way. */
const LEAKS: Readonly<Record<string, string>> = {
  'direct output': "return new JsonObject().set('n', id);",
  'a key name': "return new JsonObject().set('n', 1).set(id, 1);",
  'a size': "return new JsonObject().set('n', 1).set('pad', 'x'.repeat(id.charCodeAt(2)));",
  'a large size': "return new JsonObject().set('n', 1).set('pad', 'x'.repeat(100000));",
  'a number out of range': "return new JsonObject().set('n', 1000 + id.charCodeAt(2));",
  'error text': 'throw new Error(id);',
  'running out of fuel': "while (id.length > 0) {} return new JsonObject().set('n', 1);",
  'running out of memory':
    "let all = id; while (all.length > 0) all = all + all; return new JsonObject().set('n', 1);",
};
const leaking = (body: string) => `import { Input, JsonObject } from 'nmp';
export function run(input: Input): JsonObject {
  const id: string = input.table('stays').texts('id')[0];
  ${body}
}`;

let node: LocalNode;
let folder: string;

beforeAll(async () => {
  node = await startLocal(CONFIG, {
    'stays.ndjson': RECORDS,
    'installed.wasm': constantModule('{"n":7}'),
  });
  folder = await mkdtemp(join(tmpdir(), 'nmp-mcp-'));
  await mkdir(join(folder, 'logic'));
  await writeFile(join(folder, 'policy.json'), JSON.stringify(node.policy));
  await writeFile(join(folder, 'logic', 'five.wasm'), constantModule('{"n":5}'));
  await writeFile(join(folder, 'outside.wasm'), constantModule('{"n":6}'));
});
afterAll(async () => {
  await node.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startHost(era: Era, more: readonly string[] = []): Promise<Host> {
  const options = {
    '--node': node.parent.address,
    '--policy': join(folder, 'policy.json'),
    '--trust': join(folder, `trust-${era}.json`),
    '--logic': join(folder, 'logic'),
  };
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      join(import.meta.dirname, '..', '..', 'client', 'cli', 'main.ts'),
      'mcp',
      ...Object.entries(options).flat(),
      ...more,
    ],
    stderr: 'ignore',
  });
  return connectHost(transport, { era });
}

describe.each(['2025-11-25', '2026-07-28'] as const)('a session of %s', (era) => {
  let host: Host;
  let peer: string;

  beforeAll(async () => {
    host = await startHost(era);
    peer = /\/p2p\/(\w+)$/.exec(node.parent.address)?.[1] ?? '';
  });
  afterAll(async () => host.close());

  const runLogic = (more: object) =>
    host.call('nmp_run_logic', { node: peer, capability: 'count-stays', ...more });

  it('lists six tools, each with an output schema', async () => {
    const { tools } = await host.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'nmp_discover',
      'nmp_describe',
      'nmp_call',
      'nmp_run_logic',
      'nmp_job',
      'nmp_verify',
    ]);
    for (const tool of tools) expect(tool.outputSchema?.type).toBe('object');
  });

  it('finds and describes what there is', async () => {
    const found = await host.call('nmp_discover', {});
    expect(found.structuredContent).toMatchObject({
      verdict: 'listed',
      result: {
        nodes: [
          {
            node: peer,
            capabilities: [
              { capability: 'count-stays@1.0.0', pin: 'new' },
              { capability: 'installed@1.0.0', pin: 'new' },
            ],
          },
        ],
      },
    });
    const described = await host.call('nmp_describe', { node: peer, capability: 'count-stays' });
    expect(described.structuredContent).toMatchObject({
      verdict: 'listed',
      result: {
        pin: 'pinned',
        datasets: [{ id: 'stays', columns: ['id', 'ward', 'age'] }],
        output: CONFIG.capabilities[0]?.output,
      },
    });
  });

  it('runs logic given as text, and hands over result and evidence', async () => {
    const { structuredContent, isError } = await runLogic({
      source: HONEST,
      arguments: { ward: 'north' },
    });
    expect(isError).toBeFalsy();
    expect(structuredContent).toMatchObject({
      verdict: 'released',
      result: { n: 20 },
      evidence: { mode: 'simulated', simulated: true, pcr0: node.parent.ready.pcrs.pcr0 },
    });
    const { reportId, receiptId } = Object(structuredContent.evidence);
    const report = await host.client.readResource({ uri: `nmp://report/${reportId}` });
    expect(JSON.parse(Reflect.get(report.contents[0] ?? {}, 'text'))).toMatchObject({
      verdict: 'pass',
    });
    const receipt = await host.client.readResource({ uri: `nmp://receipt/${receiptId}` });
    expect(Reflect.get(receipt.contents[0] ?? {}, 'blob')).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    const again = await runLogic({
      moduleHash: structuredContent.moduleHash,
      arguments: { ward: 'south' },
    });
    expect(again.structuredContent.result).toEqual({ n: 20 });
  });

  it('runs plain JavaScript, and shows what its engine says of it', async () => {
    const source = `export const run = ({ arguments: { ward }, table }) =>
      ({ n: table('stays').column('ward').filter((name) => name === ward).length });`;
    const args = { arguments: { ward: 'north' }, abi: 'javascript' };
    const { structuredContent } = await runLogic({ source, ...args });
    expect(structuredContent).toMatchObject({ verdict: 'released', result: { n: 20 } });
    const { moduleHash } = structuredContent;
    expect((await runLogic({ moduleHash, ...args })).structuredContent.result).toEqual({ n: 20 });
    const wrong = await runLogic({ source: source.slice(0, -3), ...args });
    expect(wrong.structuredContent).toMatchObject({ verdict: 'invalid', code: 'BUILD_FAILED' });
    expect(wrong.structuredContent.diagnostics).toContain('SyntaxError');
  });

  it('runs a file of the folder for logic, and no other', async () => {
    expect((await runLogic({ file: 'five.wasm' })).structuredContent.result).toEqual({ n: 5 });
    for (const file of ['../outside.wasm', join(folder, 'outside.wasm'), 'missing.wasm']) {
      const { structuredContent, isError } = await runLogic({ file });
      expect(isError).toBe(true);
      expect(structuredContent.code).toBe('LOGIC_SOURCE');
    }
  });

  it('shows what the compiler says, which has seen no record', async () => {
    const { structuredContent, isError } = await runLogic({
      source: "import { Input } from 'nmp';\nexport function run(input: Input): Nothing { }",
    });
    expect(isError).toBe(true);
    expect(structuredContent).toMatchObject({ verdict: 'invalid', code: 'BUILD_FAILED' });
    expect(structuredContent.diagnostics).toContain('Nothing');
    expect(structuredContent.diagnostics).not.toContain(tmpdir());
  });

  it('gives one and the same refusal whichever way logic leaks', { timeout: 120_000 }, async () => {
    const refusals: string[] = [];
    for (const body of Object.values(LEAKS)) {
      const result = await runLogic({ source: leaking(body) });
      expect(result.isError).toBe(true);
      expect(result.structuredContent).toMatchObject({
        verdict: 'blocked',
        stage: 'egress',
        code: 'EGRESS_BLOCKED',
        countBucket: '1',
        retryable: false,
      });
      expect(JSON.stringify(result)).not.toContain('P-1000');
      refusals.push(withoutAuditId(result));
    }
    expect(new Set(refusals).size).toBe(1);
    expect(refusals).toHaveLength(Object.keys(LEAKS).length);
  });

  it('calls what is installed, at once and as a job', async () => {
    const now = await host.call('nmp_call', { node: peer, capability: 'installed' });
    expect(now.structuredContent).toMatchObject({ verdict: 'released', result: { n: 7 } });
    const later = await host.call('nmp_call', {
      node: peer,
      capability: 'installed',
      background: true,
    });
    expect(later.structuredContent.verdict).toBe('pending');
    const { job } = later.structuredContent;
    const done = await host.call('nmp_job', { job, waitSeconds: 30 });
    expect(done.structuredContent).toMatchObject({ verdict: 'released', result: { n: 7 } });
  });

  it('verifies a node afresh, and refuses any that was not listed', async () => {
    const verified = await host.call('nmp_verify', { node: peer });
    expect(verified.structuredContent).toMatchObject({
      verdict: 'verified',
      evidence: { simulated: true },
    });
    const stranger = await host.call('nmp_verify', { node: '/ip4/127.0.0.1/tcp/1' });
    expect(stranger.structuredContent).toMatchObject({
      verdict: 'blocked',
      code: 'NODE_NOT_LISTED',
    });
  });
});
