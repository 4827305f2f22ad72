import { describe, expect, it } from 'vitest';
import { lintEgressPolicy, parseEgressPolicy } from '../../../shared/policy/egress-policy.ts';

const sound = { minimumGroup: 11, clientQuotaBits: 4096, canaries: ['Zacharias Quillfeather'] };
const read = (value: object) => parseEgressPolicy(JSON.stringify(value), 'p.json');
const remarks = (value: object) =>
  lintEgressPolicy(read(value)).map(({ level, path }) => `${level} ${path}`);
const privacy = { milliEpsilon: 1, milliEpsilonTotal: 1 };
const manyFields = Array.from({ length: 33 }, (_, i) => [`n${i}`, 1]);
const SECRET = 'a-value-that-must-not-be-told';

describe('an egress policy file', () => {
  it('is read as it stands', () => {
    expect(read(sound)).toMatchObject(sound);
  });

  it.each([
    ['no JSON', '{'],
    ['a field that nobody knows', JSON.stringify({ [SECRET]: 1 })],
    ['a quota that is no number', JSON.stringify({ clientQuotaBits: SECRET })],
    ['noise on no field', JSON.stringify({ privacy: { ...privacy, fields: {} } })],
    [
      'noise on more fields than an answer may have',
      JSON.stringify({
        privacy: { ...privacy, fields: Object.fromEntries(manyFields) },
      }),
    ],
    ['a group below none', JSON.stringify({ minimumGroup: -1 })],
    ['more than fits', `{}${' '.repeat(9_000_000)}`],
  ])('is refused with %s, and no value of it is told', (_, text) => {
    let failure: unknown;
    try {
      parseEgressPolicy(text, 'p.json');
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(String(failure)).toContain('p.json');
    expect(String(failure)).not.toContain(SECRET);
  });
});

describe('remarks on a policy', () => {
  it('are none where nothing is left open', () => {
    expect(remarks(sound)).toEqual([]);
  });

  it('tell of answers about few people', () => {
    const { minimumGroup: _, ...without } = sound;
    expect(remarks(without)).toEqual(['weak $.minimumGroup']);
    expect(remarks({ ...sound, minimumGroup: 2 })).toEqual(['weak $.minimumGroup']);
  });

  it('tell what a quota does not bound', () => {
    const { clientQuotaBits: _, ...without } = sound;
    const [nothing] = lintEgressPolicy(read(without));
    const [module] = lintEgressPolicy(read({ ...without, quotaBits: 100 }));
    expect([nothing?.path, module?.path]).toEqual(['$.clientQuotaBits', '$.clientQuotaBits']);
    expect(nothing?.text).not.toBe(module?.text);
    expect(remarks({ ...sound, quotaBits: 4097 })).toEqual(['note $.quotaBits']);
    expect(remarks({ ...sound, quotaBits: 4096 })).toEqual([]);
  });

  it('tell of canaries that are missing or too plain', () => {
    expect(remarks({ ...sound, canaries: [] })).toEqual(['note $.canaries']);
    const plain = remarks({ ...sound, canaries: [...sound.canaries, '1234-5678---'] });
    expect(plain).toEqual(['weak $.canaries.1']);
  });

  it('tell of keys that match nothing or twice', () => {
    const found = remarks({ ...sound, restrictedKeys: ['Ward No', 'ward_no', '--'] });
    expect(found).toEqual(['note $.restrictedKeys.1', 'weak $.restrictedKeys.2']);
  });
});
