import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECEIPT_VECTORS } from '../../../support/receipts.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const folder = mkdtempSync(join(tmpdir(), 'nmp-receipt-'));
const file = (name: string) => join(folder, name);
const good = (part: string) => join(RECEIPT_VECTORS, 'sum', part);

beforeAll(() => {
  const receipt = readFileSync(good('receipt.bin'));
  const flipped = Buffer.from(receipt);
  flipped[receipt.length >> 2]! ^= 1;
  writeFileSync(file('flipped.bin'), flipped);
  writeFileSync(file('cut.bin'), receipt.subarray(0, 1000));
  writeFileSync(file('module.wasm'), 'other');
  const request = JSON.parse(readFileSync(good('request.json'), 'utf8')) as object;
  writeFileSync(file('answer.json'), JSON.stringify({ ...request, output: '{"s":1}' }));
  writeFileSync(file('latin.json'), Buffer.from([0x22, 0xe9, 0x22]));
});
afterAll(() => rmSync(folder, { recursive: true }));

function nmp(...args: readonly string[]) {
  const node = join(ROOT, 'node_modules/.bin/node');
  const { status, stdout, stderr } = spawnSync(node, ['client/cli/main.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function verify(parts: { receipt?: string; module?: string; request?: string } = {}) {
  const { receipt = good('receipt.bin'), module = good('module.wasm') } = parts;
  const { request = good('request.json') } = parts;
  const files = ['--receipt', receipt, '--module', module, '--request', request];
  const { status, stdout } = nmp('receipt', 'verify', ...files, '--json');
  return { status, result: JSON.parse(stdout) as { error?: { code: string } } };
}

describe('nmp receipt verify', () => {
  it('says what is proven, with exit 0', () => {
    const { status, result } = verify();
    expect(status).toBe(0);
    expect(result).toMatchObject({
      verified: true,
      mode: 'stark-composite',
      outcome: 'ok',
      output: '{"s":493534}',
      datasets: [{ id: 'payments', columns: ['cents'] }],
    });
  });

  it.each([
    ['RECEIPT_SEAL', 6, { receipt: file('flipped.bin') }],
    ['RECEIPT_MALFORMED', 6, { receipt: file('cut.bin') }],
    ['RECEIPT_MODULE', 6, { module: file('module.wasm') }],
    ['RECEIPT_OUTPUT', 6, { request: file('answer.json') }],
    ['RECEIPT_REQUEST', 6, { request: good('receipt.bin') }],
    ['RECEIPT_REQUEST', 6, { request: file('latin.json') }],
    ['USAGE', 2, { receipt: file('none') }],
    ['USAGE', 2, { module: file('none') }],
    ['USAGE', 2, { request: folder }],
  ])('%s with exit %i', (code, exit, parts) => {
    const { status, result } = verify(parts);
    expect(result.error?.code).toBe(code);
    expect(status).toBe(exit);
  });
});

describe('nmp inspect receipt', () => {
  it('shows what a receipt says, and that it was not judged', () => {
    const { status, stdout } = nmp('inspect', 'receipt', file('flipped.bin'), '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      judged: false,
      segments: 1,
      profile: 'nmp-wasm-zk-v1',
      outcome: 'ok',
    });
  });

  it('refuses what is no receipt', () => {
    expect(nmp('inspect', 'receipt', file('cut.bin')).status).toBe(6);
    expect(nmp('inspect', 'receipt', file('none')).status).toBe(2);
  });
});
