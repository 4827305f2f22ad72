import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../../shared/bytes.ts';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../../shared/release/merkle.ts';

const leaves = Array.from({ length: 33 }, (_, index) => leafHash(utf8(`release ${index}`)));
const tree = (size: number) => leaves.slice(0, size);
const flipped = (hash: Uint8Array) => hash.map((byte, at) => (at === 5 ? byte ^ 1 : byte));

/** The root by the recursion of RFC 9162, section 2.1.1, on node:crypto: written apart from ours. */
function independentRoot(entries: readonly string[]): Buffer {
  const sha = (...parts: readonly Buffer[]) =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  if (entries.length === 0) return sha();
  if (entries.length === 1) return sha(Buffer.of(0), Buffer.from(entries[0] ?? ''));
  const k = 2 ** Math.floor(Math.log2(entries.length - 1));
  return sha(Buffer.of(1), independentRoot(entries.slice(0, k)), independentRoot(entries.slice(k)));
}

describe('the Merkle tree of RFC 9162', () => {
  it('has the root of an independent recursion, and the known one of no entries', () => {
    for (let size = 0; size <= leaves.length; size++) {
      const entries = Array.from({ length: size }, (_, index) => `release ${index}`);
      expect(toHex(rootOf(tree(size)))).toBe(independentRoot(entries).toString('hex'));
    }
    expect(toHex(rootOf([]))).toBe(createHash('sha256').digest('hex'));
  });

  it('proves nothing of what is not there', () => {
    for (const index of [-1, 3, Number.NaN]) {
      expect(() => inclusionProof(tree(3), index)).toThrow(RangeError);
    }
    for (const first of [0, 4, Number.NaN]) {
      expect(() => consistencyProof(tree(3), first)).toThrow(RangeError);
    }
    const roots = { firstRoot: rootOf(tree(0)), secondRoot: rootOf(tree(3)) };
    const proof = consistencyProof(tree(3), 1);
    expect(verifyConsistency({ ...roots, first: 0, second: 3, proof })).toBe(false);
    expect(verifyConsistency({ ...roots, first: 4, second: 3, proof })).toBe(false);
  });

  it('proves every entry of every size, and that one only', () => {
    for (let size = 1; size <= leaves.length; size++) {
      const root = rootOf(tree(size));
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(tree(size), index);
        const leaf = leaves[index]!;
        const claim = { leaf, index, size, root, proof };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, leaf: flipped(leaf) })).toBe(false);
        expect(verifyInclusion({ ...claim, root: flipped(root) })).toBe(false);
        expect(verifyInclusion({ ...claim, index: (index + 1) % size })).toBe(size === 1);
        expect(verifyInclusion({ ...claim, index: size })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...proof, leaf] })).toBe(false);
        if (proof.length > 0) {
          expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(false);
          expect(verifyInclusion({ ...claim, proof: proof.map(flipped) })).toBe(false);
        }
      }
    }
  });

  it('proves that every tree begins with every smaller one, and no other', () => {
    for (let second = 1; second <= leaves.length; second++) {
      for (let first = 1; first <= second; first++) {
        const proof = consistencyProof(tree(second), first);
        const firstRoot = rootOf(tree(first));
        const secondRoot = rootOf(tree(second));
        const claim = { first, firstRoot, second, secondRoot, proof };
        expect(verifyConsistency(claim), `${first} in ${second}`).toBe(true);
        expect(verifyConsistency({ ...claim, firstRoot: flipped(firstRoot) })).toBe(false);
        expect(verifyConsistency({ ...claim, secondRoot: flipped(secondRoot) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...proof, firstRoot] })).toBe(false);
        if (proof.length > 0) {
          expect(verifyConsistency({ ...claim, proof: proof.slice(1) })).toBe(false);
          expect(verifyConsistency({ ...claim, proof: proof.map(flipped) })).toBe(false);
        }
      }
    }
  });

  it('finds a rewritten past', () => {
    const forged = tree(20).map((leaf, index) => (index === 3 ? flipped(leaf) : leaf));
    for (let first = 4; first < 20; first++) {
      expect(
        verifyConsistency({
          first,
          firstRoot: rootOf(tree(first)),
          second: 20,
          secondRoot: rootOf(forged),
          proof: consistencyProof(forged, first),
        }),
      ).toBe(false);
    }
  });

  it.each([
    ['an index that is no number', { index: Number.NaN }],
    ['a negative index', { index: -1 }],
    ['a fractional index', { index: 0.5 }],
    ['a size of 2^31', { size: 2 ** 31 }],
    ['size 0', { size: 0 }],
    ['a hash of 31 bytes', { proof: [new Uint8Array(31)] }],
    ['40 hashes', { proof: Array.from({ length: 40 }, () => new Uint8Array(32)) }],
  ])('takes no proof with %s', (_, change) => {
    const root = rootOf(tree(2));
    const honest = { leaf: leaves[0]!, index: 0, size: 2, root, proof: inclusionProof(tree(2), 0) };
    expect(verifyInclusion(honest)).toBe(true);
    expect(verifyInclusion({ ...honest, ...change })).toBe(false);
  });

  it.each([
    ['a fractional size', { first: 2.5 }],
    ['a first size of nothing', { first: 0 }],
    ['a negative first size', { first: -2 }],
    ['a size of 2^31', { second: 2 ** 31 }],
    ['a first tree that is the larger', { first: 8 }],
    ['a hash of 31 bytes', { proof: [new Uint8Array(31)] }],
    ['no hash', { proof: [] }],
    ['33 hashes', { proof: Array.from({ length: 33 }, () => new Uint8Array(32)) }],
  ])('takes no consistency with %s', (_, change) => {
    const honest = {
      ...{ first: 4, second: 7, firstRoot: rootOf(tree(4)), secondRoot: rootOf(tree(7)) },
      proof: consistencyProof(tree(7), 4),
    };
    expect(verifyConsistency(honest)).toBe(true);
    expect(verifyConsistency({ ...honest, ...change })).toBe(false);
  });

  it('takes trees of one size for one another only if they are the same, without a proof', () => {
    const [root, other] = [rootOf(tree(5)), rootOf(tree(6))];
    const same = { first: 5, second: 5, firstRoot: root, secondRoot: root, proof: [] };
    expect(verifyConsistency(same)).toBe(true);
    expect(verifyConsistency({ ...same, secondRoot: other })).toBe(false);
    expect(verifyConsistency({ ...same, proof: [root] })).toBe(false);
  });

  it('says so when a leaf or a tree is not there', () => {
    expect(() => inclusionProof(tree(3), 3)).toThrow(new RangeError('no such leaf'));
    expect(() => consistencyProof(tree(3), 4)).toThrow(new RangeError('no such tree'));
    expect(consistencyProof(tree(3), 3)).toEqual([]);
  });
});
