/**
 * Ours against two verifiers of other hands: all accept every genuine document; of documents that
 * must be refused, ours lets none pass, and docs/verify.md gives how many each of them refuses.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { AWS_ANCHORS } from '../../../shared/attestation/roots.ts';
import { verifyAttestation } from '../../../shared/attestation/verify.ts';
import {
  nitritePeer,
  type Peer,
  type Question,
  sequence,
} from '../../support/attestation-peers.ts';
import { build, NOW } from './adversary/draft.ts';
import { POLICY } from './adversary/policy.ts';
import { STRUCTURE } from './adversary/structure.ts';
import { TRUST } from './adversary/trust.ts';

const FOLDER = join(import.meta.dirname, '../../../../shared/vectors/attestation');
const present = existsSync(join(FOLDER, 'manifest.json'));
const crypto = createNodeVerifierCrypto();
const nitrite = nitritePeer();
const awsRoot = AWS_ANCHORS[0]!.der;

interface Entry {
  readonly file: string;
  readonly genuine: boolean;
  readonly verify_at: string;
}

function genuineQuestions(genuine: boolean): readonly Question[] {
  const entries: readonly Entry[] = JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8'));
  return entries
    .filter((entry) => entry.genuine === genuine)
    .map(({ file, verify_at }) => ({
      document: Buffer.from(readFileSync(join(FOLDER, file), 'utf8'), 'base64'),
      root: awsRoot,
      atMs: Date.parse(verify_at),
    }));
}

/** The vectors that are bad as evidence, whatever a policy says. */
async function hostileQuestions(): Promise<readonly Question[]> {
  const out: Question[] = [];
  for (const { change } of [...STRUCTURE, ...TRUST, ...POLICY]) {
    const { bytes, root, init } = build(change);
    const { anchors, atMs } = init;
    const { verdict } = await verifyAttestation({ crypto }, bytes, { anchors, atMs });
    if (verdict === 'fail') out.push({ document: bytes, root, atMs });
  }
  return out;
}

const accepted = (peer: Peer, questions: readonly Question[]) =>
  peer(questions).filter((answer) => answer.accepted).length;
const refused = (peer: Peer, questions: readonly Question[]) =>
  questions.length - accepted(peer, questions);

/** What docs/verify.md says: `N of M`, refused of given. */
function published(peer: string): readonly number[] {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/verify.md'), 'utf8');
  const row = text.split('\n').find((line) => line.startsWith('|') && line.includes(peer)) ?? '';
  return [...row.matchAll(/(\d+) of (\d+)/g)].flatMap(([, some, all]) => [
    Number(some),
    Number(all),
  ]);
}

const peers: readonly (readonly [string, Peer | undefined])[] = [
  ['github.com/hf/nitrite', nitrite],
  ['@0xsequence/tee-verifier', sequence],
];

describe.each(peers)('%s', (name, peer) => {
  it.skipIf(!present || peer === undefined)('accepts what AWS signed, refuses strangers', () => {
    expect(accepted(peer!, genuineQuestions(true))).toBe(19);
    expect(accepted(peer!, genuineQuestions(false))).toBe(0);
  });

  it.skipIf(peer === undefined)(
    'refuses as many bad documents as docs/verify.md says',
    async () => {
      const honest = build();
      const good = { document: honest.bytes, root: honest.root, atMs: NOW };
      expect(accepted(peer!, [good])).toBe(1);
      const hostile = await hostileQuestions();
      expect(hostile.length).toBeGreaterThanOrEqual(120);
      expect([refused(peer!, hostile), hostile.length]).toEqual(published(name));
    },
  );
});
