/**
 * The commitment to a dataset: a Merkle tree over salted column hashes, so that the proof of a run
 * can open the columns that were read and nothing else. docs/protocol.md, Dataset commitment.
 */
import { createHash, hkdfSync } from 'node:crypto';
import { utf8 } from '../../shared/bytes.ts';
import type { Column } from './column.ts';

export const DATASET_SALT_BYTES = 32;
const TYPE_CODE = { utf8: 0, int32: 1, float64: 2, bool: 3 } as const;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}

function u32le(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

/** HKDF-SHA256 (RFC 5869) of the dataset salt: 32 bytes that open one column only. */
export function columnSalt(datasetSalt: Uint8Array, name: string): Uint8Array {
  if (datasetSalt.length !== DATASET_SALT_BYTES) throw new RangeError('salt must have 32 bytes');
  const info = utf8(`nmp-column/v1|${name}`);
  return new Uint8Array(hkdfSync('sha256', datasetSalt, new Uint8Array(0), info, 32));
}

/** The leaf of `column`, 32 bytes. */
export function columnLeaf(column: Column, salt: Uint8Array): Uint8Array {
  const name = utf8(column.name);
  const offsets = new Uint8Array(column.offsets === undefined ? 0 : 4 * (column.rows + 1));
  const view = new DataView(offsets.buffer);
  column.offsets?.forEach((offset, at) => {
    view.setUint32(4 * at, offset, true);
  });
  return sha256(
    LEAF,
    salt,
    u32le(name.length),
    name,
    Uint8Array.of(TYPE_CODE[column.type]),
    u32le(column.rows),
    column.validity,
    offsets,
    column.values,
  );
}

/** The largest power of two below `size`, for size > 1 (RFC 9162, section 2.1.1). */
function split(size: number): number {
  return 2 ** (31 - Math.clz32(size - 1));
}

/** Merkle tree hash of leaf hashes, RFC 9162, section 2.1.1. @param leaves at least one */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) throw new RangeError('a dataset has at least one column');
  if (leaves.length === 1) return only;
  const k = split(leaves.length);
  return sha256(NODE, merkleRoot(leaves.slice(0, k)), merkleRoot(leaves.slice(k)));
}

/** Inclusion path from leaf to root, RFC 9162, section 2.1.3.1. */
export function merklePath(leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  if (index < 0 || index >= leaves.length) throw new RangeError('no such leaf');
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...merklePath(leaves.slice(0, k), index), merkleRoot(leaves.slice(k))]
    : [...merklePath(leaves.slice(k), index - k), merkleRoot(leaves.slice(0, k))];
}

/** Root that `leaf` at `index` of `size` leaves leads to, RFC 9162, section 2.1.3.2; undefined if the path does not fit. */
export function rootOfPath(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (index < 0 || index >= size) return undefined;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      hash = sha256(NODE, sibling, hash);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      hash = sha256(NODE, hash, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? hash : undefined;
}
