/** Runs one seed: a load of calls under its faults, then a call that must succeed once they end. */
import { createHash } from 'node:crypto';
import type { NmpClient } from '../../client/nmp-client.ts';
import { concat, toHex } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { constantModule } from '../support/modules.ts';
import { type Enclaves, MARKER } from './enclave.ts';
import { type Fault, PROOF_FAULTS, planOf } from './faults.ts';
import { Choices } from './random.ts';
import { withVirtualTimeouts } from './scheduler.ts';
import { World } from './world.ts';

export interface SeedResult {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly violations: readonly string[];
  /** How each call ended: `answer` or the code. */
  readonly ends: readonly string[];
  /** How each start of the enclave ended: `up` or the code. */
  readonly starts: readonly string[];
  /** SHA-256 over all that happened, hex: equal for every run of this seed and commit. */
  readonly digest: string;
}

const TIMEOUT_MS = 30_000;
/** What may pass between the timeout of a call and its end. */
const GRACE_MS = 100;
const CANCEL_MS = 5_000;
const LOAD_MS = 4_000;
/** A start without a fault is over by then. */
const STARTED_MS = 200;

/** A custom section behind a module, so that it takes more than one record. */
function padded(module: Uint8Array, bytes: number): Uint8Array {
  if (bytes === 0) return module;
  const leb = (value: number) => [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14];
  const head = Uint8Array.from([0, ...leb(bytes + 4), 3, 0x70, 0x61, 0x64]);
  return concat(module, head, new Uint8Array(bytes));
}

const isProofFault = (fault: Fault) => PROOF_FAULTS.some((known) => known === fault);

interface Call {
  readonly answer: number;
  /** Zeros behind the module. */
  readonly padding: number;
  readonly leak: boolean;
  /** Asks for a receipt. */
  readonly proven: boolean;
  readonly startMs: number;
}

/** @param only faults in place of those that the seed draws */
export async function runSeed(
  seed: number,
  enclaves: Enclaves,
  only?: readonly Fault[],
): Promise<SeedResult> {
  const drawn = planOf(seed);
  const plan = only === undefined ? drawn : { faults: only, percent: drawn.percent || 50 };
  const world = new World(seed, plan, enclaves);
  const { scheduler, violations } = world;
  const choices = new Choices(seed, 'load');
  const ends: string[] = [];
  const happened = createHash('sha256');
  const receipts = new Set<string>();

  const call = async (
    client: NmpClient,
    { answer, padding, leak, proven, startMs }: Call,
  ): Promise<string> => {
    await scheduler.sleep(startMs);
    const text = leak ? JSON.stringify({ n: `${MARKER}-1`, m: answer }) : `{"n":${answer}}`;
    world.keepSecret(text);
    const startedMs = scheduler.nowMs;
    let end: string;
    try {
      const peer = await client.connect('node', { timeoutMs: TIMEOUT_MS });
      const { output, report, receipt } = await client.run(
        peer,
        { module: padded(constantModule(text), padding), args: {}, capability: 'count' },
        { timeoutMs: TIMEOUT_MS, proofMode: proven ? 'stark-composite' : 'attested' },
      );
      end = proven ? 'answer with receipt' : 'answer';
      if (leak) violations.push('a leak was released');
      if (JSON.stringify(output) !== text) violations.push('a wrong answer was released');
      if (proven !== (receipt !== undefined)) violations.push('a receipt is missing, or too many');
      if (receipt !== undefined) {
        const bytes = toHex(receipt.bytes);
        if (receipts.has(bytes)) violations.push('a receipt was taken twice');
        receipts.add(bytes);
      }
      if (report.verdict !== 'pass') violations.push('an answer without a passed report');
    } catch (error) {
      end = error instanceof NmpError ? error.code : 'NO CODE';
      if (end === 'NO CODE' || end === 'INTERNAL') {
        violations.push(`a call ended with ${end}: ${String(error)}`);
      }
    }
    // Connecting and calling have a timeout each, and so has taking a proof back.
    const tookMs = scheduler.nowMs - startedMs;
    if (tookMs > 2 * TIMEOUT_MS + (proven ? CANCEL_MS : 0) + GRACE_MS)
      violations.push(`a call took ${tookMs} ms`);
    happened.update(`${scheduler.nowMs} ${answer} ${end}\n`);
    return end;
  };

  await withVirtualTimeouts(scheduler, async () => {
    const clients = [world.client(0), world.client(1)];
    world.start(LOAD_MS);
    const provenPercent = plan.faults.some((fault) => isProofFault(fault)) ? 60 : 15;
    const load: Promise<string>[] = [];
    let running = 0;
    const start = (client: NmpClient, what: Call) => {
      running++;
      const ended = call(client, what).finally(() => {
        running--;
      });
      load.push(ended);
    };
    for (const client of clients) {
      const calls = 2 + choices.below(3);
      for (let index = 0; index < calls; index++) {
        start(client, {
          answer: 100_000 + choices.below(900_000),
          padding: choices.pick([0, 0, 0, 100_000]),
          leak: choices.chance(20),
          proven: choices.chance(provenPercent),
          startMs: STARTED_MS + choices.below(LOAD_MS),
        });
      }
    }
    await scheduler.run(() => running === 0 && !world.starting);
    ends.push(...(await Promise.all(load)));
    if (plan.faults.length === 0 && ends.some((end) => !/^(answer|EGRESS_BLOCKED)/.test(end))) {
      violations.push(`without a fault: ${ends.join(', ')}`);
    }

    world.faulty = false;
    const later = scheduler.nowMs + 60_000;
    scheduler.after(60_000, () => undefined);
    await scheduler.run(() => scheduler.nowMs >= later);
    for (const [index, client] of clients.entries()) {
      const answer = 100_000 + choices.below(900_000);
      const proven = index === 0 && choices.chance(provenPercent);
      start(client, { answer, padding: 0, leak: false, proven, startMs: 0 });
      await scheduler.run(() => running === 0);
      const end = await load.at(-1);
      if (!end?.startsWith('answer')) violations.push(`after the faults: ${end}`);
    }
    for (const client of clients) await client.close();
    await world.settle();
  });
  happened.update([...world.starts, ...violations].join('\n'));
  const { starts } = world;
  return { seed, faults: plan.faults, violations, ends, starts, digest: happened.digest('hex') };
}
