/** Guests of every kind beside the pure ABI, through a local node. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NmpClient } from '../../client/nmp-client.ts';
import { SCRIPT_ENGINE_SHA256 } from '../../shared/script/engine.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { ADAPTER_IMPORTS, commandComponent, logicComponent } from '../support/components.ts';
import { cCommand, goCommand } from '../support/guests.ts';
import { type LocalNode, startLocal } from '../support/local-node.ts';
import { constantCommand, constantModule, peekCommand } from '../support/modules.ts';

const RECORDS = Array.from({ length: 40 }, (_, i) =>
  JSON.stringify({ ward: i % 2 === 0 ? 'north' : 'south', age: 20 + i }),
).join('\n');
const GO = ['clock', 'random', 'env', 'args', 'fs', 'poll', 'fd'] as const;
const integer = { type: 'integer', minimum: 0, maximum: 100_000 };
const object = (properties: object, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const output = object(
  {
    files: object({ 'arguments.json': integer, 'stays.arrow': integer }),
    refused: { type: 'boolean' },
    slept: { type: 'boolean' },
    input: integer,
    arguments: integer,
    environment: integer,
  },
  ['files', 'refused', 'input'],
);
const capability = {
  version: '1.0.0',
  datasets: [{ id: 'stays', columns: ['ward', 'age'] }],
  input: object({}),
  output,
  limits: { deadlineMs: 150_000 },
};
const statistics = object({
  n: integer,
  mean: { type: 'number', minimum: 0, maximum: 200, multipleOf: 0.5 },
});
const TEXT = `export function run(input) {
  const stays = input.table('stays');
  const wards = stays.column('ward');
  const ages = stays.column('age').filter((_, row) => wards[row] === 'north');
  return { n: ages.length, mean: ages.reduce((a, b) => a + b, 0) / ages.length };
}`;
const CONFIG = {
  version: 1,
  datasets: [
    {
      id: 'stays',
      format: 'ndjson',
      path: 'stays.ndjson',
      classification: 'restricted',
      columns: [
        { name: 'ward', type: 'utf8' },
        { name: 'age', type: 'int32' },
      ],
    },
  ],
  capabilities: [
    { ...capability, name: 'streams' },
    { ...capability, name: 'small', wasi: GO },
    { ...capability, name: 'text', output: statistics },
    {
      ...capability,
      name: 'installed-text',
      logic: { module: 'count.js', abi: 'javascript' },
      output: statistics,
    },
    {
      ...capability,
      name: 'group',
      datasets: [{ id: 'stays', columns: ['age'] }],
      output: object({ input: integer }),
      egress: { minimumGroup: 35 },
    },
    { ...capability, name: 'echo', wasi: GO, datasets: [], output: object({ input: integer }) },
    {
      ...capability,
      name: 'large',
      wasi: GO,
      limits: { ...capability.limits, moduleBytes: 4_194_304 },
    },
  ],
};

const go = goCommand('rows.go');
const c = cCommand('rows.c');
let node: LocalNode;
let client: NmpClient;
let peer: string;

beforeAll(async () => {
  node = await startLocal(CONFIG, { 'stays.ndjson': RECORDS, 'count.js': TEXT });
  client = node.client();
  peer = await client.connect(node.parent.address);
});
afterAll(async () => {
  await client.close();
  await node.stop();
});

const command = (module: Uint8Array | undefined, to: string, imports: readonly string[]) =>
  client.run(
    peer,
    { module: module ?? new Uint8Array(8), args: {}, capability: to, abi: 'wasi-p1', imports },
    { timeoutMs: 150_000 },
  );

describe('a command with a directory', () => {
  it.skipIf(c === undefined)('of C reads its tables from files', async () => {
    const { output: answer, report } = await command(c, 'small', ['fs']);
    expect(report.verdict).toBe('pass');
    expect(answer).toMatchObject({ files: { 'arguments.json': 2 }, refused: true });
  });

  it.skipIf(c === undefined)('is refused what its capability does not grant', async () => {
    expect(await codeOfAsync(command(c, 'streams', ['fs']))).toBe('CALL_GRANT');
    // Not asked for, so not granted: the guardian finds the imports.
    expect(await codeOfAsync(command(c, 'small', []))).toBe('GUARDIAN_REJECTED');
    expect(await codeOfAsync(command(c, 'small', ['net']))).toBe('CALL_GRANT');
  });

  // Compiling two and a half megabytes takes seconds, and more on a busy machine.
  it.skipIf(go === undefined)(
    'of Go runs where a capability admits its size',
    { timeout: 180_000 },
    async () => {
      expect(go?.length).toBeGreaterThan(1_048_576);
      expect(await codeOfAsync(command(go, 'small', GO))).toBe('FRAME_SIZE');
      const { output: answer, report } = await command(go, 'large', GO);
      expect(report.verdict).toBe('pass');
      expect(answer).toMatchObject({ refused: true, slept: true, arguments: 0, environment: 0 });
    },
  );
});

describe('the egress filter', () => {
  it('counts the rows that a command read, not those it could have', async () => {
    const text = '{"input":7}';
    expect(await codeOfAsync(command(constantCommand(text), 'group', []))).toBeUndefined();
    // In the first bytes lies the schema, and no cell.
    expect(await codeOfAsync(command(peekCommand(text), 'group', []))).toBe('EGRESS_BLOCKED');
    const pure = { module: constantModule(text), args: {}, capability: 'group' };
    expect((await client.run(peer, pure)).output).toEqual({ input: 7 });
  });
});

describe('a component', () => {
  it('answers through its one function, or on its standard streams', async () => {
    const text = '{"input":7}';
    const store = [...text].map(
      (sign, at) => `(i32.store8 (i32.const ${64 + at}) (i32.const ${sign.charCodeAt(0)}))`,
    );
    const run = `${store.join(' ')} (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const ${text.length})) i32.const 0`;
    const call = (module: Uint8Array, abi: 'component' | 'wasi-p2', imports: readonly string[]) =>
      client.run(
        peer,
        { module, args: {}, capability: 'echo', abi, imports },
        { timeoutMs: 60_000 },
      );
    const logic = await call(await logicComponent({ run }), 'component', []);
    expect(logic.output).toEqual({ input: 7 });
    expect(logic.report.verdict).toBe('pass');
    const component = await commandComponent(constantCommand(text));
    const command = await call(component, 'wasi-p2', ADAPTER_IMPORTS);
    expect(command.output).toEqual({ input: 7 });
    expect(await codeOfAsync(call(component, 'wasi-p2', ['fs']))).toBe('GUARDIAN_REJECTED');
    expect(await codeOfAsync(call(component, 'component', []))).toBe('GUARDIAN_REJECTED');
    expect(await codeOfAsync(call(await logicComponent({ run }), 'wasi-p2', []))).toBe(
      'GUARDIAN_REJECTED',
    );
  });
});

describe('plain JavaScript', () => {
  const ship = (text: string, more: object = {}) =>
    client.run(
      peer,
      {
        module: new TextEncoder().encode(text),
        args: {},
        capability: 'text',
        abi: 'javascript',
        ...more,
      },
      { timeoutMs: 60_000 },
    );

  it('runs where its data is, with the engine in its certificate', async () => {
    const { output: answer, report, certificate } = await ship(TEXT);
    // Every second of 40 rows, aged 20, 22, …, 58.
    expect(answer).toEqual({ n: 20, mean: 39 });
    expect(report.verdict).toBe('pass');
    const hex = Buffer.from(certificate).toString('hex');
    expect(hex).toContain(SCRIPT_ENGINE_SHA256);
    expect(hex).toContain(createHash('sha256').update(TEXT).digest('hex'));
  });

  it('runs where it is installed, too', async () => {
    const { output: answer } = await client.callTool(peer, 'installed-text', {});
    expect(answer).toEqual({ n: 20, mean: 39 });
  });

  it('is filtered as any answer is', async () => {
    const leak =
      "export const run = (input) => ({ n: 1, mean: 2, rows: input.table('stays').records() })";
    expect(await codeOfAsync(ship(leak))).toBe('EGRESS_BLOCKED');
  });

  it.each<[string, string, string]>([
    ['throws', 'export const run = () => { throw 1; }', 'SANDBOX_TRAP'],
    ['loops', 'export const run = () => { for (;;); }', 'SANDBOX_FUEL'],
    ['is no text', '\0', 'GUARDIAN_REJECTED'],
  ])('that %s is refused', async (_, text, code) => {
    expect(await codeOfAsync(ship(text))).toBe(code);
  });

  it('is no module, and a module is no text', async () => {
    expect(await codeOfAsync(ship(TEXT, { abi: 'pure' }))).toBe('GUARDIAN_REJECTED');
    expect(await codeOfAsync(ship(TEXT, { module: constantModule('{"n":1,"mean":1}') }))).toBe(
      'GUARDIAN_REJECTED',
    );
  });
});
