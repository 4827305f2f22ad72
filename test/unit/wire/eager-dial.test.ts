/** A socket that the test plays: what leaves first, and what the other side may answer. */
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { ComponentLogger, DialTransportOptions, Logger } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../shared/bytes.ts';
import { createEagerUpgrade, type DialledSocket } from '../../../shared/wire/eager-dial.ts';
import { MULTISTREAM, multistreamMessage } from '../../../shared/wire/multistream.ts';

const nothing = () => undefined;
const log: Logger = Object.assign(nothing, {
  enabled: false,
  error: nothing,
  trace: nothing,
  newScope: () => log,
});
const logger: ComponentLogger = { forComponent: () => log };

class PlayedSocket implements DialledSocket {
  readonly written: Uint8Array[] = [];
  readonly #listeners = new Map<string, ((value?: unknown) => void)[]>();
  idle: { ms: number; end: () => void } | undefined;
  corked = 0;
  destroyed = false;
  on(event: string, listener: (value: never) => void): void {
    const all = this.#listeners.get(event) ?? [];
    this.#listeners.set(event, [...all, listener as (value?: unknown) => void]);
  }
  once(event: string, listener: () => void): void {
    this.on(event, listener);
  }
  tell(event: string, value?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }
  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return true;
  }
  cork(): void {
    this.corked++;
  }
  uncork(): void {
    this.corked--;
  }
  pause(): void {}
  resume(): void {}
  setTimeout(ms: number, end: () => void): void {
    this.idle = { ms, end };
  }
  destroySoon(): void {
    this.destroy();
  }
  destroy(): void {
    this.destroyed = true;
    this.tell('close');
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 10));
const accepted = concat(multistreamMessage(MULTISTREAM), multistreamMessage('/noise'));

async function dial() {
  const privateKey = await generateKeyPair('Ed25519');
  const socket = new PlayedSocket();
  const upgrade = createEagerUpgrade({
    privateKey,
    peerId: peerIdFromPrivateKey(privateKey),
    logger,
    upgrader: { getStreamMuxers: () => new Map() } as never,
  });
  const address = multiaddr('/ip4/127.0.0.1/tcp/1');
  const made = upgrade(socket, { address, log }, {
    signal: AbortSignal.timeout(5_000),
    upgrader: {
      upgradeOutbound: async () => {
        throw new Error('must not come so far');
      },
    },
  } as unknown as DialTransportOptions);
  const failed = made.then(
    () => 'no failure',
    (error: Error) => `${error.name} ${error.message}`,
  );
  await turn();
  return { socket, failed };
}

describe('an eager dial', () => {
  it('sends the proposal and the first message of Noise without waiting', async () => {
    const { socket, failed } = await dial();
    const sent = concat(...socket.written);
    expect(sent.subarray(0, accepted.length)).toEqual(accepted);
    // Noise XX begins with an ephemeral key of 32 bytes behind a length of two.
    expect([...sent.subarray(accepted.length, accepted.length + 2)]).toEqual([0, 32]);
    expect(sent).toHaveLength(accepted.length + 34);
    expect(socket.corked).toBe(0);
    socket.tell('end');
    expect(await failed).not.toBe('no failure');
  });

  it('takes the acceptance in any pieces, and judges what follows as Noise', async () => {
    const { socket, failed } = await dial();
    for (const byte of accepted.subarray(0, -1)) socket.tell('data', Uint8Array.of(byte));
    await turn();
    expect(socket.destroyed).toBe(false);
    // The last byte of the acceptance comes with a message of Noise that is none.
    socket.tell('data', concat(accepted.subarray(-1), Uint8Array.of(0, 3, 1, 2, 3)));
    expect(await failed).not.toContain('does not speak Noise');
    expect(socket.destroyed).toBe(true);
  });

  it.each([0, 1, accepted.length - 1])('leaves whoever differs in byte %d', async (at) => {
    const { socket, failed } = await dial();
    socket.tell('data', accepted.subarray(0, at));
    expect(socket.destroyed).toBe(false);
    socket.tell('data', Uint8Array.of((accepted[at] ?? 0) ^ 1));
    expect(socket.destroyed).toBe(true);
    expect(await failed).not.toBe('no failure');
  });

  it('is over after ten minutes without a byte, and when the socket fails', async () => {
    const silent = await dial();
    expect(silent.socket.idle?.ms).toBe(600_000);
    silent.socket.idle?.end();
    expect(await silent.failed).not.toBe('no failure');
    expect(silent.socket.destroyed).toBe(true);
    const broken = await dial();
    broken.socket.tell('error', new Error('ECONNRESET'));
    expect(await broken.failed).not.toBe('no failure');
    expect(broken.socket.destroyed).toBe(true);
  });
});
