/**
 * The receipt verifier on mutations of genuine receipts: always a refusal with a code of its own,
 * whatever happens inside. `make fuzz MINUTES=n` goes on for n minutes; a plain test run takes a
 * fixed number of rounds. The seed is printed.
 */
import { describe, expect, it } from 'vitest';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../shared/errors.ts';
import { JOURNAL_BYTES } from '../../shared/receipt/journal.ts';
import { createSealVerifier } from '../../shared/receipt/seal.ts';
import { seededRandom } from '../support/clock.ts';
import { receiptVector, receiptVerifier, VERIFIER_WASM } from '../support/receipts.ts';

const MINUTES = Number(process.env.NMP_FUZZ_MINUTES ?? 0);
const SEED = Number(process.env.NMP_FUZZ_SEED ?? (MINUTES > 0 ? Date.now() & 0x7fffffff : 7));
const ROUNDS = 100;
/** Refusals of a receipt itself; none is about the request. */
const REFUSALS = /^RECEIPT_(MALFORMED|KIND|IMAGE|SEAL|JOURNAL_DIGEST)$/;

const random = seededRandom(SEED);
const below = (max: number) => Buffer.from(random.bytes(4)).readUInt32BE(0) % Math.max(1, max);
const names = ['sum', 'group-by', 'trap', 'out-of-fuel'];
const vectors = [...names, ...names.map((name) => `translated-${name}`)].map(receiptVector);
const verifier = await receiptVerifier;

/** Words that a length, an index or a discriminant can be mistaken for. */
const WORDS = [0, 1, 2, 3, 16, 17, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 2013265921];

function edit(bytes: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  // Half of all edits hit the small structured parts at both ends; the seals between are large.
  const near = Math.min(400, bytes.length);
  const at = [
    below(bytes.length),
    below(near),
    bytes.length - 1 - below(near),
    below(bytes.length),
  ][below(4)] as number;
  const length = 1 + below(64);
  switch (below(7)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      return bytes;
    case 1:
      bytes.set(random.bytes(Math.min(length, bytes.length - at)), at);
      return bytes;
    case 2:
      bytes.writeUInt32LE(WORDS[below(WORDS.length)] ?? 0, Math.min(at, bytes.length - 4));
      return bytes;
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(length), bytes.subarray(at)]);
    case 5: {
      // The same place of another genuine receipt: two sessions, one proof.
      const other = vectors[below(vectors.length)]?.receipt ?? bytes;
      const from = other.subarray(at, at + 4096);
      bytes.set(from.subarray(0, bytes.length - at), at);
      return bytes;
    }
    default:
      return bytes.subarray(0, at);
  }
}

describe('the receipt verifier', () => {
  it('refuses every mutation with a code', { timeout: (MINUTES + 2) * 60_000 }, async () => {
    process.stderr.write(`receipt fuzz: seed ${SEED}\n`);
    const until = performance.now() + MINUTES * 60_000;
    const seen = new Map<string, number>();
    for (let round = 0; round < ROUNDS || performance.now() < until; round++) {
      const vector = vectors[below(vectors.length)];
      if (vector === undefined) throw new Error('a vector');
      let bytes = Buffer.from(vector.receipt);
      for (let edits = 1 + below(3); edits > 0 && bytes.length > 4; edits--) bytes = edit(bytes);
      // Parts of the same receipt may have come back to where they were.
      if (bytes.equals(vector.receipt)) continue;
      const code = await verifier
        .verify(vector.module, Uint8Array.from(bytes), vector.request)
        .then(
          () => 'verified',
          (error: unknown) => (isNmpError(error) ? error.code : String(error)),
        );
      expect(code, `round ${round} of seed ${SEED}`).toMatch(REFUSALS);
      seen.set(code, (seen.get(code) ?? 0) + 1);
    }
    process.stderr.write(`receipt fuzz: ${JSON.stringify(Object.fromEntries(seen))}\n`);
    // Mutations that never get past the decoder would say little of what lies behind it.
    expect(seen.get('RECEIPT_MALFORMED')).toBeGreaterThan(0);
    expect(seen.get('RECEIPT_SEAL')).toBeGreaterThan(0);
  });

  it('translates a mutated module to another image, or not at all', {
    timeout: (MINUTES + 2) * 60_000,
  }, async () => {
    const seals = await createSealVerifier(createNodeSuite(), VERIFIER_WASM);
    const { module, request } = receiptVector('translated-group-by');
    const until = performance.now() + MINUTES * 60_000;
    let translated = 0;
    for (let round = 0; round < ROUNDS || performance.now() < until; round++) {
      let bytes = Buffer.from(module);
      for (let edits = 1 + below(3); edits > 0 && bytes.length > 4; edits--) bytes = edit(bytes);
      if (bytes.equals(module)) continue;
      const image = await seals.translatedImageId(Uint8Array.from(bytes));
      if (image === undefined) continue;
      translated++;
      expect(image.length).toBe(32);
      expect(image, `round ${round} of seed ${SEED}`).not.toEqual(request.imageId);
    }
    // Some mutations are modules still: a changed constant is one.
    expect(translated).toBeGreaterThan(0);
  });

  it('refuses every changed byte of the journal', { timeout: 120_000 }, async () => {
    const seals = await createSealVerifier(createNodeSuite(), VERIFIER_WASM);
    const { receipt, request } = receiptVector('sum');
    const start = Buffer.from(receipt).lastIndexOf('NMPJ');
    const step = MINUTES > 0 ? 1 : 31;
    for (let at = start; at < start + JOURNAL_BYTES; at += step) {
      const changed = Uint8Array.from(receipt);
      changed[at] = (changed[at] ?? 0) ^ (1 << below(8));
      const { failure } = await seals.check(changed, request.imageId);
      expect(failure, `byte ${at - start}`).toBe('RECEIPT_JOURNAL_DIGEST');
    }
  });
});
