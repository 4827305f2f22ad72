import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as signNode,
  verify as verifyNode,
} from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { isNmpError } from '../../../shared/errors.ts';
import { parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import {
  bundleOf,
  parseRelease,
  type ReleaseBundle,
  type ReleaseTrust,
  releaseBundleSchema,
  releaseStateSchema,
  releaseTrustSchema,
  verifyReleaseBundle,
} from '../../../shared/release/bundle.ts';
import { openCheckpoint, signCheckpoint } from '../../../shared/release/checkpoint.ts';
import {
  addSignature,
  checkSignatures,
  type ReleaseManifest,
  type SignedRelease,
  verifyEd25519,
} from '../../../shared/release/manifest.ts';
import { codeOf } from '../../support/code-of.ts';

const seed = (index: number) => new Uint8Array(32).fill(index);
/** RFC 8410 wrapping of a raw Ed25519 key, so that node:crypto is an independent witness. */
const nodeKey = (index: number) =>
  createPrivateKey({
    key: Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      Buffer.from(seed(index)),
    ]),
    format: 'der',
    type: 'pkcs8',
  });
const publicKey = (index: number) =>
  Buffer.from(
    createPublicKey(nodeKey(index)).export({ format: 'jwk' }).x ?? '',
    'base64url',
  ).toString('hex');
const LOG = 9;
const ORIGIN = 'releases.example/nmp';
const manifest = (sequence: number): ReleaseManifest => ({
  version: 1,
  name: 'node',
  release: `1.${sequence}.0`,
  sequence,
  measurements: {
    pcr0: 'a0'.repeat(48),
    pcr1: 'a1'.repeat(48),
    pcr2: sequence.toString(16).padStart(2, '0').repeat(48),
  },
  policyDigests: { guardian: 'bb'.repeat(32) },
  sbom: 'cc'.repeat(32),
});
const signed = (sequence: number, ...signers: readonly number[]): SignedRelease =>
  signers.reduce((release, signer) => addSignature(release, seed(signer)), {
    manifest: manifest(sequence),
    signatures: [],
  } as SignedRelease);
const trust: ReleaseTrust = {
  version: 1,
  origin: ORIGIN,
  logKey: publicKey(LOG),
  signers: [publicKey(1), publicKey(2), publicKey(3)],
  threshold: 2,
};
const log = [signed(1, 1, 2), signed(2, 2, 3), signed(3, 1, 3), signed(4, 1, 2, 3)];
const bundle = (at: number, size = log.length, from?: number) =>
  bundleOf(log.slice(0, size), at, ORIGIN, seed(LOG), from);
const verify = (value: ReleaseBundle, own = trust) => verifyReleaseBundle(value, own).manifest;

describe('a release bundle', () => {
  it('is accepted offline, for every entry and size', () => {
    for (let size = 1; size <= log.length; size++) {
      for (let at = 0; at < size; at++) expect(verify(bundle(at, size)).sequence).toBe(at + 1);
    }
  });

  it('is signed as node:crypto sees it', () => {
    const text = bundle(2).checkpoint;
    const [body = '', note = ''] = text.split('\n\n');
    const blob = Buffer.from(note.trim().split(' ').at(-1) ?? '', 'base64');
    const key = createPublicKey(nodeKey(LOG));
    expect(verifyNode(null, Buffer.from(`${body}\n`), key, blob.subarray(4))).toBe(true);
  });

  const one = bundle(1);
  const bad: readonly (readonly [string, string, ReleaseBundle, ReleaseTrust?])[] = [
    [
      'another manifest',
      'RELEASE_SIGNATURES',
      { ...one, release: { ...one.release, manifest: manifest(7) } },
    ],
    ['one signature of two', 'RELEASE_SIGNATURES', { ...one, release: signed(2, 2) }],
    [
      'one signer twice',
      'RELEASE_SIGNATURES',
      {
        ...one,
        release: {
          ...one.release,
          signatures: [one.release.signatures[0]!, one.release.signatures[0]!],
        },
      },
    ],
    ['strangers for signers', 'RELEASE_SIGNATURES', { ...one, release: signed(2, 5, 6) }],
    [
      'a signature of zeros',
      'RELEASE_SIGNATURES',
      {
        ...one,
        release: {
          ...one.release,
          signatures: one.release.signatures.map(({ key }) => ({
            key,
            signature: '00'.repeat(64),
          })),
        },
      },
    ],
    ['another log', 'RELEASE_CHECKPOINT', bundleOf(log, 1, ORIGIN, seed(8))],
    ['another origin', 'RELEASE_CHECKPOINT', bundleOf(log, 1, 'other.example', seed(LOG))],
    ['an entry that is not there', 'RELEASE_NOT_LOGGED', { ...one, release: signed(5, 1, 2) }],
    ['a wrong index', 'RELEASE_NOT_LOGGED', { ...one, index: 2 }],
    ['a proof cut short', 'RELEASE_NOT_LOGGED', { ...one, inclusion: one.inclusion.slice(1) }],
    [
      'a signature fewer than was logged',
      'RELEASE_NOT_LOGGED',
      {
        ...bundle(3),
        release: signed(4, 1, 2),
      },
    ],
    [
      'a threshold above the number of signers',
      'RELEASE_MALFORMED',
      one,
      { ...trust, threshold: 4 },
    ],
    [
      'a threshold met by one key named twice',
      'RELEASE_MALFORMED',
      one,
      {
        ...trust,
        signers: [publicKey(2), publicKey(2)],
      },
    ],
  ];
  for (const [name, code, value, own] of bad) {
    it(`is refused with ${name}`, () => {
      expect(codeOf(() => verify(value, own))).toBe(code);
    });
  }

  it('needs at least one signer whatever the caller says', () => {
    expect(codeOf(() => checkSignatures(log[0]!, trust.signers, 0))).toBe('RELEASE_SIGNATURES');
  });

  it('continues what was seen, and goes back to nothing older', () => {
    const { state } = verifyReleaseBundle(bundle(2, 3), trust);
    const next = verifyReleaseBundle(bundle(3, 4, 3), trust, state);
    expect(next.state).toMatchObject({ size: 4, sequence: 4 });
    expect(verifyReleaseBundle(bundle(2, 3), trust, state).state).toEqual(state);
    const codes = {
      'no proof of consistency': () => verifyReleaseBundle(bundle(3, 4), trust, state),
      'from another size': () => verifyReleaseBundle(bundle(3, 4, 2), trust, state),
      'an older tree': () => verifyReleaseBundle(bundle(1, 2), trust, state),
      'another past': () =>
        verifyReleaseBundle(
          bundleOf([signed(9, 1, 2), ...log.slice(1)], 3, ORIGIN, seed(LOG), 3),
          trust,
          state,
        ),
    };
    for (const [name, action] of Object.entries(codes)) {
      expect(codeOf(action), name).toBe('RELEASE_LOG_REWRITTEN');
    }
    expect(codeOf(() => verifyReleaseBundle(bundle(0, 4, 3), trust, state))).toBe(
      'RELEASE_ROLLBACK',
    );
  });

  it.each([
    ['another version', { version: 2 }],
    ['an unknown member', { more: 1 }],
    ['a proof of 33 hashes', { inclusion: Array.from({ length: 33 }, () => '0'.repeat(64)) }],
    ['upper-case hex', { inclusion: ['A'.repeat(64)] }],
    ['a negative index', { index: -1 }],
  ])('is no bundle with %s', (_, change) => {
    expect(codeOf(() => parseRelease(releaseBundleSchema, { ...one, ...change }))).toBe(
      'RELEASE_MALFORMED',
    );
  });
});

describe('a checkpoint', () => {
  const text = signCheckpoint({ origin: ORIGIN, size: 4, root: new Uint8Array(32) }, seed(LOG));
  const open = (changed: string) => openCheckpoint(changed, ORIGIN, publicKey(LOG));

  it('has one text', () => {
    expect(open(text)).toEqual({ origin: ORIGIN, size: 4, root: new Uint8Array(32) });
    const lines = text.split('\n');
    const changes = [
      text.slice(1),
      `${text}\n`,
      text.replace('\n4\n', '\n04\n'),
      text.replace('\n4\n', '\n5\n'),
      text.replace('AAA=', 'AAB='),
      [...lines.slice(0, 3), 'extension', ...lines.slice(3)].join('\n'),
      text.replace('— ', '-- '),
      '',
      'x'.repeat(2000),
      text + lines[4],
    ];
    for (const changed of changes) {
      expect(
        codeOf(() => open(changed)),
        JSON.stringify(changed),
      ).toMatch(/^RELEASE_(MALFORMED|CHECKPOINT)$/);
    }
  });
});

describe('a checkpoint that the log itself signed', () => {
  const body = (root: string) => `${ORIGIN}\n4\n${root}\n`;
  /** As signed-note has it, apart from the code that is under test. */
  const note = (text: string) => {
    const raw = Buffer.from(publicKey(LOG), 'hex');
    const id = createHash('sha256').update(`${ORIGIN}\n\u0001`).update(raw).digest();
    const signature = signNode(null, Buffer.from(text), nodeKey(LOG));
    const blob = Buffer.concat([id.subarray(0, 4), signature]).toString('base64');
    return { blob, text: `${text}\n— ${ORIGIN} ${blob}\n` };
  };
  const open = (text: string) => openCheckpoint(text, ORIGIN, publicKey(LOG));

  it('is read as ours is', () => {
    const { text } = note(body(`${'A'.repeat(43)}=`));
    expect(open(text).root).toEqual(new Uint8Array(32));
    expect(text).toBe(signCheckpoint(open(text), seed(LOG)));
  });

  it('is refused if bits that say nothing are set', () => {
    expect(codeOf(() => open(note(body(`${'A'.repeat(42)}B=`)).text))).toBe('RELEASE_MALFORMED');
  });

  it('is refused by its form if the signature is no base64', () => {
    const { blob, text } = note(body(`${'A'.repeat(43)}=`));
    for (const other of [`${blob}=`, `${blob.slice(0, -1)}A==`]) {
      expect(codeOf(() => open(text.replace(blob, other)))).toBe('RELEASE_MALFORMED');
    }
  });

  it('is refused under a key that is no hex, and by another key', () => {
    const { text } = note(body(`${'A'.repeat(43)}=`));
    expect(codeOf(() => openCheckpoint(text, ORIGIN, 'zz'))).toBe('RELEASE_MALFORMED');
    expect(codeOf(() => openCheckpoint(text, ORIGIN, publicKey(8)))).toBe('RELEASE_CHECKPOINT');
  });
});

describe('what a bundle, a trust and a state may say', () => {
  const accepts = <T>(schema: z.ZodType<T>, value: unknown) => {
    try {
      parseRelease(schema, value);
      return true;
    } catch (error) {
      if (isNmpError(error) && error.code === 'RELEASE_MALFORMED') return false;
      throw error;
    }
  };
  const one = bundle(1);
  const changed = (change: object) => ({
    ...one,
    release: { ...one.release, manifest: { ...one.release.manifest, ...change } },
  });
  const state = {
    ...{ version: 1, origin: ORIGIN, size: 4, sequence: 1 },
    root: '0'.repeat(64),
  };
  const signatures = (count: number) => ({
    ...one,
    release: {
      ...one.release,
      signatures: Array.from({ length: count }, () => one.release.signatures[0]),
    },
  });
  const hashes = (count: number) => Array.from({ length: count }, () => '0'.repeat(64));
  it.each<[string, z.ZodType, unknown, unknown]>([
    ['index', releaseBundleSchema, { ...one, index: 2 ** 31 - 1 }, { ...one, index: 2 ** 31 }],
    ['index', releaseBundleSchema, { ...one, index: 0 }, { ...one, index: 0.5 }],
    [
      'checkpoint',
      releaseBundleSchema,
      { ...one, checkpoint: 'x'.repeat(1024) },
      { ...one, checkpoint: 'x'.repeat(1025) },
    ],
    [
      'proof',
      releaseBundleSchema,
      { ...one, inclusion: hashes(32) },
      { ...one, inclusion: hashes(33) },
    ],
    ['signatures', releaseBundleSchema, signatures(16), signatures(17)],
    ['name', releaseBundleSchema, changed({ name: 'n'.repeat(128) }), changed({ name: '' })],
    ['name', releaseBundleSchema, changed({ name: 'n' }), changed({ name: 'n'.repeat(129) })],
    ['release', releaseBundleSchema, changed({ release: 'r' }), changed({ release: '' })],
    [
      'release',
      releaseBundleSchema,
      changed({ release: 'r'.repeat(64) }),
      changed({ release: 'r'.repeat(65) }),
    ],
    [
      'sequence',
      releaseBundleSchema,
      changed({ sequence: 2 ** 31 }),
      changed({ sequence: 2 ** 31 + 1 }),
    ],
    ['sequence', releaseBundleSchema, changed({ sequence: 0 }), changed({ sequence: -1 })],
    ['version', releaseBundleSchema, one, changed({ version: 2 })],
    [
      'names of policies',
      releaseBundleSchema,
      changed({ policyDigests: { [`a${'b'.repeat(31)}`]: 'bb'.repeat(32) } }),
      changed({ policyDigests: { [`a${'b'.repeat(32)}`]: 'bb'.repeat(32) } }),
    ],
    ['digest', releaseBundleSchema, one, changed({ sbom: 'cc'.repeat(31) })],
    [
      'period',
      releaseBundleSchema,
      changed({ notBefore: '2026-01-01T00:00:00+01:00' }),
      changed({ notBefore: '2026-01-01' }),
    ],
    ['trust', releaseTrustSchema, trust, { ...trust, signers: [] }],
    [
      'signers',
      releaseTrustSchema,
      { ...trust, signers: hashes(16), threshold: 16 },
      { ...trust, signers: hashes(17) },
    ],
    ['threshold', releaseTrustSchema, { ...trust, threshold: 1 }, { ...trust, threshold: 0 }],
    ['threshold', releaseTrustSchema, { ...trust, threshold: 16 }, { ...trust, threshold: 17 }],
    ['trust’s version', releaseTrustSchema, trust, { ...trust, version: 2 }],
    ['origin', releaseTrustSchema, trust, { ...trust, origin: 'a b' }],
    ['state', releaseStateSchema, state, { ...state, version: 2 }],
    [
      'state’s origin',
      releaseStateSchema,
      { ...state, origin: 'o'.repeat(128) },
      { ...state, origin: 'o'.repeat(129) },
    ],
    [
      'state’s sequence',
      releaseStateSchema,
      { ...state, sequence: 2 ** 31 },
      { ...state, sequence: 2 ** 31 + 1 },
    ],
    ['state’s sequence', releaseStateSchema, { ...state, sequence: 0 }, { ...state, sequence: -1 }],
  ])('%s', (_, schema, good, wrong) => {
    expect([accepts(schema, good), accepts(schema, wrong)]).toEqual([true, false]);
  });

  it('keeps signatures in the order of their keys, one a key', () => {
    const keys = [1, 2, 3].map(publicKey).sort();
    for (const order of [
      [1, 2, 3],
      [3, 2, 1],
      [2, 3, 1, 2],
    ]) {
      expect(signed(1, ...order).signatures.map(({ key }) => key)).toEqual(keys);
    }
  });
});

describe('what makes bundles and manifests', () => {
  it('makes none of an entry that is not there', () => {
    expect(() => bundleOf(log, 4, ORIGIN, seed(LOG))).toThrow(RangeError);
  });

  it('takes keys and signatures in hex only, and says where a file is wrong', () => {
    const message = Uint8Array.of(1);
    expect(verifyEd25519('zz', message, '00'.repeat(64))).toBe(false);
    expect(verifyEd25519(publicKey(1), message, 'zz')).toBe(false);
    expect(verifyEd25519(publicKey(1), message, '00'.repeat(63))).toBe(false);
    const wrong = (value: unknown) => {
      try {
        return parseRelease(releaseBundleSchema, value);
      } catch (error) {
        return isNmpError(error) ? [error.code, error.message] : error;
      }
    };
    expect(wrong(7)).toEqual(['RELEASE_MALFORMED', expect.stringContaining('top level: ')]);
    const named = expect.stringContaining('release.manifest.sequence: ');
    const sequence = { ...signed(1, 1).manifest, sequence: -1 };
    expect(wrong({ ...bundle(0), release: { ...signed(1, 1), manifest: sequence } })).toEqual([
      'RELEASE_MALFORMED',
      named,
    ]);
  });
});

describe('a client policy with a log', () => {
  const release = (at: number) => {
    const { pcr0, pcr1, pcr2 } = manifest(at + 1).measurements;
    return { pcr0, pcr1, pcr2, logged: bundle(at) };
  };
  const parse = (value: object) =>
    parseClientPolicy(JSON.stringify({ version: 1, ...value }), 'policy.json');

  it('takes only releases that are proven in it', () => {
    expect(parse({ log: trust, releases: [release(0), release(3)] }).releases).toHaveLength(2);
    const { logged, ...bare } = release(0);
    const bad: readonly (readonly [string, object])[] = [
      ['RELEASE_NOT_LOGGED', { log: trust, releases: [bare] }],
      [
        'RELEASE_NOT_LOGGED',
        { log: trust, releases: [release(0), { ...bare, logged: bundle(1) }] },
      ],
      ['RELEASE_NOT_LOGGED', { log: trust, releases: [{ ...release(0), pcr1: '00'.repeat(48) }] }],
      ['RELEASE_CHECKPOINT', { log: { ...trust, origin: 'x' }, releases: [release(0)] }],
      [
        'RELEASE_SIGNATURES',
        { log: { ...trust, signers: [publicKey(1)], threshold: 1 }, releases: [release(1)] },
      ],
      ['ATTESTATION_POLICY_INVALID', { releases: [{ ...bare, logged }] }],
    ];
    for (const [code, value] of bad) expect(codeOf(() => parse(value))).toBe(code);
  });

  it('keeps the signer and the beginning that the publisher gave', () => {
    const measurements = { ...manifest(1).measurements, pcr8: 'a8'.repeat(48) };
    const stated = { ...manifest(1), measurements, notBefore: '2026-01-01T00:00:00Z' };
    const limited = [1, 2].reduce((value, signer) => addSignature(value, seed(signer)), {
      manifest: stated,
      signatures: [],
    } as SignedRelease);
    const logged = bundleOf([limited], 0, ORIGIN, seed(LOG));
    const { pcr0, pcr1, pcr2, pcr8 } = measurements;
    const policy = (more: object) =>
      parse({ log: trust, releases: [{ pcr0, pcr1, pcr2, logged, ...more }] });
    const { notBefore } = stated;
    expect(policy({ pcr8, notBefore }).releases).toHaveLength(1);
    expect(policy({ pcr8, notBefore: '2026-02-01T00:00:00Z' }).releases).toHaveLength(1);
    for (const more of [
      { notBefore },
      { pcr8: 'a9'.repeat(48), notBefore },
      { pcr8 },
      { pcr8, notBefore: '2025-12-31T23:59:59Z' },
    ]) {
      expect(codeOf(() => policy(more))).toBe('RELEASE_NOT_LOGGED');
    }
  });

  it('may narrow the period that the publisher gave, and not widen it', () => {
    const limited = [1, 2].reduce((value, signer) => addSignature(value, seed(signer)), {
      manifest: { ...manifest(1), notAfter: '2026-12-31T00:00:00Z' },
      signatures: [],
    } as SignedRelease);
    const logged = bundleOf([limited], 0, ORIGIN, seed(LOG));
    const { pcr0, pcr1, pcr2 } = limited.manifest.measurements;
    const policy = (notAfter?: string) =>
      parse({
        log: trust,
        releases: [{ pcr0, pcr1, pcr2, logged, ...(notAfter === undefined ? {} : { notAfter }) }],
      });
    expect(policy('2026-12-31T00:00:00Z').releases).toHaveLength(1);
    expect(policy('2026-11-30T00:00:00+01:00').releases).toHaveLength(1);
    expect(codeOf(() => policy('2027-01-01T00:00:00Z'))).toBe('RELEASE_NOT_LOGGED');
    expect(codeOf(() => policy())).toBe('RELEASE_NOT_LOGGED');
  });
});
