import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { arrowStream } from '../../../enclave/data/arrow.ts';
import { type Cell, ColumnBuilder, columnText } from '../../../enclave/data/column.ts';
import { columnLeaf, rootOfPath } from '../../../enclave/data/commitment.ts';
import { openDatasets } from '../../../enclave/data/open.ts';
import { readDataset } from '../../../enclave/data/read.ts';
import { createFileSource, type DatasetSource } from '../../../enclave/data/source.ts';
import { toHex, utf8 } from '../../../shared/bytes.ts';
import { type DatasetConfig, parseNodeConfig } from '../../../shared/policy/node-config.ts';

const examples = join(import.meta.dirname, '../../../examples');
const folder = mkdtempSync(join(tmpdir(), 'nmp-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const dataset: DatasetConfig = {
  id: 'd',
  format: 'csv',
  path: 'd.csv',
  classification: 'confidential',
  salt: '11'.repeat(32),
  columns: [
    { name: 'a', type: 'utf8' },
    { name: 'b', type: 'int32' },
    { name: 'c', type: 'bool' },
  ],
};
const content = utf8('a,b,c\nx,1,true\n,,\ny,-3,false\n');
const source: DatasetSource = { read: () => Promise.resolve(content) };
const random = { bytes: (length: number) => new Uint8Array(length).fill(0x11) };
const open = (...datasets: DatasetConfig[]) => openDatasets({ datasets }, { source, random });

describe('openDatasets', () => {
  it('describes what it holds', async () => {
    const store = await open(dataset, { ...dataset, id: 'e' });
    expect(store.list().map((d) => d.id)).toEqual(['d', 'e']);
    expect(store.get('d')).toMatchObject({
      id: 'd',
      rows: 3,
      classification: 'confidential',
      columns: [
        { name: 'a', type: 'utf8' },
        { name: 'b', type: 'int32' },
        { name: 'c', type: 'bool' },
      ],
    });
    expect(store.get('d').commitment).toHaveLength(32);
  });

  it('projects onto exactly the named columns, in their order', async () => {
    const store = await open(dataset);
    const table = tableFromIPC(store.project('d', ['c', 'a']));
    expect(table.batches).toHaveLength(1);
    expect(table.schema.fields.map((field) => `${field.name} ${field.type}`)).toEqual([
      'c Bool',
      'a Utf8',
    ]);
    expect(table.toArray().map((row) => row?.toJSON())).toEqual([
      { c: true, a: 'x' },
      { c: null, a: null },
      { c: false, a: 'y' },
    ]);
    // The bytes of the column that was not asked for are not there either.
    const without = Buffer.from(store.project('d', ['b']));
    expect(without.includes('x')).toBe(false);
    expect(Buffer.from(store.project('d', ['a'])).includes('x')).toBe(true);
  });

  it('gives the same projection again, and keeps only so many', async () => {
    const wide: DatasetConfig = {
      ...dataset,
      columns: Array.from({ length: 40 }, (_, at) => ({ name: `n${at}`, from: 'a', type: 'utf8' })),
    };
    const store = await open(wide);
    const first = store.project('d', ['n0']);
    expect(store.project('d', ['n0'])).toBe(first);
    for (let at = 1; at < 40; at++) store.project('d', [`n${at}`]);
    const again = store.project('d', ['n0']);
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });

  it('gives the cells as text for the egress match', async () => {
    const store = await open(dataset);
    expect(store.cells('d', ['b', 'c'])).toEqual({
      dataset: 'd',
      columns: [
        { name: 'b', values: ['1', null, '-3'] },
        { name: 'c', values: ['true', null, 'false'] },
      ],
    });
  });

  it('proves columns against the commitment without opening the others', async () => {
    const store = await open(dataset);
    const columns = readDataset(dataset, content);
    const proofs = store.prove('d', ['c', 'a']);
    expect(proofs.map((proof) => proof.name)).toEqual(['c', 'a']);
    for (const proof of proofs) {
      const leaf = columnLeaf(columns[proof.index]!, proof.salt);
      const root = rootOfPath(leaf, proof.index, proof.columns, proof.path);
      expect(toHex(root!)).toBe(toHex(store.get('d').commitment));
    }
    expect(toHex(proofs[0]!.salt)).not.toBe(toHex(proofs[1]!.salt));
  });

  it('takes a fresh salt if none is declared', async () => {
    const { salt: _, ...fresh } = dataset;
    const a = await open(fresh);
    expect(a.get('d').commitment).toEqual((await open(dataset)).get('d').commitment);
    const other = { bytes: (length: number) => new Uint8Array(length).fill(0x22) };
    const b = await openDatasets({ datasets: [fresh] }, { source, random: other });
    expect(b.get('d').commitment).not.toEqual(a.get('d').commitment);
  });

  it.each([
    ['an unknown dataset', 'e', ['a']],
    ['an unknown column', 'd', ['a', 'z']],
    ['what every object has', 'd', ['constructor']],
    ['no column', 'd', []],
    ['a column twice', 'd', ['a', 'a']],
  ])('refuses to read %s', async (_, id, columns) => {
    const store = await open(dataset);
    const unknown = expect.objectContaining({ code: 'DATA_UNKNOWN' });
    expect(() => store.project(id, columns)).toThrow(unknown);
    expect(() => store.cells(id, columns)).toThrow(unknown);
    expect(() => store.prove(id, columns)).toThrow(unknown);
    if (id === 'e') expect(() => store.get(id)).toThrow(unknown);
  });

  it('opens the example data', async () => {
    const text = readFileSync(join(examples, 'nmp.node.json'), 'utf8');
    const config = parseNodeConfig(text, 'nmp.node.json');
    const store = await openDatasets(config, {
      source: createFileSource({ folder: examples }),
      random,
    });
    expect(store.list().map(({ id, rows }) => [id, rows])).toEqual([
      ['patients', 300],
      ['conditions', 1588],
      ['blood_pressure', 957],
      ['hba1c', 510],
      ['transactions', 8000],
    ]);
    // Every row can be joined, and every granted cell of the joins has a value.
    const patients = new Set(store.cells('patients', ['id']).columns[0]!.values);
    expect(patients.size).toBe(300);
    for (const id of ['conditions', 'blood_pressure']) {
      const [keys] = store.cells(id, ['patient_id']).columns;
      expect(keys!.values.every((key) => patients.has(key))).toBe(true);
    }
    const { columns } = store.cells('patients', ['ssn', 'birth_sex', 'birth_date', 'family']);
    for (const column of columns) expect(column.values).not.toContain(null);
    expect(store.cells('blood_pressure', ['systolic']).columns[0]!.values).not.toContain(null);
  });
});

describe('arrowStream', () => {
  const cells = {
    utf8: fc.option(fc.string({ unit: 'grapheme', maxLength: 12 })),
    int32: fc.option(fc.integer()),
    float64: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    bool: fc.option(fc.boolean()),
  };
  const rows = fc.array(fc.record(cells), { maxLength: 40 });

  it('is read by Arrow as what was put in, and the text form agrees', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const columns = (['utf8', 'int32', 'float64', 'bool'] as const).map((type) => {
          const builder = new ColumnBuilder(type, type);
          for (const row of list) builder.push(row[type]);
          return builder.finish();
        });
        const table = tableFromIPC(arrowStream(columns));
        expect(table.numRows).toBe(list.length);
        expect(table.batches).toHaveLength(1);
        columns.forEach((column) => {
          const expected: Cell[] = list.map((row) => row[column.type]);
          expect([...table.getChild(column.name)!]).toEqual(expected);
          const text = expected.map((cell) => (cell === null ? null : String(cell)));
          expect(columnText(column).map((cell) => (cell === '-0' ? '0' : cell))).toEqual(text);
        });
      }),
    );
  });
});

describe('createFileSource', () => {
  const files = createFileSource({ folder });
  const config = (path: string): DatasetConfig => ({ ...dataset, path });

  it('reads a file relative to the configuration', async () => {
    writeFileSync(join(folder, 'd.csv'), content);
    expect(await files.read(config('d.csv'), content.length)).toEqual(content);
  });

  it.each([
    ['a missing file', 'none.csv', 100, 'DATA_UNREADABLE'],
    ['a folder', '.', 1_000_000, 'DATA_UNREADABLE'],
    ['a file beyond the limit', 'd.csv', 5, 'DATA_LIMIT'],
  ])('refuses %s and names it', async (_, path, max, code) => {
    writeFileSync(join(folder, 'd.csv'), content);
    await expect(files.read(config(path), max)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.')}: `)),
    });
  });
});
