/**
 * Unfinished proofs, sealed at rest, so that a restart goes on with them. An index, sealed under a
 * sequence number that must not be below a counter, names the jobs; each job's private request is
 * an entry sealed under its name. AES-256-GCM; nonce (12 bytes), body, tag (16 bytes).
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { z } from 'zod';
import { fromHex, toHex } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { JOURNAL_BYTES } from '../../shared/receipt/journal.ts';
import type { Random } from '../../shared/runtime.ts';
import type { MonotonicCounter, SealedStorage } from '../egress/gate/ledger.ts';
import { type Quote, SEGMENTS_MAX } from './prover.ts';
import { PROVER_REQUEST_BYTES_MAX } from './prover-request.ts';

export interface SpoolComponents {
  readonly random: Random;
  readonly index: SealedStorage;
  readonly counter: MonotonicCounter;
  readonly entries: SpoolEntries;
}

/** Where the sealed requests lie: outside the enclave, in nobody's trust. */
export interface SpoolEntries {
  names(): readonly string[];
  /** undefined if it is not there. */
  read(name: string): Uint8Array | undefined;
  /** Durable when it returns. */
  write(name: string, sealed: Uint8Array): void;
  remove(name: string): void;
}

export interface SpoolInit {
  /** AES-256 key, 32 bytes, known to this release of the enclave only. */
  readonly key: Uint8Array;
  /** Image id of the guest program, 32 bytes: another program's jobs are not gone on with. */
  readonly imageId: Uint8Array;
}

export interface SpooledJob {
  /** 22 characters. */
  readonly id: string;
  readonly peer: string;
  readonly quote: Quote;
  /** undefined if what is stored is not what was sealed, or is for another guest program. */
  readonly request: Uint8Array | undefined;
}

export interface ProofSpool {
  /** What was unfinished when the spool was opened, in the order of arrival. */
  readonly pending: readonly SpooledJob[];
  /** Durable when it returns. @throws NmpError RECEIPT_SPOOL */
  add(job: SpooledJob & { readonly request: Uint8Array }): void;
  /** @throws NmpError RECEIPT_SPOOL */
  remove(id: string): void;
}

/** Jobs in one index; the queue takes fewer. */
const JOBS_MAX = 256;
const INDEX_BYTES_MAX = 1024 * 1024;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = 'aes-256-gcm';

const row = z.strictObject({
  id: z.string().regex(/^[\w-]{22}$/),
  peer: z.string().min(1).max(256),
  image: z.string().length(64),
  cycles: z.int().min(0),
  segments: z.int().min(1).max(SEGMENTS_MAX),
  journal: z.string().length(2 * JOURNAL_BYTES),
});
const state = z.strictObject({
  sequence: z.int().min(1),
  jobs: z.array(row).max(JOBS_MAX),
});
type Row = z.output<typeof row>;

const fault = (cause?: unknown) => new NmpError('RECEIPT_SPOOL', undefined, { cause });

class SealedSpool implements ProofSpool {
  readonly #components: SpoolComponents;
  readonly #init: SpoolInit;
  readonly pending: readonly SpooledJob[];
  #rows: readonly Row[];
  #sequence: number;

  constructor(components: SpoolComponents, init: SpoolInit) {
    this.#components = components;
    this.#init = init;
    const { index, counter, entries } = components;
    const sealed = index.read();
    const least = counter.read();
    const opened = sealed === undefined ? { sequence: 0, jobs: [] } : this.#openIndex(sealed);
    // One ahead is an index that was written before its counter could move.
    if (opened.sequence < least) throw fault();
    this.#sequence = opened.sequence;
    this.#rows = opened.jobs;
    counter.advance(opened.sequence);
    this.pending = opened.jobs.map((job) => this.#pendingOf(job));
    // Of jobs that ended while their entry was on its way out.
    const known = new Set(opened.jobs.map(({ id }) => id));
    for (const name of entries.names()) if (!known.has(name)) entries.remove(name);
  }

  add({ id, peer, quote, request }: SpooledJob & { readonly request: Uint8Array }): void {
    const { cycles, segments, journal } = quote;
    const image = toHex(this.#init.imageId);
    try {
      this.#components.entries.write(id, this.#seal(request, `entry ${id}`));
    } catch (cause) {
      throw fault(cause);
    }
    const entry = { id, peer, image, cycles, segments, journal: toHex(journal) };
    this.#write([...this.#rows, entry]);
  }

  remove(id: string): void {
    this.#write(this.#rows.filter((job) => job.id !== id));
    try {
      this.#components.entries.remove(id);
    } catch (cause) {
      throw fault(cause);
    }
  }

  #write(jobs: readonly Row[]): void {
    const sequence = this.#sequence + 1;
    const index = Buffer.from(JSON.stringify({ sequence, jobs }));
    try {
      this.#components.index.write(this.#seal(index, 'index'));
      this.#components.counter.advance(sequence);
    } catch (cause) {
      throw fault(cause);
    }
    this.#sequence = sequence;
    this.#rows = jobs;
  }

  #pendingOf({ id, peer, image, cycles, segments, journal }: Row): SpooledJob {
    const quote = { cycles, segments, journal: fromHex(journal) ?? new Uint8Array(0) };
    const request = image === toHex(this.#init.imageId) ? this.#entry(id) : undefined;
    return { id, peer, quote, request };
  }

  #entry(id: string): Uint8Array | undefined {
    try {
      const sealed = this.#components.entries.read(id);
      return sealed && this.#open(sealed, `entry ${id}`, PROVER_REQUEST_BYTES_MAX);
    } catch {
      // One job is lost with its entry, and its client told so; the others go on.
      return undefined;
    }
  }

  #openIndex(sealed: Uint8Array): z.output<typeof state> {
    try {
      const index = this.#open(sealed, 'index', INDEX_BYTES_MAX);
      return state.parse(JSON.parse(Buffer.from(index).toString('utf8')));
    } catch (cause) {
      throw fault(cause);
    }
  }

  #seal(bytes: Uint8Array, label: string): Uint8Array {
    const nonce = this.#components.random.bytes(NONCE_BYTES);
    const aad = Buffer.from(`nmp proof spool v1 ${label}`);
    const cipher = createCipheriv(ALGORITHM, this.#init.key, nonce).setAAD(aad);
    const body = cipher.update(bytes);
    return Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]);
  }

  #open(sealed: Uint8Array, label: string, bytesMax: number): Uint8Array {
    const end = sealed.length - TAG_BYTES;
    if (end < NONCE_BYTES || end - NONCE_BYTES > bytesMax) throw new RangeError('length');
    const decipher = createDecipheriv(ALGORITHM, this.#init.key, sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(`nmp proof spool v1 ${label}`))
      .setAuthTag(sealed.subarray(end));
    const body = decipher.update(sealed.subarray(NONCE_BYTES, end));
    return Uint8Array.from(Buffer.concat([body, decipher.final()]));
  }
}

/** @throws NmpError RECEIPT_SPOOL for an index that was changed, or is older than the counter */
export function createProofSpool(components: SpoolComponents, init: SpoolInit): ProofSpool {
  return new SealedSpool(components, init);
}
