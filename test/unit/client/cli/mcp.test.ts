import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const main = join(import.meta.dirname, '..', '..', '..', '..', 'client', 'cli', 'main.ts');

interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `nmp mcp`; stdin ends once `answers` lines came, or at once. */
function mcp(args: readonly string[], lines: readonly string[] = [], answers = 0): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, 'mcp', '--trust', '/nonexistent/t', ...args]);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.split('\n').length > answers) child.stdin.end();
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
    for (const line of lines) child.stdin.write(`${line}\n`);
    if (answers === 0) child.stdin.end();
  });
}

const request = (id: number, method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });
const INITIALIZE = request(1, 'initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});

describe('nmp mcp', () => {
  it('writes the protocol and nothing else to stdout, whatever it is sent', async () => {
    const { exit, stdout, stderr } = await mcp(
      [],
      [
        INITIALIZE,
        'this is no JSON',
        '{"jsonrpc":"2.0","method":"notifications/initialized"}',
        request(2, 'tools/list'),
        request(3, 'no/such'),
        request(4, 'tools/call', { name: 'nmp_call', arguments: { node: 'x', capability: 'y' } }),
      ],
      4,
    );
    expect(exit).toBe(0);
    const messages = stdout
      .trim()
      .split('\n')
      .map((line): { jsonrpc: string; id?: number } => JSON.parse(line));
    expect(messages.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    expect(messages.map(({ id }) => id).toSorted()).toEqual([1, 2, 3, 4]);
    expect(stderr).toContain('"code":"ATTESTATION_POLICY_EMPTY"');
  });

  it('ends when its host goes away', async () => {
    expect(await mcp([])).toMatchObject({ exit: 0, stdout: '' });
  });

  it.each([
    ['an address without a port', ['--http', '127.0.0.1']],
    ['a port that is none', ['--http', '127.0.0.1:70000']],
    ['an address that other machines reach', ['--http', '0.0.0.0:0']],
    ['a policy that cannot be read', ['--policy', '/nonexistent/policy.json']],
  ])('refuses %s', async (_what, args) => {
    const { exit, stdout, stderr } = await mcp(args);
    expect(exit).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('USAGE');
  });
});
