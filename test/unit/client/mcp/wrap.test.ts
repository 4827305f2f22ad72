import { InMemoryTransport, McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { NmpMcpBridge } from '../../../../client/mcp/bridge.ts';
import { toNdjson, type WrappedDataset, wrapTool } from '../../../../client/mcp/wrap.ts';
import { NmpError } from '../../../../shared/errors.ts';
import { codeOf, codeOfAsync } from '../../../support/code-of.ts';
import { connectInMemory } from '../../../support/mcp-host.ts';

const DATASET: WrappedDataset = {
  id: 'stays',
  format: 'ndjson',
  path: 'stays.ndjson',
  classification: 'restricted',
  columns: [
    { name: 'ward', type: 'utf8' },
    { name: 'age', from: 'person.age', type: 'int32' },
    { name: 'cost', type: 'float64' },
    { name: 'urgent', type: 'bool' },
  ],
};
const ROW = { ward: 'north', person: { age: 40, name: 'Ada' }, cost: 1.5, urgent: true, note: 'x' };
const LINE = '{"ward":"north","person":{"age":40},"cost":1.5,"urgent":true}\n';

function serverWith(answer: () => object) {
  const server = new McpServer({ name: 'records', version: '1.0.0' });
  server.registerTool('list', { inputSchema: z.object({ n: z.int().optional() }) }, () => ({
    content: [],
    ...answer(),
  }));
  return server;
}

async function wrapped(answer: () => object, more: object = {}): Promise<string> {
  const [here, there] = InMemoryTransport.createLinkedPair();
  await serverWith(answer).connect(there);
  return wrapTool(here, { tool: 'list', rows: 'rows', ...more }, DATASET);
}

describe('rows of a tool', () => {
  it('become a dataset with the declared columns and no others', () => {
    expect(toNdjson([ROW, ROW], { tool: 'list' }, DATASET)).toBe(LINE + LINE);
    expect(toNdjson({ a: { b: [ROW] } }, { tool: 'list', rows: 'a.b' }, DATASET)).toBe(LINE);
    const empty = '{"ward":null,"person":{"age":null},"cost":null,"urgent":null}\n';
    expect(toNdjson([{}], { tool: 'list' }, DATASET)).toBe(empty);
  });

  it.each<[string, unknown]>([
    ['a text for a number', [{ ...ROW, person: { age: '40' } }]],
    ['a fraction for an integer', [{ ...ROW, person: { age: 1.5 } }]],
    ['an integer beyond 32 bits', [{ ...ROW, person: { age: 2 ** 31 } }]],
    ['a number for a text', [{ ...ROW, ward: 7 }]],
    ['an object for a text', [{ ...ROW, ward: {} }]],
    ['a number for a flag', [{ ...ROW, urgent: 1 }]],
    ['a row that is none', [ROW, 'row']],
    ['a list for a row', [[]]],
    ['no list', { rows: 1 }],
    ['a null row', [null]],
  ])('are refused with %s', (_what, result) => {
    expect(codeOf(() => toNdjson(result, { tool: 'list' }, DATASET))).toBe('DATA_MALFORMED');
  });

  it('are not quoted by the refusal', () => {
    try {
      toNdjson([{ ...ROW, ward: { secret: 4711 } }], { tool: 'list' }, DATASET);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(NmpError);
      expect(String(error)).toContain('row 1: column ward is no utf8');
      expect(String(error)).not.toContain('4711');
    }
  });

  it('come as structured content or as JSON text', async () => {
    expect(await wrapped(() => ({ structuredContent: { rows: [ROW] } }))).toBe(LINE);
    const text = JSON.stringify({ rows: [ROW] });
    expect(await wrapped(() => ({ content: [{ type: 'text', text }] }))).toBe(LINE);
  });

  it.each<[string, () => object, object, string]>([
    ['a tool that fails', () => ({ isError: true }), {}, 'DATA_UNREADABLE'],
    ['a tool that is not there', () => ({}), { tool: 'other' }, 'DATA_UNREADABLE'],
    ['arguments that do not fit', () => ({}), { arguments: { n: 'x' } }, 'DATA_UNREADABLE'],
    [
      'text that is no JSON',
      () => ({ content: [{ type: 'text', text: 'hello' }] }),
      {},
      'DATA_MALFORMED',
    ],
  ])('are refused of %s', async (_what, answer, more, code) => {
    expect(await codeOfAsync(wrapped(answer, more))).toBe(code);
  });

  it('are published by a bridge on the server itself, which then serves its host', async () => {
    const server = serverWith(() => ({ structuredContent: { rows: [ROW] } }));
    const bridge = new NmpMcpBridge(server, {
      publishToMesh: { tool: 'list', rows: 'rows', dataset: DATASET },
    });
    expect(await bridge.publish()).toBe(LINE);
    const host = await connectInMemory(bridge.server);
    expect((await host.client.listTools()).tools).toHaveLength(7);
    await bridge.close();
    const without = new NmpMcpBridge(serverWith(() => ({})));
    expect(await codeOfAsync(without.publish())).toBe('USAGE');
  });
});
