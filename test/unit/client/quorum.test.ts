import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../client/nmp-client.ts';
import { quorum } from '../../../client/quorum.ts';
import { NmpError } from '../../../shared/errors.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { PCR, POLICY, reportFor } from '../../support/fake-mesh.ts';

const answer = (output: unknown): Answer => ({
  output,
  report: reportFor(POLICY, PCR('a')),
  certificate: Uint8Array.of(1),
});
/** Asks nodes that answer as listed; an error is thrown. */
const asking = (outputs: Readonly<Record<string, unknown>>) => async (peer: string) => {
  const output = outputs[peer];
  if (output instanceof Error) throw output;
  return answer(output);
};

describe('a quorum', () => {
  it('takes the output that enough nodes give, however its members are ordered', async () => {
    const outputs = {
      a: { n: 1, m: 2 },
      b: { m: 2, n: 1 },
      c: { n: 9 },
      d: new NmpError('TIMEOUT'),
    };
    const { output, answers, dissent } = await quorum(
      ['a', 'b', 'c', 'd'].slice(0, 3),
      2,
      asking(outputs),
    );
    expect(output).toEqual({ n: 1, m: 2 });
    expect([...answers.keys()]).toEqual(['a', 'b']);
    expect([...dissent.keys()]).toEqual(['c']);
  });

  it('counts a node that fails as dissent', async () => {
    const failure = new NmpError('ATTESTATION_PCR_UNKNOWN');
    const { dissent } = await quorum(['a', 'b', 'c'], 2, asking({ a: 1, b: 1, c: failure }));
    expect(dissent.get('c')).toBe(failure);
  });

  it.each([
    ['all differ', { a: 1, b: 2, c: 3 }, 2],
    ['one is short', { a: 1, b: 1, c: 2 }, 3],
    ['all fail', { a: new Error('x'), b: new Error('x'), c: new Error('x') }, 2],
  ])('fails if %s', async (_how, outputs, needed) => {
    expect(await codeOfAsync(quorum(['a', 'b', 'c'], needed, asking(outputs)))).toBe(
      'QUORUM_FAILED',
    );
  });

  it.each([
    [['a', 'b'], 1],
    [['a', 'b', 'c', 'd'], 2],
    [['a', 'a', 'a'], 2],
    [['a'], 0],
    [['a'], 1.5],
    [[], 0],
  ])('of %j does not take %d for enough', async (peers, needed) => {
    expect(await codeOfAsync(quorum(peers, needed, asking({ a: 1, b: 1, c: 1, d: 1 })))).toBe(
      'USAGE',
    );
  });
});
