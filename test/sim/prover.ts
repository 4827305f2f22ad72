/**
 * A prover on virtual time: executes on V8, says so in a journal of the form that ships, and seals it
 * with the stand-in for STARKs. It crashes, dawdles, disagrees and repeats itself as the seed says.
 */
import type { Prover, Quote } from '../../enclave/prove/prover.ts';
import { concat, utf8 } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import { commitTo, INPUT_LABEL, OUTPUT_LABEL } from '../../shared/receipt/commitment.ts';
import {
  commitToArguments,
  datasetsDigest,
  JOURNAL_VERSION,
  RECEIPT_PROFILE,
  type ReceiptDataset,
} from '../../shared/receipt/journal.ts';
import { runOnV8 } from './engine.ts';
import type { Fault } from './faults.ts';
import type { Choices } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { sealJournal } from './seal.ts';

/** A prover that is slow, for each segment. */
const SLOW_MS = 40_000;
/** Where nonce and salts begin, and where fuel and lengths do; see `encodeProverRequest`. */
const NONCE_AT = 4;
const FUEL_AT = NONCE_AT + 96;
const BODY_AT = FUEL_AT + 16;
/** Every call of the simulation has these. */
const ARGUMENTS = '{}';

export interface SimProverComponents {
  readonly scheduler: Scheduler;
  readonly suite: CryptoSuite;
  readonly choices: Choices;
  readonly happens: (fault: Fault) => boolean;
}

export interface SimProverInit {
  readonly imageId: Uint8Array;
  /** What the guest program would find by the openings of the request. */
  readonly datasets: readonly ReceiptDataset[];
}

function integers(...values: readonly number[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(4 * values.length));
  for (const [at, value] of values.entries()) out.setUint32(4 * at, value, true);
  return new Uint8Array(out.buffer);
}

export function createSimProver(
  { scheduler, suite, choices, happens }: SimProverComponents,
  { imageId, datasets }: SimProverInit,
): Prover {
  const made: Uint8Array[] = [];
  const quotes = new Map<string, Quote>();
  const nameOf = (request: Uint8Array) => Buffer.from(suite.sha256(request)).toString('hex');

  function execute(request: Uint8Array): Uint8Array {
    const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
    const at = (from: number, length: number) => request.slice(from, from + length);
    const moduleBytes = view.getUint32(FUEL_AT + 8, true);
    const inputBytes = view.getUint32(FUEL_AT + 12, true);
    const module = at(BODY_AT, moduleBytes);
    const input = at(BODY_AT + ((moduleBytes + 7) & ~7), inputBytes);
    const part = (index: number) => at(NONCE_AT + 32 * index, 32);
    const [nonce, inputSalt, outputSalt] = [part(0), part(1), part(2)];
    const output = runOnV8(module, input);
    const said = happens('prover-diverges') ? utf8('{"n":0}') : output;
    const profile = new Uint8Array(32);
    profile.set(utf8(RECEIPT_PROFILE));
    return concat(
      ...[utf8('NMPJ'), integers(JOURNAL_VERSION), profile, integers(0, 0), at(FUEL_AT, 8)],
      suite.sha256(module),
      commitToArguments(suite, inputSalt, utf8(ARGUMENTS)),
      commitTo(suite, INPUT_LABEL, inputSalt, input),
      datasetsDigest(suite, datasets),
      commitTo(suite, OUTPUT_LABEL, outputSalt, said),
      nonce,
    );
  }

  return {
    imageId,
    async quote(request): Promise<Quote> {
      await scheduler.sleep(10);
      const quote = { journal: execute(request), cycles: 1, segments: 1 + choices.below(2) };
      quotes.set(nameOf(request), quote);
      return quote;
    },
    async prove(request, signal, onProgress) {
      // A prover of another boot has seen no quote.
      const quote = quotes.get(nameOf(request)) ?? { journal: execute(request), segments: 1 };
      const { journal, segments } = quote;
      for (let proven = 0; proven < segments; proven++) {
        onProgress({ proven, segments });
        await scheduler.sleep(happens('prover-slow') ? SLOW_MS : 50 + choices.below(250));
        if (signal.aborted) throw new NmpError('INTERRUPTED');
        if (happens('prover-crash')) throw new NmpError('RECEIPT_PROVER');
      }
      const receipt = sealJournal(imageId, journal);
      const earlier = happens('replay-receipt') ? made.at(-1) : undefined;
      made.push(receipt);
      if (!happens('forge-receipt')) return earlier ?? receipt;
      const bit = choices.below(receipt.length * 8);
      return receipt.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    },
  };
}
