import { request } from 'node:http';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBridgeFactory } from '../../../../client/mcp/bridge.ts';
import { BODY_BYTES_MAX, type HttpBridge, startHttp } from '../../../../client/mcp/http.ts';
import { NmpError } from '../../../../shared/errors.ts';
import { ManualClock } from '../../../support/clock.ts';
import { codeOfAsync } from '../../../support/code-of.ts';
import { fakeGateway, PCR, PEER } from '../../../support/fake-mesh.ts';
import { connectHost, type HostInit } from '../../../support/mcp-host.ts';

const clock = new ManualClock();
let sessions = 0;
const components = {
  clock,
  mintId: () => `session-${++sessions}`,
  onError: () => undefined,
};

const { gateway } = fakeGateway({
  pcr0: PCR('9'),
  answer: async (policy) => {
    if (policy.releases.some(({ pcr0 }) => pcr0 === PCR('9'))) return { n: 2 };
    throw new NmpError('ATTESTATION_PCR_UNKNOWN');
  },
});
let bridge: HttpBridge;

beforeAll(async () => {
  bridge = await startHttp(components, createBridgeFactory(gateway, { version: '1.0.0' }), {
    host: '127.0.0.1',
    port: 0,
  });
});
afterAll(async () => bridge.close());

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  },
});

/** Status of one POST; node:http, because fetch may not set Host. */
function post(
  headers: Record<string, string>,
  { body = INITIALIZE, path = '/mcp', method = 'POST' } = {},
): Promise<number> {
  const { port } = new URL(bridge.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port,
        host: '127.0.0.1',
        path,
        method,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function host(init: HostInit = {}) {
  return connectHost(new StreamableHTTPClientTransport(new URL(bridge.url)), init);
}

describe('the bridge over HTTP', () => {
  it.each([
    ['its own names', { host: 'localhost' }, 200],
    ['an origin of this machine', { origin: 'http://127.0.0.1:3000' }, 200],
    ['a name that was bound anew (DNS rebinding)', { host: 'evil.example' }, 403],
    ['a name that starts as ours', { host: 'localhost.evil.example' }, 403],
    ['the origin of a web page', { origin: 'https://evil.example' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['a session that is not there', { 'mcp-session-id': 'session-none' }, 404],
    ['another content type', { 'content-type': 'text/plain' }, 415],
  ])('answers %s', async (_what, headers, status) => {
    expect(await post(headers)).toBe(status);
  });

  it('serves one path, and bodies up to a length', async () => {
    expect(await post({}, { path: '/other' })).toBe(404);
    const body = JSON.stringify({ pad: 'x'.repeat(BODY_BYTES_MAX) });
    expect(await post({}, { body })).toBe(413);
    expect(await post({ 'mcp-protocol-version': '2026-07-28' }, { body })).toBe(413);
  });

  it.each(['0.0.0.0', '192.0.2.1', '::'])('does not listen at %s unless told to', async (to) => {
    const factory = createBridgeFactory(gateway, { version: '1.0.0' });
    expect(await codeOfAsync(startHttp(components, factory, { host: to, port: 0 }))).toBe('USAGE');
  });

  it('says that an address is taken', async () => {
    const factory = createBridgeFactory(gateway, { version: '1.0.0' });
    const port = Number(new URL(bridge.url).port);
    const again = startHttp(components, factory, { host: '127.0.0.1', port });
    expect(await codeOfAsync(again)).toBe('USAGE');
  });

  it('holds so many sessions of the older era, and ends idle ones', async () => {
    clock.advance(1_800_001);
    const answers = [];
    for (let i = 0; i < 65; i++) answers.push(await post({}));
    expect(answers.slice(0, 64).every((status) => status === 200)).toBe(true);
    expect(answers[64]).toBe(503);
    clock.advance(1_800_001);
    expect(await post({})).toBe(200);
  });

  it('asks a person between two requests, under a seal that the host cannot forge', async () => {
    const declining = await host({ answer: () => ({ action: 'decline' }) });
    const args = { node: PEER, capability: 'installed' };
    const { structuredContent } = await declining.call('nmp_call', args);
    expect(structuredContent.code).toBe('ATTESTATION_PCR_UNKNOWN');
    await declining.close();

    const forging = await host();
    const forged = forging.client.request({
      method: 'tools/call',
      params: {
        name: 'nmp_call',
        arguments: args,
        inputResponses: { measurement: { action: 'accept', content: { accept: true } } },
        requestState: 'v1.e30.AAAA',
      },
    });
    await expect(forged).rejects.toThrow(/requestState/);
    // Without a state an answer is an answer to nothing.
    const unasked = await forging.client.request({
      method: 'tools/call',
      params: {
        name: 'nmp_call',
        arguments: args,
        inputResponses: { measurement: { action: 'accept', content: { accept: true } } },
      },
    });
    expect(Reflect.get(unasked, 'isError')).toBe(true);
    await forging.close();

    const accepting = await host({ answer: () => ({ action: 'accept', accept: true }) });
    expect((await accepting.call('nmp_call', args)).structuredContent).toMatchObject({
      verdict: 'released',
      result: { n: 2 },
    });
    await accepting.close();
  });
});
