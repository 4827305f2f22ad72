import { describe, expect, it } from 'vitest';
import { DATASET_LIMITS } from '../../../enclave/data/limits.ts';
import { compileView } from '../../../enclave/data/view.ts';
import type { ViewDefinition } from '../../../shared/policy/node-config.ts';

const place = { file: 'f', line: 7 };
const view: ViewDefinition = {
  resource: 'Observation',
  select: [
    { column: [{ name: 'id', path: 'getResourceKey()', type: 'id' }] },
    {
      column: [
        { name: 'value', path: 'value.ofType(Quantity).value', type: 'decimal' },
        { name: 'rank', path: 'rank', type: 'positiveInt' },
        { name: 'ok', path: 'ok', type: 'boolean' },
        { name: 'on', path: 'effective.ofType(dateTime)', type: 'dateTime' },
      ],
    },
  ],
  where: [{ path: "status = 'final'" }, { path: 'code.exists()' }],
};

const row = (resource: Record<string, unknown>, definition = view) =>
  compileView(definition).row(resource, place, DATASET_LIMITS.cellBytes);

const observation = {
  resourceType: 'Observation',
  id: 'o1',
  status: 'final',
  code: {},
  valueQuantity: { value: 120.5 },
  rank: 3,
  ok: false,
  effectiveDateTime: '2024-03',
};

describe('compileView', () => {
  it('types columns by their FHIR primitives', () => {
    expect(compileView(view).columns).toEqual([
      { name: 'id', type: 'utf8' },
      { name: 'value', type: 'float64' },
      { name: 'rank', type: 'int32' },
      { name: 'ok', type: 'bool' },
      { name: 'on', type: 'utf8' },
    ]);
  });

  it('makes one row of a resource, null where nothing is', () => {
    expect(row(observation)).toEqual(['o1', 120.5, 3, false, '2024-03']);
    const bare = { resourceType: 'Observation', status: 'final', code: {} };
    expect(row(bare)).toEqual([null, null, null, null, null]);
  });

  it('passes over other resources and those that where leaves out', () => {
    expect(row({ ...observation, resourceType: 'Patient' })).toBeUndefined();
    expect(row({ ...observation, status: 'draft' })).toBeUndefined();
    expect(row({ ...observation, status: undefined })).toBeUndefined();
    expect(row({ ...observation, code: null })).toBeUndefined();
  });

  it.each([
    ['a resource without type', { id: 'o1' }, 'f:7: resourceType is missing'],
    [
      'a column of another type',
      { ...observation, rank: '3' },
      'f:7: column rank: the value is no int32',
    ],
    [
      'several values for a column',
      { ...observation, ok: [true, false] },
      'f:7: column ok: one value was expected',
    ],
    [
      'several values in where',
      { ...observation, status: ['final', 'x'] },
      'f:7: where: one value was expected',
    ],
  ])('refuses %s', (_, resource, message) => {
    expect(() => row(resource)).toThrow(
      expect.objectContaining({
        code: 'DATA_MALFORMED',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('refuses a where that is no condition', () => {
    const definition = { ...view, where: [{ path: 'id' }] };
    expect(() => row(observation, definition)).toThrow('f:7: where: where does not give a boolean');
  });

  it('names the column of a bad expression', () => {
    const definition: ViewDefinition = {
      resource: 'Patient',
      select: [{ column: [{ name: 'x', path: 'a.b(', type: 'string' }] }],
    };
    expect(() => compileView(definition)).toThrow(
      expect.objectContaining({
        code: 'FHIRPATH_INVALID',
        message: expect.stringContaining('column x: '),
      }),
    );
    expect(() => compileView({ ...view, where: [{ path: '' }] })).toThrow(
      expect.objectContaining({
        code: 'FHIRPATH_INVALID',
        message: expect.stringContaining('where: '),
      }),
    );
  });
});
