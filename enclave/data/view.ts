/** Compiles a SQL-on-FHIR v2 ViewDefinition (subset) into a function from resource to row. */
import { NmpError } from '../../shared/errors.ts';
import type { CellType, ViewDefinition } from '../../shared/policy/node-config.ts';
import { type CellTarget, cellOfJson } from './cell.ts';
import type { Cell } from './column.ts';
import { EvaluationError, evaluateSingle } from './fhirpath/evaluate.ts';
import { parseFhirPath } from './fhirpath/parse.ts';
import type { JsonObject } from './ndjson.ts';
import { malformed, type Place } from './record-error.ts';

export interface CompiledView {
  readonly columns: readonly CellTarget[];
  /**
   * The row of `resource`, or undefined if the view is about other resources.
   * @throws NmpError DATA_MALFORMED, DATA_LIMIT
   */
  row(resource: JsonObject, place: Place, cellBytes: number): readonly Cell[] | undefined;
}

/** Arrow type of a FHIR primitive; dates and times stay text, as precise as they were recorded. */
function cellTypeOf(fhirType: string): CellType {
  if (fhirType === 'boolean') return 'bool';
  if (fhirType === 'decimal') return 'float64';
  return ['integer', 'positiveInt', 'unsignedInt'].includes(fhirType) ? 'int32' : 'utf8';
}

/** @throws NmpError FHIRPATH_INVALID naming the column */
export function compileView(view: ViewDefinition): CompiledView {
  const compile = (path: string, owner: string) => {
    try {
      return parseFhirPath(path);
    } catch (error) {
      if (!(error instanceof NmpError)) throw error;
      throw new NmpError('FHIRPATH_INVALID', `${owner}: ${error.message}`);
    }
  };
  const columns = view.select
    .flatMap((part) => part.column)
    .map(({ name, path, type }) => ({
      name,
      type: cellTypeOf(type),
      expression: compile(path, `column ${name}`),
    }));
  const filters = (view.where ?? []).map(({ path }) => compile(path, 'where'));

  function selects(resource: JsonObject): boolean {
    return filters.every((filter) => {
      const value = evaluateSingle(filter, resource);
      if (value !== undefined && typeof value !== 'boolean') {
        throw new EvaluationError('where does not give a boolean');
      }
      return value === true;
    });
  }

  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    row(resource, place, cellBytes) {
      const { resourceType } = resource;
      if (typeof resourceType !== 'string') throw malformed(place, 'resourceType is missing');
      if (resourceType !== view.resource) return undefined;
      let owner = 'where';
      try {
        if (!selects(resource)) return undefined;
        return columns.map((column) => {
          owner = `column ${column.name}`;
          return cellOfJson(evaluateSingle(column.expression, resource), column, place, cellBytes);
        });
      } catch (error) {
        if (error instanceof EvaluationError) throw malformed(place, `${owner}: ${error.message}`);
        throw error;
      }
    },
  };
}
