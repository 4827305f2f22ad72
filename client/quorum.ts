/** The same logic on several nodes, and their answers compared. */
import { NmpError } from '../shared/errors.ts';
import { canonicalJson } from '../shared/wire/canonical-json.ts';
import type { Answer } from './nmp-client.ts';

export interface QuorumAnswer {
  readonly output: unknown;
  /** Every node that gave this output, with its evidence. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Nodes that gave another output, or none. */
  readonly dissent: ReadonlyMap<string, NmpError | Answer>;
}

/**
 * @param peers each asked once
 * @param needed how many must give the same output, more than half of `peers`
 * @throws NmpError USAGE; QUORUM_FAILED if no output was given by so many
 */
export async function quorum(
  peers: readonly string[],
  needed: number,
  ask: (peer: string) => Promise<Answer>,
): Promise<QuorumAnswer> {
  const unique = [...new Set(peers)];
  if (!Number.isInteger(needed) || needed > unique.length || needed * 2 <= unique.length) {
    throw new NmpError('USAGE', 'a quorum is more than half of the nodes, and each counts once');
  }
  const outcomes = await Promise.all(
    unique.map(async (peer) => {
      try {
        return { peer, outcome: await ask(peer) };
      } catch (error) {
        const failure =
          error instanceof NmpError ? error : new NmpError('INTERNAL', undefined, { cause: error });
        return { peer, outcome: failure };
      }
    }),
  );
  const camps = new Map<string, Map<string, Answer>>();
  for (const { peer, outcome } of outcomes) {
    if (outcome instanceof NmpError) continue;
    const key = canonicalJson(outcome.output);
    camps.set(key, (camps.get(key) ?? new Map()).set(peer, outcome));
  }
  const answers = [...camps.values()].find((camp) => camp.size >= needed);
  const [first] = answers?.values() ?? [];
  if (answers === undefined || first === undefined) {
    throw new NmpError('QUORUM_FAILED', undefined, {
      cause: new AggregateError(
        outcomes.flatMap(({ outcome }) => (outcome instanceof NmpError ? [outcome] : [])),
      ),
    });
  }
  const dissent = outcomes
    .filter(({ peer }) => !answers.has(peer))
    .map(({ peer, outcome }) => [peer, outcome] as const);
  return { output: first.output, answers, dissent: new Map(dissent) };
}
