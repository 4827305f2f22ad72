/**
 * One attestation document judged: cold (every certificate checked), and with its chain cached;
 * against verifiers of other hands on the same documents in the same run. Genuine documents of
 * ../shared/vectors where they lie beside the repository, else one under an own root.
 */
import { webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import { X509Certificate } from '@peculiar/x509';
import { Decoder, Encoder } from 'cbor-x';
import { ChainCache } from '../../../shared/attestation/chain.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { AWS_ANCHORS } from '../../../shared/attestation/roots.ts';
import { verifyAttestation } from '../../../shared/attestation/verify.ts';
import {
  nitritePeer,
  type Peer,
  type Question,
  sequence,
} from '../../support/attestation-peers.ts';
import { build, NOW } from '../../unit/attestation/adversary/draft.ts';
import type { Row } from '../row.ts';

const ROUNDS = 9;
const WARMUP = 5;
const FOLDER = join(import.meta.dirname, '../../../../shared/vectors/attestation');

interface Entry {
  readonly file: string;
  readonly genuine: boolean;
  readonly verify_at: string;
}

function questions(): readonly Question[] {
  if (!existsSync(join(FOLDER, 'manifest.json'))) {
    const { bytes, root } = build();
    return [{ document: bytes, root, atMs: NOW }];
  }
  const entries: readonly Entry[] = JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8'));
  return entries
    .filter((entry) => entry.genuine)
    .map(({ file, verify_at }) => ({
      document: Uint8Array.from(Buffer.from(readFileSync(join(FOLDER, file), 'utf8'), 'base64')),
      root: AWS_ANCHORS[0]!.der,
      atMs: Date.parse(verify_at),
    }));
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** What one writes on @peculiar/x509 and Web Crypto: chain, validity, root, COSE signature. */
async function peculiar({ document, root, atMs }: Question): Promise<boolean> {
  const decoder = new Decoder({ mapsAsObjects: false });
  const [header, , payload, signature] = decoder.decode(document) as Uint8Array[];
  const fields = decoder.decode(payload!) as Map<string, unknown>;
  const bundle = fields.get('cabundle') as Uint8Array[];
  const ders = [...bundle, fields.get('certificate') as Uint8Array].map((der) => der.slice());
  if (Buffer.compare(ders[0]!, root) !== 0) return false;
  const chain = ders.map((der) => new X509Certificate(der));
  const date = new Date(atMs);
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[Math.max(0, index - 1)]!;
    if (certificate.issuer !== issuer.subject) return false;
    const publicKey = await issuer.publicKey.export(webcrypto as unknown as Crypto);
    if (!(await certificate.verify({ publicKey, date }, webcrypto as unknown as Crypto))) {
      return false;
    }
  }
  const key = await chain.at(-1)!.publicKey.export(webcrypto as unknown as Crypto);
  const message = new Encoder({ tagUint8Array: false }).encode([
    'Signature1',
    header,
    new Uint8Array(0),
    payload,
  ]);
  const algorithm = { name: 'ECDSA', hash: 'SHA-384' };
  return webcrypto.subtle.verify(algorithm, key as never, signature!.slice(), message);
}

/** One pass over all documents; median, milliseconds. Every answer must be yes. */
async function pass(
  all: readonly Question[],
  judge: (question: Question) => Promise<boolean>,
): Promise<number> {
  const times: number[] = [];
  for (const question of all) {
    const started = performance.now();
    if (!(await judge(question))) throw new Error('a genuine document was refused');
    times.push(performance.now() - started);
  }
  return median(times);
}

/** The same of a program; its second half of two passes, so that it is warm too. */
function peerPass(peer: Peer, all: readonly Question[]): number {
  const answers = peer([...all, ...all]);
  if (answers.some((answer) => !answer.accepted)) throw new Error('a peer refused a document');
  return median(answers.slice(all.length).map((answer) => answer.ms));
}

export async function run(): Promise<Row[]> {
  const all = questions();
  const crypto = createNodeVerifierCrypto();
  const judge = (cache?: ChainCache) => async (question: Question) => {
    const { document, root, atMs } = question;
    const anchors = [{ id: 'root', kind: 'aws', der: root } as const];
    const components = cache === undefined ? { crypto } : { crypto, cache };
    return (await verifyAttestation(components, document, { anchors, atMs })).verdict === 'pass';
  };
  const cache = new ChainCache();
  const nitrite = nitritePeer();
  const contenders: readonly (readonly [string, () => Promise<number> | number])[] = [
    ['@peculiar/x509 2.2.0 + Web Crypto', () => pass(all, peculiar)],
    ['@0xsequence/tee-verifier 0.1.2', () => peerPass(sequence, all)],
    ...(nitrite === undefined
      ? []
      : [['Go hf/nitrite (2024-12)', () => peerPass(nitrite, all)] as const]),
  ];
  for (let round = 0; round < WARMUP; round++) {
    await pass(all, judge());
    await pass(all, judge(cache));
    await pass(all, peculiar);
  }
  const cold: number[] = [];
  const cached: number[] = [];
  const others = contenders.map(() => [] as number[]);
  // Side by side in every round, so that the machine's other work meets all alike.
  for (let round = 0; round < ROUNDS; round++) {
    cold.push(await pass(all, judge()));
    cached.push(await pass(all, judge(cache)));
    for (const [at, [, other]] of contenders.entries()) others[at]?.push(await other());
  }
  const area = 'attestation';
  const ratio = (times: readonly number[]) =>
    median(cold.map((ours, round) => ours / (times[round] ?? Number.NaN)));
  const name = 'document, cold';
  return [
    ...contenders.map(
      ([peer], at): Row => ({
        area,
        name,
        value: median(cold),
        unit: 'ms',
        peer,
        ratio: ratio(others[at] ?? []),
      }),
    ),
    {
      area,
      name: 'document, chain cached',
      value: median(cached),
      unit: 'ms',
      peer: 'limit 1 ms',
      ratio: median(cached),
    },
  ];
}
