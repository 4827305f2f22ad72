/** The judgement on a document that reads well: each rule at its edge, and what the report says. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ChainCache } from '../../../shared/attestation/chain.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import type { CheckId } from '../../../shared/attestation/report.ts';
import { statementPcr, verifyAttestation } from '../../../shared/attestation/verify.ts';
import { toHex } from '../../../shared/bytes.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import {
  build,
  type Draft,
  fingerprint,
  NONCE,
  NOW,
  newDraft,
  pcrMap,
  pcrValue,
  setField,
  USER_DATA,
} from './adversary/draft.ts';
import { bstr, map, NULL, time, uint } from './adversary/encode.ts';

const crypto = createNodeVerifierCrypto();
const MINUTE_MS = 60_000;
const SKEW_MS = 5 * MINUTE_MS;
const HONEST = { pcr0: toHex(pcrValue(0)), pcr1: toHex(pcrValue(1)), pcr2: toHex(pcrValue(2)) };
const SUMMARY = `PCR0 ${HONEST.pcr0}, PCR1 ${HONEST.pcr1}, PCR2 ${HONEST.pcr2}`;
const OTHER = 'ab'.repeat(48);

type Change = (draft: Draft) => unknown;

function judge(change: Change = () => undefined, evidenceOnly = false) {
  const { bytes, init } = build(change);
  const { policy, ...rest } = init;
  const withPolicy = policy === undefined || evidenceOnly ? {} : { policy };
  return verifyAttestation({ crypto }, bytes, { ...rest, ...withPolicy });
}
async function checkOf(id: CheckId, change: Change, evidenceOnly = false) {
  const { checks } = await judge(change, evidenceOnly);
  const found = checks.find((check) => check.id === id);
  if (found === undefined) throw new Error(`no check ${id}`);
  return found;
}
const codeOf = async (id: CheckId, change: Change) => {
  const { status, code } = await checkOf(id, change);
  return code ?? status;
};
const release = (over: object) => (draft: Draft) => {
  draft.policy.releases = [{ ...HONEST, ...over }];
};
const pcrs = (...entries: readonly (readonly [number, Uint8Array])[]) =>
  map(...entries.map(([index, value]) => [uint(index), bstr(value)] as const));
const zero = new Uint8Array(48);

describe('the time of signing', () => {
  /** All certificates valid from `from` to `to`. */
  const life = (draft: Draft, from: number, to: number) => {
    for (const certificate of draft.certificates) {
      certificate.notBefore = time(from);
      certificate.notAfter = time(to);
    }
  };
  const signedAt = (ms: number, from = NOW - 86_400_000) =>
    codeOf('age', (draft) => {
      life(draft, from, NOW + 86_400_000);
      setField(draft, 'timestamp', uint(ms));
    });

  it('is no further ahead than clocks differ', async () => {
    expect(await signedAt(NOW + SKEW_MS)).toBe('pass');
    expect(await signedAt(NOW + SKEW_MS + 1)).toBe('ATTESTATION_FUTURE');
  });

  it('is no further back than the policy takes', async () => {
    expect(await signedAt(NOW - 300_000)).toBe('pass');
    expect(await signedAt(NOW - 300_001)).toBe('ATTESTATION_STALE');
  });

  it('lies in the life of the leaf, give or take what clocks differ', async () => {
    const from = NOW - MINUTE_MS;
    const signed = (ms: number) => signedAt(ms, from);
    // Older than the policy takes, but that is another rule.
    expect(await signed(from - SKEW_MS)).toBe('ATTESTATION_STALE');
    expect(await signed(from - SKEW_MS - 1)).toBe('ATTESTATION_TIMESTAMP');
  });

  it('is judged while every certificate is valid, its first and last second included', async () => {
    const chain = (from: number, to: number) => codeOf('chain', (draft) => life(draft, from, to));
    expect(await chain(NOW, NOW)).toBe('pass');
    expect(await chain(NOW + 1000, NOW + 1000)).toBe('ATTESTATION_CERTIFICATE_NOT_YET');
    expect(await chain(NOW - 1000, NOW - 1000)).toBe('ATTESTATION_CERTIFICATE_EXPIRED');
  });

  it('is told in seconds of age', async () => {
    const at = (ms: number) => (draft: Draft) => setField(draft, 'timestamp', uint(ms));
    const good = await checkOf('age', at(NOW - 1500));
    expect([good.expected, good.actual]).toEqual(['at most 300 s old', '1.5 s old']);
    const future = await checkOf('age', at(NOW + SKEW_MS + 1));
    expect(future.actual).toBe(new Date(NOW + SKEW_MS + 1).toISOString());
    const free = await checkOf('age', at(NOW - 1500), true);
    expect([free.status, free.actual]).toEqual(['skip', 'no policy given']);
    const late = await checkOf('age', at(NOW + SKEW_MS + 1), true);
    expect(late.code).toBe('ATTESTATION_FUTURE');
  });
});

describe('the release', () => {
  const instant = (ms: number) => new Date(ms).toISOString();

  it('must be within its period, ends included', async () => {
    const within = (over: object) => codeOf('release', release(over));
    expect(await within({ notBefore: instant(NOW), notAfter: instant(NOW) })).toBe('pass');
    expect(await within({ notBefore: instant(NOW + 1) })).toBe('ATTESTATION_RELEASE_EXPIRED');
    expect(await within({ notAfter: instant(NOW - 1) })).toBe('ATTESTATION_RELEASE_EXPIRED');
    expect(await within({ notBefore: instant(NOW - 1) })).toBe('pass');
    expect(await within({ notAfter: instant(NOW + 1) })).toBe('pass');
  });

  it('is any that matches and is current', async () => {
    const old = { ...HONEST, name: 'old', notAfter: instant(NOW - 1) };
    const current = { ...HONEST, name: 'current' };
    const report = await judge((draft) => {
      draft.policy.releases = [old, current];
    });
    expect(report.verdict).toBe('pass');
    expect(report.checks.find(({ id }) => id === 'release')?.actual).toBe('current');
    const expired = await checkOf('release', (draft) => {
      draft.policy.releases = [old];
    });
    expect([expired.code, expired.actual]).toEqual(['ATTESTATION_RELEASE_EXPIRED', 'old']);
  });

  it.each([0, 1, 2, 3, 4, 8, 16])('is told by PCR%s, if it names one', async (index) => {
    const name = `pcr${index}`;
    const with17 = (over: object) => (draft: Draft) => {
      setField(draft, 'pcrs', pcrMap(17));
      release(over)(draft);
    };
    expect(await codeOf('pcrs', with17({ [name]: toHex(pcrValue(index)) }))).toBe('pass');
    expect(await codeOf('pcrs', with17({ [name]: OTHER }))).toBe('ATTESTATION_PCR_UNKNOWN');
    // Only this register is missing.
    const rest = Array.from({ length: 17 }, (_, at) => at).filter((at) => at !== index);
    const without = (draft: Draft) => {
      setField(draft, 'pcrs', pcrs(...rest.map((at) => [at, pcrValue(at)] as const)));
      release({ [name]: toHex(pcrValue(index)) })(draft);
    };
    expect(await codeOf('pcrs', without)).toBe('ATTESTATION_PCR_ABSENT');
  });

  it('is unknown, not absent, where only some releases ask for what is missing', async () => {
    const code = await codeOf('pcrs', (draft) => {
      draft.policy.releases = [
        { ...HONEST, pcr16: OTHER },
        { ...HONEST, pcr0: OTHER },
      ];
    });
    expect(code).toBe('ATTESTATION_PCR_UNKNOWN');
  });

  it('is named in the report, or by the start of its PCR0', async () => {
    const named = await judge((draft) => {
      draft.policy.releases = [
        { ...HONEST, name: 'one' },
        { ...HONEST, pcr0: OTHER },
      ];
    });
    const [pcr, period] = ['pcrs', 'release'].map((id) => named.checks.find((c) => c.id === id));
    expect(pcr?.expected).toBe(`one of 2 releases: one, ${OTHER.slice(0, 16)}`);
    expect(pcr?.actual).toBe(`one: ${SUMMARY}`);
    expect(period?.actual).toBe('one');
    const unnamed = await checkOf('release', release({}));
    expect([unnamed.expected, unnamed.actual]).toEqual([
      'within its period of use',
      'unnamed release',
    ]);
    const unknown = await judge(release({ pcr0: OTHER }));
    expect(unknown.checks.find(({ id }) => id === 'release')).toMatchObject({
      status: 'skip',
      expected: 'not checked',
      actual: 'no release matched the measurements',
    });
    expect(unknown.checks.find(({ id }) => id === 'pcrs')?.actual).toBe(SUMMARY);
  });
});

describe('debug mode', () => {
  const measured =
    (...entries: readonly (readonly [number, Uint8Array])[]) =>
    (draft: Draft) =>
      setField(draft, 'pcrs', pcrs(...entries));
  const bit = zero.slice();
  bit[47] = 1;

  it('is all of PCR0, PCR1 and PCR2 zero or absent', async () => {
    const code = (...entries: readonly (readonly [number, Uint8Array])[]) =>
      codeOf('not-debug', measured(...entries));
    expect(await code([0, zero], [1, zero], [2, zero])).toBe('ATTESTATION_DEBUG');
    expect(await code([0, zero], [3, bit])).toBe('ATTESTATION_DEBUG');
    expect(await code([3, bit])).toBe('ATTESTATION_DEBUG');
    for (const index of [0, 1, 2]) {
      expect(await code(...[0, 1, 2].map((at) => [at, at === index ? bit : zero] as const))).toBe(
        'pass',
      );
      expect(await code([index, bit])).toBe('pass');
    }
  });

  it('is told as what was found', async () => {
    const found = async (...entries: readonly (readonly [number, Uint8Array])[]) =>
      (await checkOf('not-debug', measured(...entries))).actual;
    for (const index of [0, 1, 2]) {
      expect(await found([index, zero])).toBe('DEBUG MODE: all zero');
    }
    expect(await found([3, zero])).toBe('DEBUG MODE: all absent');
    expect(await found([0, bit])).toBe('production mode');
    const allowed = await checkOf('not-debug', (draft) => {
      measured([0, zero])(draft);
      draft.policy.allowDebug = true;
    });
    expect([allowed.status, allowed.actual]).toEqual(['pass', 'DEBUG MODE']);
  });
});

describe('nonce and binding', () => {
  it.each([
    ['nonce', 'nonce', NONCE, 'ATTESTATION_NONCE'],
    ['binding', 'user_data', USER_DATA, 'ATTESTATION_BINDING'],
  ] as const)('%s is what was asked for, byte for byte', async (id, field, value, code) => {
    const good = await checkOf(id, () => undefined);
    expect([good.expected, good.actual]).toEqual([toHex(value), toHex(value)]);
    const none = await checkOf(id, (draft) => setField(draft, field, NULL));
    expect([none.code, none.expected, none.actual]).toEqual([code, toHex(value), 'none']);
    const changed = value.map((byte, at) => (at === value.length - 1 ? byte ^ 1 : byte));
    const other = await checkOf(id, (draft) => setField(draft, field, bstr(changed)));
    expect([other.code, other.actual]).toEqual([code, toHex(changed)]);
    const unasked = (draft: Draft) => {
      draft.init.expected = {};
    };
    const skipped = await checkOf(id, unasked);
    expect([skipped.status, skipped.actual]).toEqual(['skip', toHex(value)]);
    const nothing = await checkOf(id, (draft) => {
      unasked(draft);
      setField(draft, field, NULL);
    });
    expect([nothing.status, nothing.actual]).toEqual(['skip', 'the document has none']);
  });

  it('the statement is measured into PCR16', async () => {
    const sha384 = (...parts: readonly Uint8Array[]) => {
      const hash = createHash('sha384');
      for (const part of parts) hash.update(part);
      return Uint8Array.from(hash.digest());
    };
    const pcr16 = statementPcr(sha384, pcrValue(1));
    expect(pcr16).toEqual(sha384(zero, pcrValue(1)));
    const holding = (value: Uint8Array | undefined) => (draft: Draft) => {
      draft.init.expected = { nonce: NONCE, userData: USER_DATA, pcr16 };
      if (value !== undefined) {
        const all = [0, 1, 2].map((at) => [at, pcrValue(at)] as const);
        setField(draft, 'pcrs', pcrs(...all, [16, value]));
      }
    };
    expect((await judge(holding(pcr16))).verdict).toBe('pass');
    const other = await checkOf('binding', holding(pcrValue(2)));
    expect([other.code, other.expected, other.actual]).toEqual([
      'ATTESTATION_STATEMENT_PCR',
      `PCR16 ${toHex(pcr16)}`,
      `PCR16 ${toHex(pcrValue(2))}`,
    ]);
    const absent = await checkOf('binding', holding(undefined));
    expect([absent.code, absent.actual]).toEqual(['ATTESTATION_STATEMENT_PCR', 'PCR16 absent']);
  });
});

describe('the root', () => {
  const root = build().root;
  /** The same root again: its signature is made anew in each draft. */
  const under = (kind: 'aws' | 'simulated', policy: object) => (draft: Draft) => {
    draft.certificates[0]!.whole = () => root;
    draft.anchors = (der) => [{ id: 'mine', kind, der }];
    Object.assign(draft.policy, policy);
  };
  const actual = `SIMULATED root ${fingerprint(root)}`;

  it('is hardware’s, or a simulated one that the policy names', async () => {
    expect(await checkOf('authority', under('simulated', {}))).toMatchObject({
      code: 'ATTESTATION_SIMULATED',
      actual,
    });
    const named = under('simulated', { simulatedRoots: [fingerprint(root)] });
    expect(await checkOf('authority', named)).toMatchObject({ status: 'pass', actual });
    expect(await judge(named)).toMatchObject({ mode: 'simulated', simulated: true });
    // To name a root as hardware's does not make a simulated one good, nor the other way round.
    expect(await codeOf('authority', under('simulated', { anchors: [fingerprint(root)] }))).toBe(
      'ATTESTATION_SIMULATED',
    );
    expect(await codeOf('authority', under('aws', { anchors: [fingerprint(root)] }))).toBe('pass');
    expect(await codeOf('authority', under('aws', { anchors: ['ab'.repeat(32)] }))).toBe(
      'ATTESTATION_ROOT',
    );
    expect(await judge(under('aws', {}))).toMatchObject({ mode: 'aws', simulated: false });
  });

  it('must have signed itself', async () => {
    const report = await judge((draft) => {
      draft.certificates[0]!.signer = draft.keys[1]!;
    });
    expect(report.checks.find(({ id }) => id === 'chain')?.code).toBe(
      'ATTESTATION_CERTIFICATE_SIGNATURE',
    );
    expect(report.mode).toBe('unknown');
  });

  it('is the one among several that the document shows', async () => {
    const other = {
      id: 'other',
      kind: 'simulated',
      der: newDraft().certificates[0]!.spki,
    } as const;
    const report = await judge((draft) => {
      draft.anchors = (der) => [other, { id: 'mine', kind: 'aws', der }];
    });
    expect(report.mode).toBe('aws');
    expect(report.checks.find(({ id }) => id === 'chain')).toMatchObject({
      expected: 'a valid chain to other, mine',
      actual: '5 certificates to mine',
    });
  });
});

describe('a report', () => {
  it('says of evidence alone what was seen and what was not asked', async () => {
    const { checks, verdict, document } = await judge(undefined, true);
    expect(verdict).toBe('pass');
    expect(checks.map(({ id, status, actual }) => [id, status, actual])).toEqual([
      ['parses', 'pass', expect.stringMatching(/^\d+ bytes$/)],
      ['chain', 'pass', '5 certificates to own root'],
      ['signature', 'pass', 'holds'],
      ['authority', 'skip', 'own root'],
      ['pcrs', 'skip', SUMMARY],
      ['release', 'skip', 'no policy given: evidence only'],
      ['not-debug', 'skip', 'no policy given: evidence only'],
      ['nonce', 'pass', toHex(NONCE)],
      ['age', 'skip', 'no policy given'],
      ['binding', 'pass', toHex(USER_DATA)],
    ]);
    expect(document).toMatchObject({
      timestamp: new Date(NOW).toISOString(),
      publicKey: null,
      userData: toHex(USER_DATA),
      nonce: toHex(NONCE),
    });
    expect(document?.pcrs).toMatchObject({ 0: HONEST.pcr0, 15: toHex(pcrValue(15)) });
    const absent = await judge((draft) => setField(draft, 'pcrs', pcrMap(1, 3)), true);
    expect(absent.checks.find(({ id }) => id === 'pcrs')?.actual).toBe(
      'PCR0 absent, PCR1 absent, PCR2 absent',
    );
    const simulated = await judge((draft) => {
      draft.anchors = (der) => [{ id: 'mine', kind: 'simulated', der }];
    }, true);
    expect(simulated.checks.find(({ id }) => id === 'authority')?.actual).toBe('SIMULATED root');
  });

  it.each<[CheckId, Change, string]>([
    [
      'parses',
      (draft) => Object.assign(draft, { outer: () => new Uint8Array(3) }),
      'the document could not be read',
    ],
    ['chain', (draft) => Object.assign(draft, { anchors: () => [] }), 'the chain did not hold'],
    [
      'signature',
      (draft) => Object.assign(draft, { documentHash: 'sha256' }),
      'the signature did not hold',
    ],
  ])('ends with %s where that fails', async (id, change, reason) => {
    const { checks, verdict, document } = await judge(change);
    const at = checks.findIndex((check) => check.id === id);
    expect(verdict).toBe('fail');
    expect(checks.slice(0, at).every(({ status }) => status === 'pass')).toBe(true);
    expect(checks[at]?.status).toBe('fail');
    const rest = checks.slice(at + 1);
    expect(rest).toHaveLength(9 - at);
    for (const { status, expected, actual } of rest) {
      expect([status, expected, actual]).toEqual(['skip', 'not checked', reason]);
    }
    expect(document === undefined).toBe(id === 'parses');
  });

  it('is not made for a policy that names nothing', async () => {
    const { bytes, init } = build();
    const policy = { ...init.policy!, releases: [] };
    expect(await codeOfAsync(verifyAttestation({ crypto }, bytes, { ...init, policy }))).toBe(
      'ATTESTATION_POLICY_EMPTY',
    );
  });

  it('does not hide that something else went wrong than the evidence', async () => {
    const { bytes, init } = build();
    const broken = {
      ...crypto,
      importKey: () => {
        throw new TypeError('out of order');
      },
    };
    await expect(verifyAttestation({ crypto: broken }, bytes, init)).rejects.toThrow(TypeError);
  });
});

describe('a cache of chains', () => {
  it('saves the keys of a chain from being read again, and judges the same', async () => {
    const cache = new ChainCache();
    let imported = 0;
    const counting = {
      ...crypto,
      importKey: (spki: Uint8Array) => {
        imported++;
        return crypto.importKey(spki);
      },
    };
    const { bytes, init } = build();
    const first = await verifyAttestation({ crypto: counting, cache }, bytes, init);
    expect([first.verdict, imported]).toEqual(['pass', 5]);
    expect(await verifyAttestation({ crypto: counting, cache }, bytes, init)).toEqual(first);
    expect(imported).toBe(5);
    const changed = bytes.slice();
    changed[changed.length - 1]! ^= 1;
    const bad = await verifyAttestation({ crypto: counting, cache }, changed, init);
    expect(bad.checks.find(({ status }) => status === 'fail')?.code).toBe('ATTESTATION_SIGNATURE');
  });

  it('tells a root that is simulated from the same one pinned as hardware’s', async () => {
    const cache = new ChainCache();
    const { bytes, init, root } = build();
    for (const kind of ['aws', 'simulated', 'aws'] as const) {
      const anchors = [{ id: 'mine', kind, der: root }];
      expect((await verifyAttestation({ crypto, cache }, bytes, { ...init, anchors })).mode).toBe(
        kind,
      );
    }
  });

  it('holds 256 chains', () => {
    const cache = new ChainCache();
    const chain = { key: crypto.importKey(newDraft().certificates[0]!.spki) } as never;
    for (let at = 0; at < 257; at++) cache.set(String(at), chain);
    expect([cache.get('0'), cache.get('1'), cache.get('256')]).toEqual([undefined, chain, chain]);
  });
});
