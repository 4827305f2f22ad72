import { expect, it } from 'vitest';
import { deriveStreamKeys } from '../../../shared/crypto/key-schedule.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { codeOf } from '../../support/code-of.ts';

it('derives no keys from secrets that were wiped, in whole or in part', () => {
  const suite = createNodeSuite();
  const secret = (byte: number) => new Uint8Array(32).fill(byte);
  const keysOf = (clientToNode: number, nodeToClient: number) =>
    deriveStreamKeys(
      suite,
      { clientToNode: secret(clientToNode), nodeToClient: secret(nodeToClient) },
      1n,
    );
  expect(keysOf(1, 2).clientToNode).not.toEqual(keysOf(2, 1).clientToNode);
  for (const [one, other] of [
    [0, 0],
    [1, 0],
    [0, 1],
  ] as const) {
    expect(codeOf(() => keysOf(one, other))).toBe('SESSION_UNKNOWN');
  }
});
