import { describe, expect, it } from 'vitest';
import type { ValidityAuthority } from '../../../enclave/guardian/authority-types.ts';
import { createGuardian, verdictDigest } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { authority } from './authority.ts';
import { build, bytes, DROP, i32, loop, pure, utf8 } from './build.ts';
import { CORPUS } from './corpus/all.ts';

const NONE = { capabilities: [] };
const counting = () => {
  const calls = { count: 0 };
  const counted: ValidityAuthority = {
    check: (binary) => {
      calls.count++;
      return authority.check(binary);
    },
  };
  return { calls, counted };
};

describe('cache', () => {
  it('judges a module once for each manifest and policy', () => {
    const { calls, counted } = counting();
    const guardian = createGuardian({ authority: counted }, { policy: DEFAULT_POLICY });
    const first = guardian.judge(pure(), NONE);
    expect(guardian.judge(pure(), { capabilities: [], deterministic: false })).toBe(first);
    expect(guardian.recall(first.moduleHash, NONE)).toBe(first);
    expect(calls.count).toBe(1);
    const other = guardian.judge(pure(), { capabilities: ['stdin'] });
    expect(other.policyHash).not.toEqual(first.policyHash);
    expect(calls.count).toBe(2);
    expect(guardian.recall(first.moduleHash, { capabilities: ['clock'] })).toBeUndefined();
  });

  it('drops what was used longest ago', () => {
    const { calls, counted } = counting();
    const guardian = createGuardian(
      { authority: counted },
      { policy: DEFAULT_POLICY, cacheEntries: 2 },
    );
    const module = (number: number) => pure([...i32(number), ...DROP]);
    for (const number of [1, 2, 1, 3, 1]) guardian.judge(module(number), NONE);
    expect(calls.count).toBe(3);
    guardian.judge(module(2), NONE);
    expect(calls.count).toBe(4);
  });

  it('does not care in which order capabilities are named', () => {
    const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
    const one = guardian.judge(pure(), { capabilities: ['stdin', 'stdout'] });
    expect(guardian.judge(pure(), { capabilities: ['stdout', 'stdin', 'stdin'] })).toBe(one);
  });
});

describe('two decoders', () => {
  const judgeWith = (check: ValidityAuthority['check'], wasm: Uint8Array) =>
    createGuardian({ authority: { check } }, { policy: DEFAULT_POLICY }).judge(wasm, NONE).reasons;

  it('refuses when the authority sees another section', () => {
    for (let at = 0; at < authority.check(pure()).sections.length; at++) {
      const reasons = judgeWith((binary) => {
        const report = authority.check(binary);
        const sections = report.sections.slice();
        sections[at] = (sections[at] as number) + 1;
        return { ...report, sections };
      }, pure());
      expect(reasons).toEqual(['PARSER_DISAGREEMENT']);
    }
  });

  it('refuses when the authority calls valid what the own decoder does not', () => {
    const blind: ValidityAuthority['check'] = () => ({
      valid: true,
      offset: 0,
      sections: new Uint32Array(),
    });
    expect(judgeWith(blind, bytes([0, 1, 2, 3]))).toEqual(['MALFORMED', 'PARSER_DISAGREEMENT']);
    expect(judgeWith(blind, pure([0xfd, 0x0c]))).toEqual(['FEATURE', 'PARSER_DISAGREEMENT']);
  });

  it('refuses when only the authority objects', () => {
    expect(
      judgeWith(() => ({ valid: false, offset: 9, sections: new Uint32Array() }), pure()),
    ).toEqual(['INVALID']);
  });
});

describe('verdicts', () => {
  const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });

  it('have a digest that changes with what they say', () => {
    const accepted = guardian.judge(pure(), NONE);
    expect(verdictDigest(accepted)).toHaveLength(32);
    expect(verdictDigest(accepted)).toEqual(verdictDigest({ ...accepted }));
    expect(verdictDigest({ ...accepted, verdict: 'reject' })).not.toEqual(verdictDigest(accepted));
    expect(verdictDigest({ ...accepted, flags: [] })).not.toEqual(verdictDigest(accepted));
  });

  it('hold no text of the module', () => {
    const marker = 'guest-chosen-name';
    const wasm = build({
      imports: [[marker, marker, [2, 0, 1]]],
      exports: [[marker, 2, 0]],
      data: [{ bytes: utf8(marker) }],
      customs: [[marker, utf8(marker)]],
    });
    expect(JSON.stringify(guardian.judge(wasm, NONE))).not.toContain(marker);
  });

  it('name where fuel is needed', () => {
    const wasm = pure(loop([0x0c, 0]));
    const { unbounded } = guardian.judge(wasm, NONE).facts.cost as { unbounded: object[] };
    const offset = Buffer.from(wasm).indexOf(Buffer.from([0x03, 0x40, 0x0c, 0x00]));
    expect(unbounded).toEqual([{ cause: 'loop', function: 1, offset }]);
  });

  it('never throw, and never accept what the engine refuses, whatever byte is changed', () => {
    const uncached = createGuardian({ authority }, { policy: DEFAULT_POLICY, cacheEntries: 1 });
    let state = 0x2545_f491;
    const next = (below: number) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
    const seeds = Object.values(CORPUS)
      .flat()
      .filter(({ wasm }) => wasm.length > 8 && wasm.length < 4096);
    for (let round = 0; round < 10_000; round++) {
      const seed = seeds[next(seeds.length)];
      const wasm = (seed as (typeof seeds)[number]).wasm.slice();
      for (let changes = 1 + next(3); changes > 0; changes--)
        wasm[8 + next(wasm.length - 8)] = next(256);
      const verdict = uncached.judge(wasm, NONE);
      expect(verdict.verdict).toBe(verdict.reasons.length === 0 ? 'accept' : 'reject');
      if (verdict.verdict === 'accept') expect(authority.check(wasm).valid).toBe(true);
    }
  });
});
