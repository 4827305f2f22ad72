import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BuiltModule, buildLogic } from '../../../client/author/build.ts';
import { arrowStream } from '../../../enclave/data/arrow.ts';
import { type Cell, ColumnBuilder } from '../../../enclave/data/column.ts';
import { concat, utf8 } from '../../../shared/bytes.ts';
import type { CellType } from '../../../shared/policy/node-config.ts';
import type { JsonValue } from '../../../shared/wire/canonical-json.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { runGuest } from './run-guest.ts';

const SCHEMA: readonly (readonly [string, CellType])[] = [
  ['a', 'utf8'],
  ['b', 'int32'],
  ['c', 'float64'],
  ['d', 'bool'],
];

function tableOf(rows: readonly (readonly Cell[])[], schema = SCHEMA): Uint8Array {
  const columns = schema.map(([name, type], at) => {
    const builder = new ColumnBuilder(name, type);
    for (const row of rows) builder.push(row[at] ?? null);
    return builder.finish();
  });
  return arrowStream(columns);
}

const inputOf = (args: JsonValue, rows: readonly (readonly Cell[])[], schema = SCHEMA) =>
  encodeGuestInput({ arguments: args, tables: [{ name: 't', stream: tableOf(rows, schema) }] });

/** An input whose arguments are any text; the node would not let it through. */
function withArguments(text: string): Uint8Array {
  const args = utf8(text);
  const padding = new Uint8Array((8 - (args.length % 8)) % 8);
  const template = inputOf(0, sample);
  const header = template.slice(0, 16);
  new DataView(header.buffer).setUint32(8, args.length, true);
  return concat(header, args, padding, template.subarray(24));
}

/** What echo.ts makes of an argument: members are wrapped in arrays. */
function echoed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(echoed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, [echoed(item)]]));
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const sample: readonly (readonly Cell[])[] = [
  ['x', 1, 0.5, true],
  [null, null, null, null],
  ['\u00fc\u{1f600}', -7, 1e300, false],
];

describe.each(['stub', 'incremental'] as const)('guest library, %s runtime', (runtime) => {
  let echo: BuiltModule;
  beforeAll(async () => {
    echo = await buildLogic(join(import.meta.dirname, 'assembly/echo.ts'), { runtime });
  });

  it('reads what the node writes: arguments and cells of every type', async () => {
    const row = fc.tuple(
      fc.option(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constant('x'))),
      fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
      fc.option(fc.boolean()),
    );
    const args = fc
      .jsonValue({ maxDepth: 3 })
      .filter((value) => JSON.stringify(value) !== undefined);
    await fc.assert(
      fc.asyncProperty(args, fc.array(row, { maxLength: 20 }), async (value, rows) => {
        const output = await runGuest(echo.bytes, inputOf(JSON.parse(JSON.stringify(value)), rows));
        const parsed: { args: unknown[]; rows: unknown[][] } = JSON.parse(output);
        expect(parsed.args).toEqual([plain(echoed(plain(value)))]);
        expect(parsed.rows).toEqual(plain(rows.map((cells) => [...cells, cells[0] === 'x'])));
      }),
      { numRuns: 150 },
    );
  });

  it('traps on every truncated input', async () => {
    const input = inputOf({ a: 1 }, sample);
    for (let length = 0; length < input.length; length += 8) {
      await expect(runGuest(echo.bytes, input.slice(0, length))).rejects.toThrow(
        WebAssembly.RuntimeError,
      );
    }
  });

  it('traps or answers on damaged input, and never reads outside it', async () => {
    // What lies behind the input must never show up in an answer.
    const input = inputOf({ a: 1 }, sample);
    let trapped = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(input.length - 1),
        fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff),
        async (at, value) => {
          const damaged = input.slice();
          damaged[at] = value;
          try {
            const output = await runGuest(echo.bytes, damaged, new Uint8Array(4096).fill(0x51));
            expect(output).not.toContain('QQQQ');
            JSON.parse(output);
          } catch (error) {
            expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
            trapped++;
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(trapped).toBeGreaterThan(20);
  });

  it.each<[string, readonly (readonly [string, CellType])[]]>([
    ['a column is missing', SCHEMA.slice(0, 3)],
    ['a column has another type', [['a', 'int32'], ...SCHEMA.slice(1)]],
  ])('traps if %s', async (_, schema) => {
    await expect(runGuest(echo.bytes, inputOf(1, [], schema))).rejects.toThrow(
      WebAssembly.RuntimeError,
    );
  });

  it("reads numbers exactly where the compiler's own parseFloat is wrong", async () => {
    const numbers = [
      9.008886246673961e38,
      2.5655678346444066e50,
      Number.MAX_VALUE,
      Number.MIN_VALUE,
      2.2250738585072014e-308,
      2.225073858507201e-308,
      1e23,
      1e22,
      1e-7,
      123456789012345680,
      0.1 + 0.2,
    ];
    const output: { args: unknown[] } = JSON.parse(
      await runGuest(echo.bytes, inputOf(numbers, [])),
    );
    expect(output.args).toEqual([numbers]);
  });

  it.each([
    '',
    '[',
    '[1',
    '[1,]',
    '{"a":1,}',
    '{"a"}',
    '{a:1}',
    "['a']",
    'tru',
    'nul',
    '01',
    '-',
    '1.',
    '.5',
    '1e',
    '+1',
    '0x1',
    '1e999',
    '"a',
    '"\\x"',
    '"\\u12"',
    '"\u0001"',
    '1 2',
    '[1]]',
    'NaN',
    '['.repeat(70) + ']'.repeat(70),
    `0.${'1'.repeat(60)}`,
  ])('traps on arguments that are not JSON: %j', async (text) => {
    await expect(runGuest(echo.bytes, withArguments(text))).rejects.toThrow(
      WebAssembly.RuntimeError,
    );
  });

  it('takes arguments that are JSON but not canonical', async () => {
    const text = ' { "a" : [ 1.50 , "\\u0041\\n\\/" ] } ';
    const output: { args: unknown[] } = JSON.parse(await runGuest(echo.bytes, withArguments(text)));
    expect(output.args).toEqual([{ a: [[1.5, 'A\n/']] }]);
  });

  it('traps if the table is missing', async () => {
    const input = encodeGuestInput({ arguments: 1, tables: [{ name: 'u', stream: tableOf([]) }] });
    await expect(runGuest(echo.bytes, input)).rejects.toThrow(WebAssembly.RuntimeError);
  });
});
