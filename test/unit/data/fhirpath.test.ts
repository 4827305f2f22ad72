import { describe, expect, it } from 'vitest';
import {
  EvaluationError,
  evaluate,
  evaluateSingle,
} from '../../../enclave/data/fhirpath/evaluate.ts';
import { parseFhirPath } from '../../../enclave/data/fhirpath/parse.ts';

const patient = {
  resourceType: 'Patient',
  id: 'p1',
  active: true,
  multipleBirthInteger: 2,
  name: [
    { use: 'official', family: 'F1', given: ['g1', 'g2'] },
    { use: 'old', family: 'F2', given: ['g3', null] },
  ],
  extension: [
    { url: 'http://x/a', valueCode: 'A' },
    { url: 'http://x/b', extension: [{ url: 'inner', valueString: 'B' }] },
  ],
  link: [
    { other: { reference: 'Patient/p2' } },
    { other: { reference: 'https://host/fhir/RelatedPerson/r3/_history/2' } },
    { other: { reference: 'urn:uuid:0000-u4', type: 'Patient' } },
    { other: { reference: '#contained' } },
    { other: { display: 'nobody' } },
  ],
};

const run = (path: string) => evaluate(parseFhirPath(path), [patient]);

describe('FHIRPath subset', () => {
  it.each<[string, unknown[]]>([
    ['id', ['p1']],
    ['name.family', ['F1', 'F2']],
    ['name.given', ['g1', 'g2', 'g3']],
    ['name.first().family', ['F1']],
    ['name[1].given[0]', ['g3']],
    ['name[7].family', []],
    ['nothing.at.all', []],
    ['id.length', []],
    ["name.where(use = 'old').family", ['F2']],
    ["name.where(use = 'old' or use = 'official').family", ['F1', 'F2']],
    ["name.where(use = 'old' and family = 'F1')", []],
    ["name.where(use != 'old').family", ['F1']],
    ["name.where(given.exists($this = 'g2')).family", ['F1']],
    ['name.exists()', [true]],
    ["name.exists(use = 'nickname')", [false]],
    ['telecom.empty()', [true]],
    ['active.not()', [false]],
    ['telecom.not()', []],
    ["(id = 'p2').not()", [true]],
    ['multipleBirth.ofType(integer)', [2]],
    ['multipleBirth.ofType(boolean)', []],
    ['multipleBirth.ofType(integer) > 1', [true]],
    ['multipleBirth.ofType(integer) <= 1', [false]],
    ['multipleBirth.ofType(integer) >= 2.0', [true]],
    ["id < 'p2'", [true]],
    ["extension('http://x/a').value.ofType(code)", ['A']],
    ["extension('http://x/b').extension('inner').value.ofType(string)", ['B']],
    ["extension('http://x/none')", []],
    ['getResourceKey()', ['p1']],
    ['link.other.getReferenceKey()', ['p2', 'r3', '0000-u4']],
    ['link.other.getReferenceKey(Patient)', ['p2', '0000-u4']],
    ["'it\\'s'", ["it's"]],
    ['12.5', [12.5]],
    ['true', [true]],
    ['telecom or active', [true]],
    ['telecom or active.not()', []],
    ['telecom and active.not()', [false]],
    ['telecom and active', []],
    ['telecom = id', []],
    ["active = 'true'", [false]],
    ['  id  ', ['p1']],
  ])('%s', (path, expected) => {
    expect(run(path)).toEqual(expected);
  });

  it('reads nothing that objects inherit', () => {
    expect(run('constructor')).toEqual([]);
    expect(run('__proto__.toString')).toEqual([]);
  });

  it.each([
    '',
    ' ',
    'a.',
    '.a',
    'a..b',
    'a[b]',
    'a[1.5]',
    'a[-1]',
    'a(',
    "a.where('x'",
    'a.where()',
    'a b',
    'a = ',
    'a + b',
    'a | b',
    '%resource',
    '@2020-01-01',
    "'open",
    "'bad\\escape'",
    'name.last()',
    'name.repeat(x)',
    'name.resolve()',
    '$index',
    'ofType(string)',
    'name.first().ofType(string)',
    'extension(url)',
    'a.ofType(',
    'getReferenceKey("Patient")',
    'a\u0000',
    `${'('.repeat(40)}a${')'.repeat(40)}`,
    'a'.repeat(1025),
  ])('refuses %j and says where', (path) => {
    expect(() => parseFhirPath(path)).toThrow(
      expect.objectContaining({
        code: 'FHIRPATH_INVALID',
        message: expect.stringMatching(/ at character \d+ of /),
      }),
    );
  });

  it('refuses several values where one is meant', () => {
    expect(() => evaluateSingle(parseFhirPath('name.family'), patient)).toThrow(EvaluationError);
    expect(() => run("name.family = 'F1'")).toThrow(EvaluationError);
    expect(() => run('name.where(given)')).toThrow(EvaluationError);
  });

  it('refuses to order what has no order', () => {
    expect(() => run("active > 'a'")).toThrow(EvaluationError);
    expect(() => run('id < 3')).toThrow(EvaluationError);
  });
});
