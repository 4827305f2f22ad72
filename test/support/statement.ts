/** The statement of a node that offers nothing, for tests that look at something else. */
import type { NodeStatement } from '../../shared/attestation/statement.ts';

export const PLAIN_STATEMENT: NodeStatement = {
  version: 1,
  peerId: 'node',
  certificateKey: new Uint8Array(32),
  profile: 'p',
  release: 'r',
  guardianPolicy: new Uint8Array(32),
  simulated: true,
  datasets: [],
  capabilities: [],
};
