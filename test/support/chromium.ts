/**
 * Runs a module of this repository in Debian's headless Chromium: a server on the loopback address
 * hands out the sources with their types stripped, and takes what the page reports.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { utf8 } from '../../shared/bytes.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = process.env.NMP_CHROMIUM ?? '/usr/bin/chromium';
const PACKAGES = ['ciphers', 'curves', 'hashes', 'post-quantum'].map((name) => `@noble/${name}/`);
const TYPES: { readonly [extension: string]: string } = {
  '.js': 'text/javascript',
  '.ts': 'text/javascript',
  '.wasm': 'application/wasm',
};
const TIMEOUT_MS = 60_000;

export const hasChromium = existsSync(PROGRAM);

/** Imports the module at `path`, calls its `report` and sends back the JSON. */
function page(path: string): string {
  const imports = Object.fromEntries(PACKAGES.map((name) => [name, `/node_modules/${name}`]));
  return `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
const send = (body) => fetch('/report', { method: 'POST', body: JSON.stringify(body) });
try {
  const { report } = await import('/${path}');
  await send({ result: await report() });
} catch (error) {
  await send({ error: String(error) });
}
</script>`;
}

async function serve(request: IncomingMessage, response: ServerResponse, path: string) {
  const name = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
  if (name === '/') {
    response.setHeader('content-type', 'text/html').end(page(path));
    return;
  }
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  try {
    const bytes = await readFile(join(ROOT, name));
    const body = name.endsWith('.ts') ? utf8(stripTypeScriptTypes(bytes.toString())) : bytes;
    response.setHeader('content-type', type).end(body);
  } catch {
    response.writeHead(404).end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}

/** @param path of a module below the repository that exports `report(): Promise<unknown>` */
export async function inChromium(path: string): Promise<unknown> {
  const profile = await mkdtemp(join(tmpdir(), 'nmp-chromium-'));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    if (request.method !== 'POST') void serve(request, response, path);
    else {
      void bodyOf(request).then(resolve, reject);
      response.end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run'];
  const child = spawn(
    PROGRAM,
    [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`],
    { stdio: 'ignore' },
  );
  child.once('error', reject);
  child.once('close', () => reject(new Error('Chromium ended before the page did')));
  const timer = setTimeout(() => reject(new Error('the page did not report')), TIMEOUT_MS);
  try {
    const { result, error } = JSON.parse(await promise) as { result?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  } finally {
    clearTimeout(timer);
    await ended(child);
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
