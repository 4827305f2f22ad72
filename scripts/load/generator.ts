/**
 * The clients of a load run, in a process of their own. Reads an order (one line of JSON) from
 * standard input, writes one result (JSON) to standard output. Every client verifies what it gets.
 */
import { text } from 'node:stream/consumers';
import { NmpClient } from '../../client/nmp-client.ts';
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../shared/errors.ts';
import { parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import {
  constantModule,
  endlessModule,
  growingModule,
  recursingModule,
  trappingModule,
} from '../../test/support/modules.ts';
import { arrivals, seeded } from './stats.ts';

export interface Order {
  readonly address: string;
  /** Text of a client policy. */
  readonly policy: string;
  readonly clients: number;
  readonly hostile: number;
  /** Calls a second, of all clients together. */
  readonly rate: number;
  readonly seconds: number;
  readonly seed: number;
  readonly timeoutMs: number;
}

export interface Result {
  /** Of each answered call, ms from the moment at which it was to be sent. */
  readonly latencies: readonly number[];
  readonly sent: number;
  /** Calls without their own answer, by code. */
  readonly lost: Readonly<Record<string, number>>;
  /** How runs of hostile clients ended, by code. */
  readonly hostile: Readonly<Record<string, number>>;
}

/** Together: sessions are opened some at a time, since both ends share the machine. */
const OPENING = 16;
const order: Order = JSON.parse(await text(process.stdin));
const policy = parseClientPolicy(order.policy, 'load');
const { address, timeoutMs } = order;

const newClient = () =>
  new NmpClient(
    {
      suite: createNodeSuite(),
      verifier: createNodeVerifierCrypto(),
      clock: systemClock,
      random: systemRandom,
    },
    { policy },
  );
const count = (counts: Record<string, number>, key: string) => {
  counts[key] = (counts[key] ?? 0) + 1;
};
/** One of many, over and over. */
function pick<T>(all: readonly T[], at: number): T {
  const one = all[at % all.length];
  if (one === undefined) throw new RangeError('of none');
  return one;
}
const codeOf = (error: unknown) => (isNmpError(error) ? error.code : 'UNCODED');

async function open(many: number): Promise<{ client: NmpClient; peer: string }[]> {
  const out: { client: NmpClient; peer: string }[] = [];
  while (out.length < many) {
    const batch = Array.from({ length: Math.min(OPENING, many - out.length) }, async () => {
      const client = newClient();
      const peer = await client.connect(address);
      const first = { module: constantModule('{"n":0}'), args: {}, capability: 'small' };
      await client.run(peer, first, { timeoutMs: 120_000 });
      return { client, peer };
    });
    out.push(...(await Promise.all(batch)));
  }
  return out;
}

const honest = await open(order.clients);
const foes = await open(order.hostile);
process.stderr.write(`${honest.length} attested clients, ${foes.length} hostile ones\n`);

const lost: Record<string, number> = {};
const ended: Record<string, number> = {};
const latencies: number[] = [];
const stop = new AbortController();
const BOMBS = [endlessModule(), growingModule(16_000), recursingModule(), trappingModule()];

/** One run after the other, as fast as the node lets it. */
async function attack(at: number): Promise<void> {
  const { client, peer } = pick(foes, at);
  for (let turn = at; !stop.signal.aborted; turn++) {
    const module = pick(BOMBS, turn);
    try {
      await client.run(peer, { module, args: {}, capability: 'small' }, { timeoutMs });
      count(ended, 'ANSWERED');
    } catch (error) {
      count(ended, codeOf(error));
    }
    // Refusals may be answered at once: a hostile client that spins burns its own processor.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function call(at: number, due: number): Promise<void> {
  const { client, peer } = pick(honest, at);
  const n = at % 10;
  const module = constantModule(`{"n":${n}}`);
  try {
    const { output } = await client.run(
      peer,
      { module, args: {}, capability: 'small' },
      { timeoutMs },
    );
    if (Reflect.get(Object(output), 'n') !== n) return count(lost, 'WRONG_ANSWER');
    latencies.push(performance.now() - due);
  } catch (error) {
    count(lost, codeOf(error));
  }
}

const attacks = foes.map((_, at) => attack(at));
const started = performance.now();
const due = arrivals(order.rate, order.seconds, seeded(order.seed));
const calls: Promise<void>[] = [];
for (const [at, time] of due.entries()) {
  const wait = started + time - performance.now();
  if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
  // Late or not: its time counts from when it was to be sent.
  calls.push(call(at, started + time));
}
await Promise.all(calls);
stop.abort();
await Promise.all(attacks);
await Promise.all([...honest, ...foes].map(({ client }) => client.close()));
const result: Result = { latencies, sent: due.length, lost, hostile: ended };
process.stdout.write(JSON.stringify(result), () => process.exit(0));
