import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalSpool } from '../../../enclave/prove/local-spool.ts';
import { PROOF_LIMITS, ProofQueue } from '../../../enclave/prove/proof-queue.ts';
import type { Prover, Quote } from '../../../enclave/prove/prover.ts';
import { createProofSpool } from '../../../enclave/prove/spool.ts';
import { toHex } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { seededRandom } from '../../support/clock.ts';
import { codeOf } from '../../support/code-of.ts';

let directory = '';
/** What each start of a node began to prove, first byte of each request. */
let begun: { readonly first: number; readonly done: (receipt: Uint8Array) => void }[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nmp-spool-'));
  begun = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const random = seededRandom(5);
const file = (...names: string[]) => join(directory, ...names);
const jobs = () => readdirSync(file('proof-spool.jobs')).toSorted();
const request = (byte: number) => new Uint8Array(64).fill(byte);
const quote = (segments: number): Quote => ({
  journal: new Uint8Array(248).fill(7),
  cycles: segments * 1000,
  segments,
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

const prover: Prover = {
  imageId: new Uint8Array(32).fill(1),
  quote: () => Promise.reject(new NmpError('INTERNAL')),
  prove: (bytes, signal) =>
    new Promise((done, reject) => {
      signal.addEventListener('abort', () => reject(new NmpError('INTERRUPTED')));
      begun.push({ first: bytes[0] ?? 0, done });
    }),
};

/** The queue of a node that starts on what the directory holds. */
function start(imageId = prover.imageId): ProofQueue {
  const { key, ...kept } = openLocalSpool(directory, random);
  const spool = createProofSpool({ random, ...kept }, { key, imageId });
  return new ProofQueue({
    ...{ prover, random, spool },
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    availableMemory: () => PROOF_LIMITS.memoryBytes,
  });
}

describe('a spool of unfinished proofs', () => {
  it('goes on after a restart, in order, for the peers that asked', async () => {
    const first = start();
    const long = first.submit('a', request(1), quote(3));
    const short = first.submit('b', request(2), quote(2));
    first.stop();
    const second = start();
    expect(begun.map((each) => each.first)).toEqual([1, 2]);
    expect(second.status('b', short)).toMatchObject({ state: 'proving', segments: 2 });
    expect(second.status('a', long)).toMatchObject({ state: 'queued', before: 1, segments: 3 });
    expect(codeOf(() => second.status('b', long))).toBe('RECEIPT_JOB');
    begun[1]?.done(Uint8Array.of(9));
    await settled();
    expect(second.status('b', short)).toMatchObject({ receipt: Uint8Array.of(9) });
    expect(jobs()).toEqual([long]);
  });

  it('goes on after an end without a word, and with one that was cancelled, does not', () => {
    const first = start();
    const kept = first.submit('a', request(1), quote(1));
    const cancelled = first.submit('a', request(2), quote(1));
    first.cancel('a', cancelled);
    // No stop: the node was killed.
    const second = start();
    expect(second.status('a', kept).state).toBe('proving');
    expect(codeOf(() => second.status('a', cancelled))).toBe('RECEIPT_JOB');
  });

  it('holds nothing in the clear, and for its user only', () => {
    const private_ = Uint8Array.from({ length: 64 }, (_, at) => (at * 37) & 0xff);
    start().submit('peer-of-the-client', private_, quote(1));
    const names = [
      ...readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => file(name)),
      ...jobs().map((name) => file('proof-spool.jobs', name)),
    ];
    expect(names.length).toBe(4);
    for (const name of names) {
      expect(statSync(name).mode & 0o077, name).toBe(0);
      const hex = toHex(readFileSync(name));
      expect(hex).not.toContain(toHex(private_.slice(0, 16)));
      expect(hex).not.toContain(toHex(Buffer.from('peer-of-the-client')));
    }
  });

  it('refuses an entry that was changed, cut, exchanged or taken away, and goes on with the rest', () => {
    const first = start();
    const ids = [1, 2, 3, 4].map((byte) => first.submit('a', request(byte), quote(1)));
    const whole = first.submit('b', request(5), quote(1));
    first.stop();
    const [changed = '', cut = '', exchanged = '', gone = ''] = ids;
    const entry = (id: string) => file('proof-spool.jobs', id);
    copyFileSync(entry(changed), entry(exchanged));
    const bytes = readFileSync(entry(changed));
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(entry(changed), bytes);
    writeFileSync(entry(cut), bytes.subarray(0, 27));
    rmSync(entry(gone));
    begun = [];
    const second = start();
    for (const id of ids) {
      expect(second.status('a', id)).toMatchObject({ state: 'failed', code: 'RECEIPT_SPOOL' });
    }
    expect(second.status('b', whole).state).toBe('proving');
    expect(begun.map((each) => each.first)).toEqual([5]);
    expect(jobs()).toEqual([whole]);
  });

  it('does not start on an index that was taken back, changed or taken away', () => {
    const first = start();
    const id = first.submit('a', request(1), quote(1));
    const folder = mkdtempSync(join(tmpdir(), 'nmp-spool-old-'));
    cpSync(file('proof-spool'), join(folder, 'index'));
    cpSync(file('proof-spool.jobs'), join(folder, 'jobs'), { recursive: true });
    first.cancel('a', id);
    cpSync(file('proof-spool'), join(folder, 'newest'));
    // The cancelled job comes back with its entry.
    cpSync(join(folder, 'index'), file('proof-spool'));
    cpSync(join(folder, 'jobs'), file('proof-spool.jobs'), { recursive: true });
    expect(codeOf(start)).toBe('RECEIPT_SPOOL');
    const bytes = readFileSync(join(folder, 'newest'));
    bytes[15] = (bytes[15] ?? 0) ^ 1;
    writeFileSync(file('proof-spool'), bytes);
    expect(codeOf(start)).toBe('RECEIPT_SPOOL');
    rmSync(file('proof-spool'));
    expect(codeOf(start)).toBe('RECEIPT_SPOOL');
    renameSync(join(folder, 'newest'), file('proof-spool'));
    expect(codeOf(start)).toBeUndefined();
    // What no index names is not kept.
    expect(jobs()).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('does not start with a key or a counter that is none', () => {
    start();
    writeFileSync(file('proof-spool.count'), 'x');
    expect(codeOf(start)).toBe('RECEIPT_SPOOL');
    writeFileSync(file('proof-spool.count'), '0');
    writeFileSync(file('proof-spool.key'), 'short');
    expect(codeOf(start)).toBe('RECEIPT_SPOOL');
  });

  it('does not go on with a job for another guest program', () => {
    const id = start().submit('a', request(1), quote(1));
    begun = [];
    const next = start(new Uint8Array(32).fill(2));
    expect(next.status('a', id)).toMatchObject({ state: 'failed', code: 'RECEIPT_SPOOL' });
    expect(begun).toEqual([]);
  });

  it('takes no job that cannot be written, and finishes one that cannot be removed', async () => {
    const { key, ...kept } = openLocalSpool(directory, random);
    let writable = true;
    const index = {
      read: kept.index.read,
      write: (sealed: Uint8Array) => {
        if (!writable) throw new RangeError('full');
        kept.index.write(sealed);
      },
    };
    const queue = new ProofQueue({
      prover,
      random,
      spool: createProofSpool({ random, ...kept, index }, { key, imageId: prover.imageId }),
      clock: { nowMs: () => 0, monotonicMs: () => 0 },
      availableMemory: () => PROOF_LIMITS.memoryBytes,
    });
    const id = queue.submit('a', request(1), quote(1));
    writable = false;
    expect(codeOf(() => queue.submit('a', request(2), quote(1)))).toBe('RECEIPT_SPOOL');
    begun[0]?.done(Uint8Array.of(9));
    await settled();
    expect(queue.status('a', id).state).toBe('proven');
    expect(begun.length).toBe(1);
  });
});
