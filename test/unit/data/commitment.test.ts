import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Cell, ColumnBuilder } from '../../../enclave/data/column.ts';
import {
  columnLeaf,
  columnSalt,
  merklePath,
  merkleRoot,
  rootOfPath,
} from '../../../enclave/data/commitment.ts';
import { fromHex, toHex } from '../../../shared/bytes.ts';
import type { CellType } from '../../../shared/policy/node-config.ts';

interface Vector {
  readonly title: string;
  readonly salt: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: CellType;
    readonly cells: readonly Cell[];
    readonly salt: string;
    readonly leaf: string;
    readonly path: readonly string[];
  }[];
  readonly commitment: string;
}

const file = join(import.meta.dirname, '../../vectors/dataset-commitment.json');
const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(file, 'utf8'));

function build(name: string, type: CellType, cells: readonly Cell[]) {
  const builder = new ColumnBuilder(name, type);
  for (const cell of cells) builder.push(cell);
  return builder.finish();
}

describe('dataset commitment', () => {
  it.each(vectors)('agrees with the independent oracle: $title', (vector) => {
    const salt = fromHex(vector.salt)!;
    const leaves = vector.columns.map((column) => {
      const opened = columnSalt(salt, column.name);
      expect(toHex(opened)).toBe(column.salt);
      const leaf = columnLeaf(build(column.name, column.type, column.cells), opened);
      expect(toHex(leaf)).toBe(column.leaf);
      return leaf;
    });
    expect(toHex(merkleRoot(leaves))).toBe(vector.commitment);
    vector.columns.forEach((column, index) => {
      const path = merklePath(leaves, index);
      expect(path.map(toHex)).toEqual(column.path);
      expect(toHex(rootOfPath(leaves[index]!, index, leaves.length, path)!)).toBe(
        vector.commitment,
      );
    });
  });

  it('changes with every part of a column', () => {
    const salt = new Uint8Array(32).fill(1);
    const base = build('a', 'int32', [0, 1]);
    const leaves = [
      columnLeaf(base, salt),
      columnLeaf(base, new Uint8Array(32)),
      columnLeaf(build('b', 'int32', [0, 1]), salt),
      columnLeaf(build('a', 'int32', [0, 2]), salt),
      columnLeaf(build('a', 'int32', [null, 1]), salt),
      columnLeaf(build('a', 'int32', [0, 1, 0]), salt),
      columnLeaf(build('a', 'utf8', ['0', '1']), salt),
      columnLeaf(build('a', 'utf8', ['01', '']), salt),
    ].map(toHex);
    expect(new Set(leaves).size).toBe(leaves.length);
  });

  it('proves a leaf at its place only', () => {
    for (let size = 1; size <= 9; size++) {
      const leaves = Array.from({ length: size }, (_, at) => new Uint8Array(32).fill(at + 1));
      const root = toHex(merkleRoot(leaves));
      for (let index = 0; index < size; index++) {
        const path = merklePath(leaves, index);
        for (let place = -1; place <= size; place++) {
          const found = rootOfPath(leaves[index]!, place, size, path);
          expect(found !== undefined && toHex(found) === root).toBe(place === index);
        }
        const longer = rootOfPath(leaves[index]!, index, size, [...path, new Uint8Array(32)]);
        expect(longer).toBeUndefined();
        if (path.length > 0) {
          const shorter = rootOfPath(leaves[index]!, index, size, path.slice(1));
          expect(shorter === undefined || toHex(shorter) !== root).toBe(true);
        }
      }
    }
  });

  it('refuses salts of another length, empty trees and missing leaves', () => {
    expect(() => columnSalt(new Uint8Array(31), 'a')).toThrow(RangeError);
    expect(() => merkleRoot([])).toThrow(RangeError);
    expect(() => merklePath([new Uint8Array(32)], 1)).toThrow(RangeError);
    expect(() => merklePath([new Uint8Array(32)], -1)).toThrow(RangeError);
  });
});
