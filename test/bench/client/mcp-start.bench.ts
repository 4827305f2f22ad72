/** How long a host waits for the list of tools, from starting the bridge as it was built. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Row } from '../row.ts';

const RUNS = 9;
const root = join(import.meta.dirname, '..', '..', '..');
const BRIDGE = [join(root, 'dist', 'client', 'cli', 'main.js'), 'mcp'];
/** The peer: a server of the SDK alone. */
const BARE_SOURCE = `
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
serveStdio(() => {
  const server = new McpServer({ name: 'bare', version: '1.0.0' });
  server.registerTool('nothing', { description: 'Nothing.' }, () => ({ content: [] }));
  return server;
});`;
const BARE = ['--input-type=module', '-e', BARE_SOURCE];

const OPENING = [
  {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'bench', version: '1.0.0' },
    },
  },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 2, method: 'tools/list' },
];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function startToList(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const server = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'ignore'] });
  for (const message of OPENING) server.stdin.write(`${JSON.stringify(message)}\n`);
  for await (const line of createInterface({ input: server.stdout })) {
    const message: unknown = JSON.parse(line);
    if (Reflect.get(Object(message), 'id') !== 2) continue;
    const elapsedMs = performance.now() - startedMs;
    server.stdin.end();
    await new Promise((resolve) => server.once('exit', resolve));
    return elapsedMs;
  }
  throw new Error('the server ended without a list of tools');
}

export async function run(): Promise<Row[]> {
  // The first start fills the cache of compiled code, as on a host's machine.
  await startToList(BRIDGE);
  const ours: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    ours.push(await startToList(BRIDGE));
    bare.push(await startToList(BARE));
  }
  return [
    {
      area: 'client',
      name: 'nmp mcp: start to first tools/list',
      value: median(ours),
      unit: 'ms',
      peer: 'MCP SDK server with one tool',
      ratio: median(ours) / median(bare),
    },
  ];
}
