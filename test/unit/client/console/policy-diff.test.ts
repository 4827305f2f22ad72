import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines, policyEffects } from '../../../../client/console/policy-diff.ts';
import type { ClientPolicy } from '../../../../shared/policy/client-policy.ts';
import { PCR, POLICY } from '../../../support/fake-mesh.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 12 });

describe('the diff of lines', () => {
  it('gives both texts back', () => {
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const diff = diffLines(a.join('\n'), b.join('\n'));
        const side = (left: 'added' | 'removed') =>
          diff.filter(({ kind }) => kind !== left).map(({ text }) => text);
        expect(side('added')).toEqual(a);
        expect(side('removed')).toEqual(b);
      }),
    );
  });

  it('shows one changed line as one removed and one added', () => {
    expect(diffLines('a\nb\nc', 'a\nB\nc').map(({ kind }) => kind)).toEqual([
      'same',
      'removed',
      'added',
      'same',
    ]);
  });

  it('shows a middle too long to compare whole', () => {
    const long = (word: string) => Array.from({ length: 1100 }, (_, i) => `${word}${i}`).join('\n');
    expect(diffLines(long('a'), long('b'))).toHaveLength(2200);
  });
});

describe('what an edit lets in', () => {
  const edits: readonly (readonly [string, Partial<ClientPolicy>, string])[] = [
    ['debug enclaves', { allowDebug: true }, 'wider'],
    ['a simulated root', { simulatedRoots: ['e'.repeat(64)] }, 'wider'],
    ['another root', { anchors: ['e'.repeat(64)] }, 'wider'],
    ['older documents', { maxAgeMs: POLICY.maxAgeMs + 1 }, 'wider'],
    ['younger documents alone', { maxAgeMs: 1000 }, 'narrower'],
  ];
  it.each(edits)('%s', (_what, edit, effect) => {
    expect(policyEffects(POLICY, { ...POLICY, ...edit })[0]?.effect).toBe(effect);
    const back = policyEffects({ ...POLICY, ...edit }, POLICY).map((found) => found.effect);
    expect(back).toContain(effect === 'wider' ? 'narrower' : 'wider');
  });

  it('is each release that came or went, and nothing where nothing changed', () => {
    const more = {
      ...POLICY,
      releases: [...POLICY.releases, { pcr0: PCR('d'), pcr1: PCR('b'), pcr2: PCR('c') }],
    };
    expect(policyEffects(POLICY, more)).toEqual([
      { effect: 'wider', text: 'release (dddddddddddd…) is trusted' },
    ]);
    expect(policyEffects(more, POLICY).map(({ effect }) => effect)).toEqual(['narrower']);
    expect(policyEffects(POLICY, POLICY)).toEqual([]);
  });
});
