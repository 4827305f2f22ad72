/** The MCP conformance suite against the bridge with its fixture profile, over HTTP, in both eras. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBridgeFactory } from '../../client/mcp/bridge.ts';
import { createGateway } from '../../client/mcp/compose.ts';
import { registerFixture } from '../../client/mcp/fixture/index.ts';
import { type HttpBridge, startHttp } from '../../client/mcp/http.ts';
import { systemClock } from '../../shared/runtime.ts';

const root = join(import.meta.dirname, '..', '..');
const suite = join(root, 'node_modules', '@modelcontextprotocol', 'conformance');

let bridge: HttpBridge;
let results: string;

beforeAll(async () => {
  results = await mkdtemp(join(tmpdir(), 'nmp-conformance-'));
  const gateway = createGateway({});
  const changed = (list: 'tools' | 'prompts') =>
    list === 'tools' ? bridge.notify.toolsChanged() : bridge.notify.promptsChanged();
  const factory = createBridgeFactory(gateway, { version: '0.0.0' }, (server) =>
    registerFixture(server, {
      codec: gateway.approvalCodec,
      pause: async (ms) => pause(ms),
      changed,
    }),
  );
  let sessions = 0;
  bridge = await startHttp(
    { clock: systemClock, mintId: () => `session-${++sessions}`, onError: () => undefined },
    factory,
    { host: '127.0.0.1', port: 0 },
  );
});
afterAll(async () => {
  await bridge.close();
  await rm(results, { recursive: true, force: true });
});

/** Runs the suite; it exits with another code than 0 if anything that counts failed. */
async function run(args: readonly string[]): Promise<string> {
  const tool = join(suite, 'dist', 'index.js');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [tool, 'server', '--url', bridge.url, '--output-dir', results, ...args],
    { cwd: results, timeout: 240_000, maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout;
}

/** Server scenarios that the frozen list of a revision requires. */
function required(revision: string): readonly string[] {
  const text = readFileSync(join(suite, 'requirements', `${revision}.yaml`), 'utf8');
  const section = /^server:\n((?: {2}- .+\n)+)/m.exec(text)?.[1] ?? '';
  return [...section.matchAll(/- (\S+)/g)].map((match) => match[1] ?? '');
}

describe('all that a revision requires', () => {
  it.each([
    ['2026-07-28', 37],
    ['2025-11-25', 30],
  ])('%s: %i scenarios', { timeout: 300_000 }, async (revision, count) => {
    const scenarios = required(revision);
    expect(scenarios).toHaveLength(count);
    const stdout = await run(['--requirements', revision]);
    // Not scored by the suite, but no reason to fail it.
    for (const scenario of [...scenarios, 'json-schema-2020-12']) {
      expect(stdout).toContain(`✓ ${scenario}:`);
    }
  });
});
