import { describe, expect, it } from 'vitest';
import { openDatasets } from '../../../enclave/data/open.ts';
import { rowsRead } from '../../../enclave/data/rows-read.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';

const ROWS = Array.from({ length: 100 }, (_, i) => ({
  word: i % 10 === 3 ? '' : `word-${i}`,
  count: 0x01010101 * (1 + (i % 100)),
  share: i + 0.5,
  known: i % 2 === 0,
}));
const NAMES = ['word', 'count', 'share', 'known'] as const;

async function inputOf(columns: readonly string[]): Promise<Uint8Array> {
  const config = parseNodeConfig(
    JSON.stringify({
      version: 1,
      datasets: [
        {
          id: 'cells',
          format: 'ndjson',
          path: 'cells.ndjson',
          classification: 'internal',
          columns: [
            { name: 'word', type: 'utf8' },
            { name: 'count', type: 'int32' },
            { name: 'share', type: 'float64' },
            { name: 'known', type: 'bool' },
          ],
        },
      ],
      capabilities: [],
    }),
    'nmp.node.json',
  );
  const text = ROWS.map((row) => JSON.stringify(row)).join('\n');
  const store = await openDatasets(config, {
    source: { read: async () => new TextEncoder().encode(text) },
    random: { bytes: (length) => new Uint8Array(length) },
  });
  const stream = store.project('cells', columns);
  return encodeGuestInput({
    arguments: {},
    tables: [
      { name: 'cells', stream },
      { name: 'other', stream },
    ],
  });
}

/** Where in the input the cells of a row lie, found by their bytes. */
function place(input: Uint8Array, bytes: Uint8Array): { start: number; end: number } {
  const start = Buffer.from(input).indexOf(bytes);
  expect(start).toBeGreaterThan(0);
  return { start, end: start + bytes.length };
}
const int32 = (value: number) => new Uint8Array(Int32Array.of(value).buffer);
const float64 = (value: number) => new Uint8Array(Float64Array.of(value).buffer);
const utf8 = (text: string) => new TextEncoder().encode(text);

describe('rows read', () => {
  it('are all, of all, if the whole input was read', async () => {
    const input = await inputOf(NAMES);
    expect(rowsRead(input, [{ start: 0, end: input.length }])).toBeUndefined();
  });

  it('are none if only metadata was, and not counted if nothing was', async () => {
    const input = await inputOf(NAMES);
    expect(rowsRead(input, [])).toEqual(new Map());
    expect(rowsRead(input, [{ start: 0, end: 48 }])).toEqual(new Map());
    expect(rowsRead(input, [{ start: 0, end: 64 }])).toEqual(new Map([['cells', 0]]));
  });

  it.each<[string, (typeof NAMES)[number], Uint8Array]>([
    ['a number', 'count', int32(0x01010101 * 41)],
    ['a fraction', 'share', float64(40.5)],
    ['a text', 'word', utf8('word-40')],
  ])('are one if %s was', async (_, column, bytes) => {
    const input = await inputOf([column]);
    const found = place(input, bytes);
    expect(rowsRead(input, [found])).toEqual(new Map([['cells', 1]]));
    // A byte of it is enough, and one more is the next row's.
    expect(rowsRead(input, [{ start: found.start + 2, end: found.start + 3 }])).toEqual(
      new Map([['cells', 1]]),
    );
    expect(rowsRead(input, [{ start: found.start, end: found.end + 1 }])).toEqual(
      new Map([['cells', 2]]),
    );
  });

  it('are those of any column, each once, of each table by itself', async () => {
    const input = await inputOf(NAMES);
    const share = place(input, float64(40.5));
    const word = place(input, utf8('word-40'));
    const other = place(input, utf8('word-41'));
    expect(rowsRead(input, [word, share])).toEqual(new Map([['cells', 1]]));
    expect(rowsRead(input, [other, share])).toEqual(new Map([['cells', 2]]));
    const first = place(input, utf8('word-0')).start;
    const all = { start: first, end: input.length };
    const counts = rowsRead(input, [all]);
    expect(counts?.get('other')).toBe(ROWS.length);
  });

  it('of flags come eight at a time', async () => {
    const input = await inputOf(['known']);
    const bits = place(
      input,
      Uint8Array.from({ length: 12 }, () => 0x55),
    );
    expect(rowsRead(input, [{ start: bits.start + 1, end: bits.start + 2 }])).toEqual(
      new Map([['cells', 8]]),
    );
  });
});
