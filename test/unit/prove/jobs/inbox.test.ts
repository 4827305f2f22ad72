import { describe, expect, it } from 'vitest';
import { BoxFrames, openBoxMessage } from '../../../../enclave/prove/jobs/box-frames.ts';
import { Inbox } from '../../../../enclave/prove/jobs/inbox.ts';
import { decodeOffer, encodeOffer, sizeClass } from '../../../../enclave/prove/jobs/offer.ts';
import {
  decodeResult,
  encodeFailure,
  encodeReceipt,
} from '../../../../enclave/prove/jobs/result.ts';
import { concat, utf8 } from '../../../../shared/bytes.ts';
import { encodeCbor } from '../../../../shared/wire/cbor.ts';
import { FRAME_BYTES_MAX } from '../../../../shared/wire/constants.ts';
import { codeOf, codeOfAsync } from '../../../support/code-of.ts';

const soon = () => AbortSignal.timeout(50);

describe('what waits to be read', () => {
  it('comes in order, and ends when more waits than may', async () => {
    const inbox = new Inbox(10);
    inbox.push(Uint8Array.of(1));
    inbox.push(Uint8Array.of(2));
    expect([await inbox.next(soon()), await inbox.next(soon())]).toEqual([
      Uint8Array.of(1),
      Uint8Array.of(2),
    ]);
    for (let i = 0; i < 4; i++) inbox.push(new Uint8Array(3));
    for (let i = 0; i < 3; i++) await inbox.next(soon());
    expect(await codeOfAsync(inbox.next(soon()))).toBe('FRAME_SIZE');
  });

  it('is waited for until a time is over, or one end is', async () => {
    const inbox = new Inbox(10);
    expect(await codeOfAsync(inbox.next(soon()))).toBe('TIMEOUT');
    const waiting = codeOfAsync(inbox.next(AbortSignal.timeout(5_000)));
    const { NmpError } = await import('../../../../shared/errors.ts');
    inbox.end(new NmpError('CONNECTION_LOST'));
    expect(await waiting).toBe('CONNECTION_LOST');
  });

  it('is little of a sender that has not proved what it is, and a receipt of one that has', async () => {
    const frames = () => new BoxFrames({ send: () => undefined }, new Uint8Array(16), 'x');
    const fill = async (channel: BoxFrames) => {
      let read = 0;
      for (let i = 0; i < 40; i++) channel.push(new Uint8Array(FRAME_BYTES_MAX));
      for (;;) {
        try {
          await channel.read(soon());
          read++;
        } catch {
          return read;
        }
      }
    };
    expect(await fill(frames())).toBe(2);
    const proved = frames();
    proved.widen();
    expect(await fill(proved)).toBe(40);
    expect(await codeOfAsync(proved.write(new Uint8Array(FRAME_BYTES_MAX + 1)))).toBe('FRAME_SIZE');
  });

  it('is a message only with a sender and within a frame', () => {
    expect(openBoxMessage(new Uint8Array(15))).toBeUndefined();
    expect(openBoxMessage(new Uint8Array(16 + FRAME_BYTES_MAX + 1))).toBeUndefined();
    expect(openBoxMessage(concat(new Uint8Array(16), utf8('x')))).toEqual({
      from: 'A'.repeat(22),
      frame: utf8('x'),
    });
  });
});

describe('an offer', () => {
  const box = new Uint8Array(16).fill(1);
  const nonce = new Uint8Array(32).fill(2);

  it('says a size class and nothing finer', () => {
    expect([1, 2, 3, 4, 5, 9, 16, 99].map(sizeClass)).toEqual([1, 2, 4, 4, 8, 16, 16, 16]);
    expect(decodeOffer(encodeOffer(box, nonce, 3))).toMatchObject({ nonce, size: 4 });
    expect(encodeOffer(box, nonce, 3)).toEqual(encodeOffer(box, nonce, 4));
  });

  it.each([
    [
      'another version',
      [
        ['version', 2],
        ['box', box],
        ['nonce', nonce],
        ['size', 1],
      ],
    ],
    [
      'a size that is no class',
      [
        ['version', 1],
        ['box', box],
        ['nonce', nonce],
        ['size', 3],
      ],
    ],
    [
      'no size',
      [
        ['version', 1],
        ['box', box],
        ['nonce', nonce],
        ['size', 0],
      ],
    ],
    [
      'a short nonce',
      [
        ['version', 1],
        ['box', box],
        ['nonce', box],
        ['size', 1],
      ],
    ],
    [
      'a field more',
      [
        ['version', 1],
        ['box', box],
        ['nonce', nonce],
        ['size', 1],
        ['x', 1],
      ],
    ],
  ] as const)('is none with %s', (_, entries) => {
    const map = new Map<string, number | Uint8Array>(entries.map(([k, v]) => [k, v]));
    expect(codeOf(() => decodeOffer(encodeCbor(map)))).toBe('FRAME_MALFORMED');
  });
});

describe('a result', () => {
  it('is a receipt or a code of ours, and nothing else', () => {
    expect(decodeResult(encodeReceipt(utf8('receipt')))).toEqual(utf8('receipt'));
    expect(codeOf(() => decodeResult(encodeFailure('RECEIPT_PROVER')))).toBe('RECEIPT_PROVER');
    for (const bad of [
      new Uint8Array(0),
      Uint8Array.of(2),
      concat(Uint8Array.of(1), utf8('toString')),
      concat(Uint8Array.of(1), utf8('patient 4711')),
      concat(Uint8Array.of(1), new Uint8Array(100)),
    ]) {
      expect(codeOf(() => decodeResult(bad))).toBe('FRAME_MALFORMED');
    }
  });
});
