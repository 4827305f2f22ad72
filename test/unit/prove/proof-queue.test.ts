import { beforeEach, describe, expect, it } from 'vitest';
import { PROOF_LIMITS, ProofQueue } from '../../../enclave/prove/proof-queue.ts';
import type { Prover, Quote } from '../../../enclave/prove/prover.ts';
import { NmpError } from '../../../shared/errors.ts';
import { codeOf } from '../../support/code-of.ts';

/** A proof that a test ends as it likes. */
interface Running {
  readonly request: Uint8Array;
  readonly signal: AbortSignal;
  readonly progress: (proven: number) => void;
  readonly done: (receipt: Uint8Array) => void;
  readonly fail: (error: Error) => void;
}

let running: Running[] = [];
let now = 0;
let memory = 0;
let queue: ProofQueue;

const prover: Prover = {
  imageId: new Uint8Array(32),
  quote: () => Promise.reject(new NmpError('INTERNAL')),
  prove: (request, signal, onProgress) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new NmpError('INTERRUPTED')));
      running.push({
        request: request.slice(),
        signal,
        progress: (proven) => onProgress({ proven, segments: 3 }),
        done: resolve,
        fail: reject,
      });
    }),
};
const quote = (segments: number): Quote => ({
  journal: new Uint8Array(248),
  cycles: segments * 1000,
  segments,
});
const request = (byte: number) => new Uint8Array(8).fill(byte);
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  running = [];
  now = 0;
  memory = PROOF_LIMITS.memoryBytes;
  let next = 0;
  queue = new ProofQueue({
    prover,
    availableMemory: () => memory,
    clock: { nowMs: () => now, monotonicMs: () => now },
    random: { bytes: (length) => new Uint8Array(length).fill(next++) },
  });
});

describe('a proof queue', () => {
  it('proves one at a time, the shortest first, and tells how far each is', async () => {
    const first = queue.submit('a', request(1), quote(5));
    const long = queue.submit('a', request(2), quote(4));
    const short = queue.submit('b', request(3), quote(1));
    expect(queue.status('a', first)).toEqual({
      state: 'proving',
      before: 0,
      proven: 0,
      segments: 5,
    });
    expect(queue.status('b', short).before).toBe(1);
    expect(queue.status('a', long).before).toBe(2);
    running[0]?.progress(2);
    expect(queue.status('a', first).proven).toBe(2);
    running[0]?.done(Uint8Array.of(9));
    await settled();
    expect(queue.status('a', first)).toMatchObject({ state: 'proven', receipt: Uint8Array.of(9) });
    expect(running.map((each) => each.request[0])).toEqual([1, 3]);
  });

  it('gives a receipt to the peer that asked for it, and to nobody else', async () => {
    const id = queue.submit('a', request(1), quote(1));
    running[0]?.done(Uint8Array.of(9));
    await settled();
    expect(codeOf(() => queue.status('b', id))).toBe('RECEIPT_JOB');
    expect(codeOf(() => queue.cancel('b', id))).toBe('RECEIPT_JOB');
    expect(codeOf(() => queue.status('a', 'other'))).toBe('RECEIPT_JOB');
    expect(queue.status('a', id).state).toBe('proven');
  });

  it('tries once more when the prover ends, then says that it failed and goes on', async () => {
    const id = queue.submit('a', request(1), quote(1));
    const next = queue.submit('b', request(2), quote(2));
    running[0]?.fail(new NmpError('RECEIPT_PROVER'));
    await settled();
    expect(queue.status('a', id).state).toBe('proving');
    expect(running[1]?.request).toEqual(request(1));
    running[1]?.fail(new Error('killed'));
    await settled();
    expect(queue.status('a', id)).toMatchObject({ state: 'failed', code: 'RECEIPT_PROVER' });
    expect(queue.status('b', next).state).toBe('proving');
  });

  it('cancels a waiting and a running job, ends its process and wipes its request', async () => {
    const held = request(1);
    const active = queue.submit('a', held, quote(1));
    const waiting = queue.submit('a', request(2), quote(2));
    queue.cancel('a', waiting);
    queue.cancel('a', active);
    await settled();
    expect(running[0]?.signal.aborted).toBe(true);
    expect(held).toEqual(new Uint8Array(8));
    expect(queue.status('a', active).state).toBe('cancelled');
    expect(queue.status('a', waiting).state).toBe('cancelled');
    expect(running.length).toBe(1);
  });

  it('refuses beyond its limits for a peer, for all, and by segments', () => {
    for (let i = 0; i < PROOF_LIMITS.jobsPerPeer; i++) queue.submit('a', request(i), quote(1));
    expect(codeOf(() => queue.submit('a', request(0), quote(1)))).toBe('RECEIPT_BUSY');
    const room = PROOF_LIMITS.segments - PROOF_LIMITS.jobsPerPeer;
    expect(codeOf(() => queue.submit('b', request(0), quote(room + 1)))).toBe('RECEIPT_BUSY');
    queue.submit('b', request(0), quote(1));
    for (let i = PROOF_LIMITS.jobsPerPeer + 1; i < PROOF_LIMITS.jobs; i++) {
      queue.submit(`peer ${i}`, request(0), quote(1));
    }
    expect(codeOf(() => queue.submit('z', request(0), quote(1)))).toBe('RECEIPT_BUSY');
  });

  it('keeps a finished receipt for half an hour, and takes nothing once stopped', async () => {
    const id = queue.submit('a', request(1), quote(1));
    const left = queue.submit('a', request(2), quote(1));
    running[0]?.done(Uint8Array.of(9));
    await settled();
    now = PROOF_LIMITS.finishedMs;
    expect(queue.status('a', id).state).toBe('proven');
    now++;
    expect(codeOf(() => queue.status('a', id))).toBe('RECEIPT_JOB');
    queue.stop();
    expect(queue.status('a', left).state).toBe('cancelled');
    expect(codeOf(() => queue.submit('a', request(1), quote(1)))).toBe('RECEIPT_BUSY');
  });

  it('takes no job without memory for a proof, and lets one wait for it', async () => {
    memory--;
    expect(codeOf(() => queue.submit('a', request(1), quote(1)))).toBe('RECEIPT_BUSY');
    memory++;
    queue.submit('a', request(1), quote(1));
    memory = 0;
    const waiting = queue.submit('a', request(2), quote(1));
    running[0]?.done(Uint8Array.of(9));
    await settled();
    expect(queue.status('a', waiting)).toMatchObject({ state: 'queued', before: 1 });
    memory = PROOF_LIMITS.memoryBytes;
    expect(queue.status('a', waiting).state).toBe('proving');
  });
});
