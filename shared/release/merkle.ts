/**
 * The Merkle tree of RFC 9162, section 2.1, over SHA-256: roots, inclusion and consistency proofs.
 * Hashes have 32 bytes. Tree sizes and indices are numbers below 2^31, far above any release log.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes } from '../bytes.ts';

const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);
/** More hashes than a tree of 2^31 leaves has levels: no honest proof is longer. */
export const PROOF_HASHES_MAX = 32;
const SIZE_MAX = 2 ** 31;

/** MTH of one entry: SHA-256(0x00 ‖ entry). */
export const leafHash = (entry: Uint8Array): Uint8Array => sha256(concat(LEAF, entry));
const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(concat(NODE, left, right));

/** Largest power of two below `size` (section 2.1.1). */
function split(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

/** Root of the tree over leaf hashes. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return only;
  const k = split(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

/** PATH(index, leaves), section 2.1.3.1. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!(index >= 0 && index < leaves.length)) throw new RangeError('no such leaf');
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return index < k
    ? [...inclusionProof(left, index), rootOf(right)]
    : [...inclusionProof(right, index - k), rootOf(left)];
}

/** PROOF(first, leaves), section 2.1.4.1. */
export function consistencyProof(leaves: readonly Uint8Array[], first: number): Uint8Array[] {
  if (!(first >= 1 && first <= leaves.length)) throw new RangeError('no such tree');
  const sub = (part: readonly Uint8Array[], m: number, whole: boolean): Uint8Array[] => {
    if (m === part.length) return whole ? [] : [rootOf(part)];
    const k = split(part.length);
    const [left, right] = [part.slice(0, k), part.slice(k)];
    return m <= k
      ? [...sub(left, m, whole), rootOf(right)]
      : [...sub(right, m - k, false), rootOf(left)];
  };
  return sub(leaves, first, true);
}

const wellFormed = (proof: readonly Uint8Array[], ...numbers: readonly number[]) =>
  proof.length <= PROOF_HASHES_MAX &&
  proof.every((hash) => hash.length === 32) &&
  numbers.every((number) => Number.isSafeInteger(number) && number >= 0 && number < SIZE_MAX);

/** Section 2.1.3.2. False for anything that is no proof; never throws. */
export function verifyInclusion(input: {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { leaf, index, size, root, proof } = input;
  if (!wellFormed(proof, index, size) || index >= size) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) {
        fn >>>= 1;
        sn >>>= 1;
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    fn >>>= 1;
    sn >>>= 1;
  }
  return sn === 0 && equalBytes(hash, root);
}

/** Section 2.1.4.2: the tree of `second` leaves begins with that of `first`. Never throws. */
export function verifyConsistency(input: {
  readonly first: number;
  readonly firstRoot: Uint8Array;
  readonly second: number;
  readonly secondRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { first, firstRoot, second, secondRoot, proof } = input;
  if (!wellFormed(proof, first, second) || first < 1 || first > second) return false;
  if (first === second) return proof.length === 0 && equalBytes(firstRoot, secondRoot);
  // A first tree of 2^k leaves is a node of the second: its hash heads the path.
  const power = (first & (first - 1)) === 0;
  const [start, ...path] = power ? [firstRoot, ...proof] : proof;
  if (start === undefined || (power && proof.length === 0)) return false;
  let fn = first - 1;
  let sn = second - 1;
  while (fn % 2 === 1) {
    fn >>>= 1;
    sn >>>= 1;
  }
  let fr = start;
  let sr = start;
  for (const hash of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(hash, fr);
      sr = nodeHash(hash, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn >>>= 1;
        sn >>>= 1;
      }
    } else {
      sr = nodeHash(sr, hash);
    }
    fn >>>= 1;
    sn >>>= 1;
  }
  return sn === 0 && equalBytes(fr, firstRoot) && equalBytes(sr, secondRoot);
}
