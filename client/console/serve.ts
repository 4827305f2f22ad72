/** Serves the console on this machine only; nothing but the one button changes anything. */
import { createServer } from 'node:http';
import { validateHostHeader, validateOriginHeader } from '@modelcontextprotocol/server';
import { NmpError } from '../../shared/errors.ts';
import { type ConsoleApp, pagePolicy } from './app-blocks.ts';
import { renderConsole } from './page.ts';
import type { ConsoleState } from './state.ts';

const HOST = '127.0.0.1';
const NAMES = ['127.0.0.1', 'localhost'];
const HEADERS = {
  'x-content-type-options': 'nosniff',
  // With `no-referrer` a browser sends `Origin: null` with the button's own POST.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export interface ConsoleServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param collect asks every node anew
 * @throws NmpError USAGE if the port is taken
 */
export async function serveConsole(
  collect: () => Promise<ConsoleState>,
  port: number,
  app?: ConsoleApp,
): Promise<ConsoleServer> {
  const policy = `${pagePolicy(app)}; frame-ancestors 'none'; base-uri 'none'`;
  let state = collect();
  await state;
  const answer = async (method: string, path: string): Promise<[number, string, string?]> => {
    if (path === '/attest' && method === 'POST') {
      state = collect();
      await state;
      return [303, '', '/'];
    }
    if (method !== 'GET') return [405, ''];
    if (path === '/') return [200, renderConsole(await state, true, app)];
    return [404, ''];
  };
  const server = createServer((request, response) => {
    // No body is ever read.
    request.resume();
    const { host, origin } = request.headers;
    const local = validateHostHeader(host, NAMES).ok && validateOriginHeader(origin, NAMES).ok;
    const made = local
      ? answer(request.method ?? '', request.url ?? '')
      : Promise.resolve<[number, string, string?]>([403, '']);
    made
      .catch((): [number, string, string?] => [500, ''])
      .then(([status, body, location]) => {
        response.writeHead(status, {
          ...HEADERS,
          'content-security-policy': policy,
          'content-type': 'text/html; charset=utf-8',
          ...(location === undefined ? {} : { location }),
        });
        response.end(body);
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new NmpError('USAGE', 'cannot listen on this port', { cause }));
    });
    server.listen(port, HOST, () => resolve());
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${HOST}:${bound}/`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
