import { expect, it } from 'vitest';
import { deriveStreamKeys, wipeSecrets } from '../../../shared/crypto/key-schedule.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { codeOf } from '../../support/code-of.ts';

const suite = createNodeSuite();

/** Found by the simulation: a session that was closed while a call's stream opened. */
it('derives no key from secrets that were wiped, which anybody knows', () => {
  const secrets = {
    clientToNode: new Uint8Array(48).fill(1),
    nodeToClient: new Uint8Array(48).fill(2),
  };
  expect(deriveStreamKeys(suite, secrets, 1n).clientToNode.key).toHaveLength(32);
  const half = { ...secrets, nodeToClient: new Uint8Array(48) };
  expect(codeOf(() => deriveStreamKeys(suite, half, 1n))).toBe('SESSION_UNKNOWN');
  wipeSecrets(secrets);
  expect(codeOf(() => deriveStreamKeys(suite, secrets, 1n))).toBe('SESSION_UNKNOWN');
});
