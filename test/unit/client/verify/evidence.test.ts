import { describe, expect, it } from 'vitest';
import { createJudge } from '../../../../client/verify/evidence.ts';
import { createNodeVerifierCrypto } from '../../../../shared/attestation/crypto-node.ts';
import { encodeNodeStatement } from '../../../../shared/attestation/statement.ts';
import { statementPcr } from '../../../../shared/attestation/verify.ts';
import { toHex } from '../../../../shared/bytes.ts';
import { createNodeSuite } from '../../../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../../../shared/errors.ts';
import { parseClientPolicy } from '../../../../shared/policy/client-policy.ts';
import { ManualClock } from '../../../support/clock.ts';
import { PLAIN_STATEMENT } from '../../../support/statement.ts';
import {
  build,
  fingerprint,
  NONCE,
  NOW,
  pcrValue,
  setField,
  USER_DATA,
} from '../../attestation/adversary/draft.ts';
import { bstr, map, uint } from '../../attestation/adversary/encode.ts';

const suite = createNodeSuite();
const statement = PLAIN_STATEMENT;
const statementBytes = encodeNodeStatement(statement);
const pcr16 = statementPcr((...parts) => suite.sha384(...parts), suite.sha384(statementBytes));
const { bytes: document, root } = build((draft) =>
  setField(
    draft,
    'pcrs',
    map(
      ...Array.from(
        { length: 17 },
        (_, i) => [uint(i), bstr(i === 16 ? pcr16 : pcrValue(i))] as const,
      ),
    ),
  ),
);
const release = { pcr0: toHex(pcrValue(0)), pcr1: toHex(pcrValue(1)), pcr2: toHex(pcrValue(2)) };
const evidence = {
  document,
  statementBytes,
  statement,
  expected: { nonce: NONCE, userData: USER_DATA },
};

async function judge(
  change: Partial<typeof evidence> = {},
  peer = 'node',
  roots = [fingerprint(root)],
): Promise<string | undefined> {
  const policy = { version: 1, releases: [release], simulatedRoots: roots };
  const judged = createJudge(
    { suite, verifier: createNodeVerifierCrypto(), clock: new ManualClock(NOW) },
    { policy: parseClientPolicy(JSON.stringify(policy), 'policy') },
  );
  try {
    const all = { ...evidence, ...change };
    await judged(all as Parameters<typeof judged>[0], { id: peer, multihash: new Uint8Array(0) });
    return undefined;
  } catch (error) {
    if (isNmpError(error)) return error.code;
    throw error;
  }
}

describe('the evidence of a handshake', () => {
  it('is accepted whole', async () => {
    expect(await judge()).toBeUndefined();
  });

  it('is refused under a simulated root that the policy does not name', async () => {
    expect(await judge({}, 'node', [])).toBe('ATTESTATION_SIMULATED');
  });

  it('is refused with another nonce, binding or statement', async () => {
    const other = new Uint8Array(32);
    expect(await judge({ expected: { nonce: other, userData: USER_DATA } })).toBe(
      'ATTESTATION_NONCE',
    );
    expect(await judge({ expected: { nonce: NONCE, userData: other } })).toBe(
      'ATTESTATION_BINDING',
    );
    const changed = encodeNodeStatement({ ...statement, release: 'other' });
    expect(await judge({ statementBytes: changed })).toBe('ATTESTATION_STATEMENT_PCR');
  });

  it('is refused if the statement names another peer, or hides the simulation', async () => {
    expect(await judge({}, 'stranger')).toBe('HANDSHAKE_STATEMENT');
    expect(await judge({ statement: { ...statement, simulated: false } })).toBe(
      'HANDSHAKE_STATEMENT',
    );
  });

  it('is refused as random or empty bytes', async () => {
    expect(await judge({ document: new Uint8Array(0) })).toBe('ATTESTATION_TRUNCATED');
    expect(await judge({ document: new Uint8Array(64) })).toBe('ATTESTATION_STRUCTURE');
  });
});
