import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../shared/bytes.ts';
import { encodeCbor } from '../../../shared/wire/cbor.ts';
import {
  encodeLinkMessage,
  LINK_BODY_BYTES_MAX,
  LINK_WORDS,
  LinkMessages,
} from '../../../shared/wire/job-link.ts';
import { codeOf } from '../../support/code-of.ts';

const name = 'A'.repeat(22);
const framed = (message: Uint8Array) => {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, message.length);
  return concat(head, message);
};
const refusal = (bytes: Uint8Array) => codeOf(() => new LinkMessages().push(bytes));

describe('the link for proof jobs', () => {
  it('comes back as it went, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            word: fc.constantFrom(...LINK_WORDS),
            name: fc.stringMatching(/^[\w-]{22}$/),
            body: fc.uint8Array({ maxLength: 300 }),
          }),
          { maxLength: 5 },
        ),
        fc.integer({ min: 1, max: 64 }),
        (messages, step) => {
          const bytes = concat(...messages.map(encodeLinkMessage));
          const reader = new LinkMessages();
          const got = [];
          for (let at = 0; at < bytes.length; at += step) {
            got.push(...reader.push(bytes.slice(at, at + step)));
          }
          expect(got).toEqual(messages.map((m) => ({ ...m, body: Uint8Array.from(m.body) })));
        },
      ),
    );
  });

  it('takes the longest body, and nothing longer', () => {
    const longest = { word: 'mail', name, body: new Uint8Array(LINK_BODY_BYTES_MAX) } as const;
    expect(new LinkMessages().push(encodeLinkMessage(longest))).toEqual([longest]);
    const longer = encodeLinkMessage({ ...longest, body: new Uint8Array(LINK_BODY_BYTES_MAX + 1) });
    expect(refusal(longer)).toBe('FRAME_MALFORMED');
    expect(refusal(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toBe('FRAME_SIZE');
    expect(refusal(new Uint8Array(4))).toBe('FRAME_SIZE');
  });

  it.each([
    [
      'an unknown word',
      [
        ['word', 'run'],
        ['name', name],
        ['body', new Uint8Array(0)],
      ],
    ],
    [
      'a name of another form',
      [
        ['word', 'mail'],
        ['name', 'patients'],
        ['body', new Uint8Array(0)],
      ],
    ],
    [
      'a body of text',
      [
        ['word', 'mail'],
        ['name', name],
        ['body', 'x'],
      ],
    ],
    [
      'another order',
      [
        ['name', name],
        ['word', 'mail'],
        ['body', new Uint8Array(0)],
      ],
    ],
    [
      'a field too many',
      [
        ['word', 'mail'],
        ['name', name],
        ['body', new Uint8Array(0)],
        ['x', 1],
      ],
    ],
  ] as const)('refuses %s', (_, entries) => {
    const map = new Map<string, string | Uint8Array | number>(entries.map(([k, v]) => [k, v]));
    expect(refusal(framed(encodeCbor(map)))).toBe('FRAME_MALFORMED');
  });
});
