import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { renderConsole } from '../../../../client/console/page.ts';
import { type ConsoleServer, serveConsole } from '../../../../client/console/serve.ts';
import { collectState, countCalls, readCalls } from '../../../../client/console/state.ts';
import { codeOfAsync } from '../../../support/code-of.ts';
import {
  capability,
  type FakeInit,
  fakeGateway,
  INSTALLED,
  PCR,
  PEER,
} from '../../../support/fake-mesh.ts';

const signal = new AbortController().signal;
const AT = '2026-07-28T10:00:00.000Z';
const LATER = '2026-07-28T11:00:00.000Z';
const line = (code: string, at = AT) => JSON.stringify({ event: 'call', code, at });
const AUDIT = [line('EGRESS_BLOCKED'), line('RELEASED', LATER), line('RELEASED'), ''].join('\n');

const state = (init: FakeInit = {}, audit = '') =>
  collectState(fakeGateway(init).gateway, audit, signal);

describe('what the console shows', () => {
  it('is what the nodes prove and offer now, with what is pinned', async () => {
    const { nodes, policy } = await state();
    expect(nodes).toHaveLength(1);
    expect(nodes[0]).toMatchObject({
      peer: PEER,
      report: { verdict: 'pass' },
      capabilities: [
        { id: 'count@1.0.0', pin: 'new' },
        { id: 'installed@1.0.0', moduleHash: 'e'.repeat(64) },
      ],
    });
    expect(policy.releases[0]?.pcr0).toBe(PCR('a'));
  });

  it('is a code where a node cannot be asked', async () => {
    const capabilities = () => {
      throw new TypeError('broken');
    };
    const { nodes } = await state({ capabilities });
    expect(nodes[0]).toMatchObject({ peer: PEER, code: 'INTERNAL', capabilities: [] });
  });

  it('counts calls by outcome, and passes over lines that are none', () => {
    expect(countCalls(readCalls(AUDIT))).toEqual([
      { code: 'RELEASED', count: 2, lastAt: LATER },
      { code: 'EGRESS_BLOCKED', count: 1, lastAt: AT },
    ]);
    const odd = ['junk', '[]', line('<script>'), line('A'.repeat(50)), line('RELEASED', 'never')];
    expect(countCalls(readCalls(odd.join('\n')))).toEqual([]);
  });
});

describe('the page', () => {
  it('holds no script and loads nothing', async () => {
    for (const live of [true, false]) {
      const page = renderConsole(await state({}, AUDIT), live);
      expect(page).not.toMatch(/<script|<link|<img|javascript:|\son\w+=|https?:\/\//i);
      expect(page).toContain("default-src 'none'");
      expect(page.includes('<form')).toBe(live);
    }
  });

  it('shows text of nodes as text', async () => {
    const hostile = capability({
      ...INSTALLED,
      name: '<b>x',
      description: '</td><script>1</script>',
    });
    const page = renderConsole(await state({ capabilities: () => [hostile] }), false);
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;1&lt;/script&gt;');
    expect(page).toContain('&lt;b&gt;x');
  });

  it('shows the chain, and opens the checks where one fails', async () => {
    const good = renderConsole(await state(), false);
    expect(good).toContain('<b>Image you trust</b><span class="status pass">✓ holds</span>');
    expect(good).not.toContain('<details open>');
    const bad = renderConsole(await state({ pcr0: PCR('9') }), false);
    expect(bad).toContain('<b>Image you trust</b><span class="status fail">✗ fails</span>');
    expect(bad).toContain('<details open>');
  });

  it('says what waits for approval', async () => {
    let described = INSTALLED;
    const { gateway } = fakeGateway({ capabilities: () => [described] });
    await collectState(gateway, '', signal);
    described = capability({ ...INSTALLED, description: 'Other words.' });
    const page = renderConsole(await collectState(gateway, '', signal), false);
    expect(page).toContain(`nmp trust approve ${PEER} installed@1.0.0`);
  });
});

describe('the server of the page', () => {
  let server: ConsoleServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function ask(
    path: string,
    { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
    const { port } = new URL(server?.url ?? '');
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  it('attests at its start and when the button is pressed, not when it is looked at', async () => {
    let collected = 0;
    const collect = async () => {
      collected += 1;
      return state();
    };
    server = await serveConsole(collect, 0);
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(body).toContain('Trust console');
    await ask('/');
    expect(collected).toBe(1);
    const pressed = await ask('/attest', { method: 'POST' });
    expect([pressed.status, pressed.headers.location]).toEqual([303, '/']);
    expect(collected).toBe(2);
  });

  it.each([
    ['a name that was bound anew', '/', 'GET', { host: 'evil.example' }, 403],
    ['a button on another page', '/attest', 'POST', { origin: 'https://evil.example' }, 403],
    ['a path that is none', '/other', 'GET', {}, 404],
    ['a look at the button', '/attest', 'GET', {}, 404],
    ['another method', '/', 'DELETE', {}, 405],
  ])('refuses %s', async (_what, path, method, headers, status) => {
    server = await serveConsole(() => state(), 0);
    expect((await ask(path, { method, headers: { ...headers } })).status).toBe(status);
  });

  it('says that a port is taken', async () => {
    server = await serveConsole(() => state(), 0);
    const port = Number(new URL(server.url).port);
    expect(await codeOfAsync(serveConsole(() => state(), port))).toBe('USAGE');
  });
});
