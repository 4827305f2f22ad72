import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalBytes, toHex, utf8 } from '../../../shared/bytes.ts';
import {
  ARGUMENTS_BYTES_MAX,
  decodeGuestInput,
  encodeGuestInput,
  GUEST_INPUT_BYTES_MAX,
} from '../../../shared/wire/guest-input.ts';

const stream = Uint8Array.of(1, 2, 3);
const sample = () =>
  encodeGuestInput({ arguments: { b: 1, a: [] }, tables: [{ name: 't', stream }] });

/** The sample with one byte set. */
function changed(at: number, value: number): Uint8Array {
  const bytes = sample();
  bytes[at] = value;
  return bytes;
}

const code = (code: string) => expect.objectContaining({ code });

describe('guest input', () => {
  it('has the layout of docs/protocol.md', () => {
    expect(toHex(sample())).toBe(
      [
        '4e4d5049', // NMPI
        '01000000',
        '0e000000',
        '01000000',
        `${toHex(utf8('{"a":[],"b":1}'))}0000`,
        '01000000',
        '00000000',
        '0300000000000000',
        '7400000000000000',
        '0102030000000000',
      ].join(''),
    );
  });

  const tables = fc.uniqueArray(
    fc.record({
      name: fc
        .string({ minLength: 1, maxLength: 16, unit: 'grapheme' })
        .filter((n) => utf8(n).length <= 64),
      stream: fc.uint8Array({ maxLength: 64 }),
    }),
    { selector: (table) => table.name, maxLength: 16 },
  );

  it('decodes what it encodes, and only that', () => {
    fc.assert(
      fc.property(fc.jsonValue(), tables, (args, list) => {
        const bytes = encodeGuestInput({
          arguments: JSON.parse(JSON.stringify(args)),
          tables: list,
        });
        expect(bytes.length % 8).toBe(0);
        const back = decodeGuestInput(bytes);
        expect(back.arguments).toEqual(JSON.parse(JSON.stringify(args)));
        expect(back.tables.map((t) => t.name)).toEqual(list.map((t) => t.name));
        back.tables.forEach((table, at) => {
          expect(equalBytes(table.stream, list[at]!.stream)).toBe(true);
        });
        expect(equalBytes(encodeGuestInput(back), bytes)).toBe(true);
      }),
    );
  });

  it('never accepts a second encoding of the same input', () => {
    fc.assert(
      fc.property(fc.nat(sample().length - 1), fc.integer({ min: 1, max: 255 }), (at, xor) => {
        const bytes = sample();
        bytes[at] = bytes[at]! ^ xor;
        try {
          expect(equalBytes(encodeGuestInput(decodeGuestInput(bytes)), bytes)).toBe(true);
        } catch (error) {
          expect(['GUEST_INPUT_MALFORMED', 'GUEST_INPUT_LIMIT']).toContain(
            Reflect.get(Object(error), 'code'),
          );
        }
      }),
    );
  });

  it.each([
    ['a wrong magic', changed(0, 0x4f)],
    ['another version', changed(4, 2)],
    ['arguments that are not JSON', changed(16, 0x5b)],
    ['arguments that are not canonical', changed(30, 0x20)],
    ['arguments that are not UTF-8', changed(18, 0xff)],
    ['padding that is not zero', changed(31, 1)],
    ['a reserved field that is not zero', changed(36, 1)],
    ['an empty table name', changed(32, 0)],
    ['a table name beyond 64 bytes', changed(32, 65)],
    ['a table name that is not UTF-8', changed(48, 0xff)],
    ['a stream beyond the end', changed(40, 9)],
    ['a stream length of 64 bits', changed(47, 0x80)],
    ['fewer tables than there are', changed(12, 0)],
    ['more tables than there are', changed(12, 2)],
    ['a truncated input', sample().subarray(0, 52)],
    ['an empty input', new Uint8Array(0)],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeGuestInput(bytes)).toThrow(code('GUEST_INPUT_MALFORMED'));
  });

  it.each([
    ['more than 16 tables', changed(12, 17)],
    ['declared arguments beyond 1 MiB', changed(11, 1)],
    ['an input beyond 50 MiB', new Uint8Array(GUEST_INPUT_BYTES_MAX + 1)],
  ])('refuses %s before it reads on', (_, bytes) => {
    expect(() => decodeGuestInput(bytes)).toThrow(code('GUEST_INPUT_LIMIT'));
  });

  it('refuses two tables of one name on both sides', () => {
    const two = [
      { name: 'a', stream },
      { name: 'b', stream },
    ];
    const bytes = encodeGuestInput({ arguments: null, tables: two });
    bytes[bytes.lastIndexOf(0x62)] = 0x61;
    expect(() => decodeGuestInput(bytes)).toThrow(code('GUEST_INPUT_MALFORMED'));
    const same = two.map((table) => ({ ...table, name: 'a' }));
    expect(() => encodeGuestInput({ arguments: null, tables: same })).toThrow(
      code('GUEST_INPUT_MALFORMED'),
    );
  });

  it.each([
    ['arguments that are no JSON', { arguments: Number.NaN, tables: [] }, 'GUEST_INPUT_MALFORMED'],
    ['an empty name', { arguments: 1, tables: [{ name: '', stream }] }, 'GUEST_INPUT_MALFORMED'],
    [
      'a lone surrogate as name',
      { arguments: 1, tables: [{ name: '\ud800', stream }] },
      'GUEST_INPUT_MALFORMED',
    ],
    [
      'a long name',
      { arguments: 1, tables: [{ name: 'n'.repeat(65), stream }] },
      'GUEST_INPUT_LIMIT',
    ],
    [
      'long arguments',
      { arguments: 'a'.repeat(ARGUMENTS_BYTES_MAX), tables: [] },
      'GUEST_INPUT_LIMIT',
    ],
    [
      'too many tables',
      { arguments: 1, tables: Array.from({ length: 17 }, (_, at) => ({ name: `t${at}`, stream })) },
      'GUEST_INPUT_LIMIT',
    ],
    [
      'tables beyond 50 MiB',
      { arguments: 1, tables: [{ name: 't', stream: new Uint8Array(GUEST_INPUT_BYTES_MAX) }] },
      'GUEST_INPUT_LIMIT',
    ],
  ])('does not encode %s', (_, input, expected) => {
    expect(() => encodeGuestInput(input)).toThrow(code(expected));
  });
});
