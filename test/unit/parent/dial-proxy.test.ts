import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createDialProxy,
  DEFAULT_DIAL_PROXY_LIMITS,
} from '../../../parent/dial-proxy/dial-proxy.ts';
import { DIALLED, type DialName, encodeDialOpener } from '../../../shared/wire/dial-opener.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function proxy(limits = {}, names: readonly DialName[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-dial-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'dial.sock');
  const made = createDialProxy({
    names,
    limits: { ...DEFAULT_DIAL_PROXY_LIMITS, ...limits },
  });
  await made.start(path);
  cleanups.push(() => made.stop());
  const dial = () => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    return socket;
  };
  return { made, path, dial };
}

async function echo(): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const loopback = Uint8Array.of(127, 0, 0, 1);

describe('the dial proxy', () => {
  it('opens what it is told and copies both ways, with half-close', async () => {
    const { dial, path } = await proxy();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const socket = dial();
    const opener = encodeDialOpener({ address: loopback, port: await echo() });
    const body = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i & 0xff));
    // The opener comes in pieces, its last one with the first bytes behind it.
    socket.write(opener.subarray(0, 3));
    await new Promise((resolve) => setTimeout(resolve, 10));
    socket.end(Buffer.concat([opener.subarray(3), body]));
    expect((await readAll(socket)).equals(Buffer.concat([Buffer.of(DIALLED.open), body]))).toBe(
      true,
    );
  });

  it('resolves the names of its configuration and no others, each at its port', async () => {
    const port = await echo();
    const { dial } = await proxy({}, [{ name: 'localhost', port }]);
    const answer = async (target: DialName) => {
      const socket = dial();
      socket.end(encodeDialOpener(target));
      return [...(await readAll(socket))];
    };
    expect(await answer({ name: 'localhost', port })).toEqual([DIALLED.open]);
    expect(await answer({ name: 'localhost', port: port ^ 1 })).toEqual([DIALLED.refused]);
    expect(await answer({ name: 'other.test', port })).toEqual([DIALLED.refused]);
  });

  it('says that a target cannot be reached', async () => {
    const { dial } = await proxy();
    const socket = dial();
    socket.write(encodeDialOpener({ address: loopback, port: 1 }));
    expect([...(await readAll(socket))]).toEqual([DIALLED.unreachable]);
  });

  it('ends a stream whose opener is malformed or does not come', async () => {
    const { dial } = await proxy({ connectTimeoutMs: 50 });
    const malformed = dial();
    malformed.write(Uint8Array.of(9, 9, 9));
    expect((await readAll(malformed).catch(() => Buffer.alloc(0))).length).toBe(0);
    expect((await readAll(dial()).catch(() => Buffer.alloc(0))).length).toBe(0);
  });

  it('refuses beyond its limit and recovers', async () => {
    const { dial, made } = await proxy({ connections: 1 });
    const port = await echo();
    const first = dial();
    first.write(encodeDialOpener({ address: loopback, port }));
    expect([...(await once(first, 'data'))[0]]).toEqual([DIALLED.open]);
    expect([...(await readAll(dial()))]).toEqual([DIALLED.refused]);
    first.destroy();
    for (let i = 0; i < 100 && made.open > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const third = dial();
    third.write(encodeDialOpener({ address: loopback, port }));
    expect([...(await once(third, 'data'))[0]]).toEqual([DIALLED.open]);
  });
});
