/** The client in headless Chromium: its bundle, its size, and a call to a real node over a WebSocket. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, launchBrowser } from '../support/browser.ts';
import { type LocalNode, startLocal } from '../support/local-node.ts';

const root = join(import.meta.dirname, '..', '..');
const receipts = join(root, 'test', 'vectors', 'receipts', 'sum');
/** Of everything that a page loads before it verifies a receipt. */
const GZIP_BYTES_MAX = 300 * 1024;
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nmp-browser-'));
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.ts'), folder], { cwd: root });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundled = (name: string) => readFileSync(join(folder, 'browser', name));

/** A module with what it imports at once; `import()` is what comes on demand. */
function loadedAtOnce(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const [, next = ''] of bundled(name)
    .toString()
    .matchAll(/(?:from|import)"\.\/([^"]+)"/g)) {
    loadedAtOnce(next, seen);
  }
  return seen;
}

describe('the bundle for browsers', () => {
  it('is at most 300 KB gzip, without what verifies receipts', () => {
    const names = [...loadedAtOnce('client.js')];
    const size = names.reduce((sum, name) => sum + gzipSync(bundled(name)).length, 0);
    expect(size).toBeLessThanOrEqual(GZIP_BYTES_MAX);
    // The size is of all there is: what remains is the verifier, its chunk and the notice.
    const rest = readdirSync(join(folder, 'browser')).filter((name) => !names.includes(name));
    expect(rest.map((name) => name.replace(/-\w+\.js$/, ''))).toEqual([
      'NOTICE',
      'receipt-verifier.wasm',
      'verify',
    ]);
  });

  it('asks for nothing of Node', () => {
    for (const name of loadedAtOnce('client.js')) {
      expect(bundled(name).toString()).not.toMatch(/(?:from|import\(?|require\()\s*"node:/);
    }
  });
});

describe.skipIf(!hasChromium)('the client in Chromium (skipped where it is not installed)', () => {
  let browser: Browser;
  let node: LocalNode;
  let pages: Server;
  let origin: string;

  beforeAll(async () => {
    pages = createServer((request, response) => {
      const name = (request.url ?? '/').slice(1);
      const from = name.startsWith('receipt/')
        ? join(receipts, name.slice(8))
        : join(folder, 'browser', name);
      // No eval, as a careful page has it.
      const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src *";
      response.setHeader('content-security-policy', policy);
      if (name === 'favicon.ico') response.writeHead(404).end();
      else if (name === '')
        response.setHeader('content-type', 'text/html').end('<!doctype html><title>t</title>');
      else
        response
          .setHeader('content-type', TYPES[extname(name)] ?? 'text/plain')
          .end(readFileSync(from));
    });
    await new Promise<void>((listening) => pages.listen(0, '127.0.0.1', listening));
    origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    const example = JSON.parse(readFileSync(join(root, 'examples', 'nmp.node.json'), 'utf8'));
    const { datasets, capabilities } = example;
    const absolute = datasets.map((dataset: { path: string }) => ({
      ...dataset,
      path: join(root, 'examples', dataset.path),
    }));
    const webSocket = { port: 0, origins: [origin] };
    const listen = { host: '127.0.0.1', port: 0 };
    node = await startLocal({ version: 1, listen, webSocket, datasets: absolute, capabilities });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    pages?.closeAllConnections();
    pages?.close();
  });

  async function inPage<T>(script: string, argument: unknown, from = origin): Promise<T> {
    const page: Page = await browser.newPage();
    try {
      await page.goto(from);
      // A string: what runs there is no code of Node's.
      return await page.evaluate(`(${script})(${JSON.stringify(argument)})`);
    } finally {
      await page.close();
    }
  }

  const CALL = `async ({ address, policy, module, args }) => {
    const { NmpClient, parseClientPolicy } = await import('/client.js');
    const reports = [];
    try {
      const client = new NmpClient({ name: 'page', version: '1' }, {
        policy: parseClientPolicy(JSON.stringify(policy), 'policy'),
        onReport: (report) => reports.push(report),
      });
      const peer = await client.connect(address);
      const tools = (await client.discoverTools(peer)).map(({ name }) => name);
      const request = { module: Uint8Array.from(module), args, capability: 'cohort-statistics' };
      const { output, report, certificate } = await client.run(peer, request);
      await client.close();
      return { tools, output, report, certificate: certificate.length };
    } catch (error) {
      return { code: error.code ?? String(error), reports };
    }
  }`;

  /** The example's logic, built, and arguments for it. */
  function cohortLogic() {
    const out = join(folder, 'cohort.wasm');
    const logic = join(root, 'examples', 'logic', 'assembly', 'cohort-statistics.ts');
    const nmp = join(root, 'client', 'cli', 'main.ts');
    execFileSync(process.execPath, [nmp, 'build', logic, '-o', out], {
      cwd: root,
      stdio: 'ignore',
    });
    return { module: [...readFileSync(out)], args: { condition: '59621000', year: 2026 } };
  }

  async function callWith(policy: unknown): Promise<Record<string, unknown>> {
    return inPage(CALL, { address: node.parent.webSocketAddress, policy, ...cohortLogic() });
  }

  it('attests the node, sends logic, and gives the answer with its evidence', async () => {
    const found = await callWith(node.policy);
    expect(found).toMatchObject({
      tools: expect.arrayContaining(['cohort-statistics']),
      output: { groups: expect.any(Array) },
      report: { verdict: 'pass', simulated: true },
      certificate: expect.any(Number),
    });
  });

  it('refuses a simulation that its policy does not name, and sends it nothing', async () => {
    const found = await callWith({ ...node.policy, simulatedRoots: [] });
    expect(found.code).toMatch(/^ATTESTATION_/);
    expect(found.reports).toMatchObject([{ verdict: 'fail' }]);
  });

  it('is not let in from another origin', async () => {
    const other = origin.replace('127.0.0.1', 'localhost');
    const found = await inPage<Record<string, unknown>>(
      CALL,
      { address: node.parent.webSocketAddress, policy: node.policy, module: [], args: {} },
      other,
    );
    expect(found.code).toBe('UNREACHABLE');
  });

  it('leaves logic with the node, is told what it gives, and asks for no quorum of one', async () => {
    const script = `async ({ address, policy, module, args }) => {
      const { NmpClient, parseClientPolicy } = await import('/client.js');
      const client = new NmpClient(
        { name: 'page', version: '1' },
        { policy: parseClientPolicy(JSON.stringify(policy), 'policy') },
      );
      const peer = await client.connect(address);
      const request = { module: Uint8Array.from(module), args, capability: 'cohort-statistics' };
      const event = await new Promise((told) => {
        client.deployWatchdog(peer, 'cohort', told, { intervalMs: 1000, run: request });
      });
      const quorum = await client
        .runQuorum([peer, 'another'], request, { agree: 2 })
        .catch(({ code }) => code);
      await client.close();
      return { look: Number(event.look), output: event.answer?.output, code: event.error?.code, quorum };
    }`;
    const found = await inPage<Record<string, unknown>>(script, {
      address: node.parent.webSocketAddress,
      policy: node.policy,
      ...cohortLogic(),
    });
    expect(found).toMatchObject({
      look: 1,
      output: { groups: expect.any(Array) },
      quorum: 'QUORUM_FAILED',
    });
  });

  it('fetches the verifier when a receipt is verified, and finds the lie in one', async () => {
    const script = `async (policy) => {
      const { NmpClient, parseClientPolicy, parseReceiptRequest } = await import('/client.js');
      const loaded = () => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.wasm')).length;
      const client = new NmpClient({ name: 'page', version: '1' }, { policy: parseClientPolicy(JSON.stringify(policy), 'policy') });
      const read = (name) => fetch('/receipt/' + name);
      const bytes = new Uint8Array(await (await read('receipt.bin')).arrayBuffer());
      const module = new Uint8Array(await (await read('module.wasm')).arrayBuffer());
      const request = parseReceiptRequest(await (await read('request.json')).text());
      const before = loaded();
      const verify = (sealed) => client
        .verifyZkReceipt(module, request.imageId, { bytes: sealed, request })
        .then(() => 'holds', ({ code }) => code);
      const good = await verify(bytes);
      const after = loaded();
      bytes[bytes.length >> 1] ^= 1;
      return { before, good, after, lie: await verify(bytes) };
    }`;
    const found = await inPage<Record<string, unknown>>(script, node.policy);
    // The module itself is fetched as .wasm, too.
    expect(found).toMatchObject({ before: 1, good: 'holds', after: 2 });
    expect(found.lie).toMatch(/^RECEIPT_(SEAL|MALFORMED|JOURNAL_DIGEST)$/);
  });
});
