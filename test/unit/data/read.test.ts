import { describe, expect, it } from 'vitest';
import { columnText } from '../../../enclave/data/column.ts';
import { DATASET_LIMITS } from '../../../enclave/data/limits.ts';
import { readDataset } from '../../../enclave/data/read.ts';
import { concat, utf8 } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import type { DatasetConfig } from '../../../shared/policy/node-config.ts';

const SECRET = 'Vz7-secret';
const columns = [
  { name: 'a', type: 'utf8' },
  { name: 'b', type: 'int32' },
  { name: 'c', type: 'float64' },
  { name: 'd', type: 'bool' },
] as const;
const common = { id: 'x', path: 'x.txt', classification: 'internal' } as const;
const csv: DatasetConfig = { ...common, format: 'csv', columns: [...columns] };
const ndjson: DatasetConfig = {
  ...common,
  format: 'ndjson',
  columns: [...columns.slice(0, 3), { name: 'd', from: 'deep.flag', type: 'bool' }],
};

const read = (config: DatasetConfig, content: string | Uint8Array, limits = {}) =>
  readDataset(config, typeof content === 'string' ? utf8(content) : content, {
    ...DATASET_LIMITS,
    ...limits,
  }).map(columnText);

/** The refusal of `content`, which must name file and line and nothing of the content. */
function refusal(config: DatasetConfig, content: string | Uint8Array, limits = {}): NmpError {
  try {
    read(config, content, limits);
  } catch (error) {
    if (!(error instanceof NmpError)) throw error;
    expect(error.message).not.toContain(SECRET);
    expect(String(error.cause)).not.toContain(SECRET);
    return error;
  }
  throw new Error('was not refused');
}

const HEADER = 'a,b,c,d\n';

describe('csv', () => {
  it('reads quotes, escapes, line ends of both kinds, nulls and a byte order mark', () => {
    const text =
      '\ufeffd,c,b,a\r\ntrue,1.5,-2147483648,"x""y, z"\r\nfalse,-0.5e2,2147483647,"two\nlines"\n,,,\n,,,""\n';
    expect(read(csv, text)).toEqual([
      ['x"y, z', 'two\nlines', null, ''],
      ['-2147483648', '2147483647', null, null],
      ['1.5', '-50', null, null],
      ['true', 'false', null, null],
    ]);
  });

  it('needs no line end at the end, and takes a table without rows', () => {
    expect(read(csv, `${HEADER}x,1,1,true`)[0]).toEqual(['x']);
    expect(read(csv, 'a,b,c,d')).toEqual([[], [], [], []]);
  });

  it('takes another delimiter and another header name', () => {
    const config: DatasetConfig = {
      ...common,
      format: 'csv',
      delimiter: ';',
      columns: [{ name: 'a', from: 'The A', type: 'utf8' }],
    };
    expect(read(config, 'x;The A\n1;2,3\n')).toEqual([['2,3']]);
  });

  it.each([
    ['no header', '', 1, 'the header line is missing'],
    ['a header without a column', 'a,b,c\n', 1, 'the header has no field for column d'],
    ['a header with a field twice', 'a,b,c,d,a\n', 1, 'the field of column a twice'],
    ['too few fields', `${HEADER}${SECRET},1,1\n`, 2, '3 fields where the header has 4'],
    ['too many fields', `${HEADER}x,1,1,true\n${SECRET},1,1,true,1\n`, 3, '5 fields'],
    ['an empty line', `${HEADER}\n`, 2, '1 fields where the header has 4'],
    ['text after a quote', `${HEADER}"${SECRET}"x,1,1,true\n`, 2, 'text follows a closing quote'],
    ['a quote inside a field', `${HEADER}x"${SECRET}",1,1,true\n`, 2, 'a quote inside'],
    ['a quote without end', `${HEADER}x,1,1,true\n"${SECRET}\n\n`, 3, 'does not end'],
    ['a lone carriage return', `${HEADER}${SECRET}\rx,1,1,true\n`, 2, 'carriage return'],
    ['a word as int32', `${HEADER}x,${SECRET},1,true\n`, 2, 'column b: the value is no int32'],
    ['an int32 out of range', `${HEADER}x,2147483648,1,true\n`, 2, 'column b'],
    ['an int32 with a plus', `${HEADER}x,+1,1,true\n`, 2, 'column b'],
    ['an int32 with leading zeros', `${HEADER}x,007,1,true\n`, 2, 'column b'],
    ['a quoted empty int32', `${HEADER}x,"",1,true\n`, 2, 'column b'],
    ['a hexadecimal float64', `${HEADER}x,1,0x10,true\n`, 2, 'column c: the value is no float64'],
    ['an infinite float64', `${HEADER}x,1,1e999,true\n`, 2, 'column c'],
    ['NaN', `${HEADER}x,1,NaN,true\n`, 2, 'column c'],
    ['TRUE as bool', `${HEADER}x,1,1,TRUE\n`, 2, 'column d: the value is no bool'],
  ])('refuses %s', (_, content, line, what) => {
    const error = refusal(csv, content);
    expect(error.code).toBe('DATA_MALFORMED');
    expect(error.message).toMatch(new RegExp(`^x\\.txt:${line}: `));
    expect(error.message).toContain(what);
  });

  it('counts the lines inside quoted fields', () => {
    const error = refusal(csv, `${HEADER}"a\nb\nc",1,1,true\nx,y,1,true\n`);
    expect(error.message).toMatch(/^x\.txt:5: /);
  });

  it('refuses bytes that are not UTF-8', () => {
    const error = refusal(
      csv,
      concat(utf8(`${HEADER}x`), Uint8Array.of(0xff), utf8(',1,1,true\n')),
    );
    expect(error.message).toBe('x.txt:2: the field is not UTF-8');
  });

  it('refuses more fields than a record may have', () => {
    expect(refusal(csv, ','.repeat(5000)).code).toBe('DATA_LIMIT');
  });

  it('refuses a quoted field that outgrows the record while it is read', () => {
    const error = refusal(csv, `${HEADER}"${'x'.repeat(100)}`, { recordBytes: 50 });
    expect(error.code).toBe('DATA_LIMIT');
  });
});

describe('ndjson', () => {
  it('reads members, nested ones and nulls, with and without a last line end', () => {
    const text = '{"a":"x","b":1,"c":2.5,"deep":{"flag":true},"other":[1]}\r\n{"a":null}';
    expect(read(ndjson, text)).toEqual([
      ['x', null],
      ['1', null],
      ['2.5', null],
      ['true', null],
    ]);
  });

  it('takes an empty file as a table without rows', () => {
    expect(read(ndjson, '')).toEqual([[], [], [], []]);
  });

  it('does not look up what every object inherits', () => {
    const config: DatasetConfig = {
      ...common,
      format: 'ndjson',
      columns: [{ name: 'a', from: 'constructor.name', type: 'utf8' }],
    };
    expect(read(config, '{}\n')).toEqual([[null]]);
  });

  it.each([
    ['an empty line', '{"a":"x"}\n\n{"a":"y"}\n', 2, 'the line is not JSON'],
    ['broken JSON', `{"a":"${SECRET}"\n`, 1, 'the line is not JSON'],
    ['an array', `{}\n["${SECRET}"]\n`, 2, 'the record is not an object'],
    ['a text', `"${SECRET}"\n`, 1, 'the record is not an object'],
    ['null', 'null\n', 1, 'the record is not an object'],
    ['a number as utf8', '{"a":1}\n', 1, 'column a: the value is no utf8'],
    ['a text as int32', `{"b":"${SECRET}"}\n`, 1, 'column b: the value is no int32'],
    ['a fraction as int32', '{"b":1.5}\n', 1, 'column b'],
    ['an int32 out of range', '{"b":-2147483649}\n', 1, 'column b'],
    ['an infinite float64', '{"c":1e999}\n', 1, 'column c: the value is no float64'],
    ['a number as bool', '{"deep":{"flag":1}}\n', 1, 'column d: the value is no bool'],
    ['an object as a cell', `{"a":{"x":"${SECRET}"}}\n`, 1, 'column a'],
    ['a lone surrogate', '{"a":"\\ud800"}\n', 1, 'column a: lone surrogate'],
  ])('refuses %s', (_, content, line, what) => {
    const error = refusal(ndjson, content);
    expect(error.code).toBe('DATA_MALFORMED');
    expect(error.message).toMatch(new RegExp(`^x\\.txt:${line}: `));
    expect(error.message).toContain(what);
  });

  it('refuses bytes that are not UTF-8', () => {
    const bytes = concat(utf8('{"a":"'), Uint8Array.of(0xc3, 0x28), utf8('"}\n'));
    expect(refusal(ndjson, bytes).code).toBe('DATA_MALFORMED');
  });
});

describe('limits', () => {
  const three = '{"a":"x"}\n{"a":"y"}\n{"a":"z"}\n';
  it.each([
    ['the file', { fileBytes: 29 }, 'x.txt: longer than 29 bytes'],
    ['the number of rows', { rows: 2 }, 'x.txt:3: more than 2 rows'],
    ['a record', { recordBytes: 8 }, 'x.txt:1: the record is longer than 8 bytes'],
    ['a cell', { cellBytes: 0 }, 'x.txt:1: column a: text is longer than 0 bytes'],
  ])('bounds %s', (_, limits, message) => {
    expect(
      read(ndjson, three, { fileBytes: 30, rows: 3, recordBytes: 9, cellBytes: 1 })[0],
    ).toHaveLength(3);
    const error = refusal(ndjson, three, limits);
    expect(error.code).toBe('DATA_LIMIT');
    expect(error.message).toBe(message);
  });

  it('counts a cell in bytes, not characters', () => {
    expect(refusal(ndjson, '{"a":"\u20ac"}\n', { cellBytes: 2 }).code).toBe('DATA_LIMIT');
    expect(read(ndjson, '{"a":"\u20ac"}\n', { cellBytes: 3 })[0]).toEqual(['\u20ac']);
  });
});
