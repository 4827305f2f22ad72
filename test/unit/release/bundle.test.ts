import { createPrivateKey, createPublicKey, verify as verifyNode } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isNmpError } from '../../../shared/errors.ts';
import { parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import {
  bundleOf,
  parseRelease,
  type ReleaseBundle,
  type ReleaseTrust,
  releaseBundleSchema,
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
