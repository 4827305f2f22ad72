/** Evaluates the FHIRPath subset on resources in FHIR's JSON form (HL7 FHIRPath 2.0). */
import { isObject } from '../ndjson.ts';
import type { CompareOperator, Expression, Step } from './ast.ts';

/** A value has a shape that the expression cannot work on; the message holds nothing of it. */
export class EvaluationError extends Error {}

type Collection = readonly unknown[];

function members(item: unknown, name: string): Collection {
  if (!isObject(item) || !Object.hasOwn(item, name)) return [];
  const value = item[name];
  if (Array.isArray(value)) return value.filter((entry) => entry !== null && entry !== undefined);
  return value === null || value === undefined ? [] : [value];
}

function singleton(items: Collection): unknown {
  if (items.length > 1) throw new EvaluationError('one value was expected and several were found');
  return items[0];
}

/** Three-valued: undefined is FHIRPath's empty (section 6.5). */
function truth(items: Collection): boolean | undefined {
  const value = singleton(items);
  // Singleton evaluation of collections, section 4.5: a single value that is no Boolean is true.
  return value === undefined || typeof value === 'boolean' ? value : true;
}

const boolean = (value: boolean | undefined): Collection => (value === undefined ? [] : [value]);

function compare(operator: CompareOperator, left: Collection, right: Collection): Collection {
  const a = singleton(left);
  const b = singleton(right);
  if (a === undefined || b === undefined) return [];
  if (operator === '=') return [a === b];
  if (operator === '!=') return [a !== b];
  const comparable =
    (typeof a === 'number' && typeof b === 'number') ||
    (typeof a === 'string' && typeof b === 'string');
  if (!comparable) throw new EvaluationError('the two sides of a comparison have no order');
  if (operator === '<') return [a < b];
  if (operator === '<=') return [a <= b];
  return [operator === '>' ? a > b : a >= b];
}

/** The key that `getResourceKey()` of the target gives, SQL-on-FHIR v2, functions. */
function referenceKey(item: unknown, type: string | undefined): Collection {
  const reference = members(item, 'reference')[0];
  if (typeof reference !== 'string') return [];
  const declared = members(item, 'type')[0];
  const uuid = /^urn:uuid:([A-Za-z0-9.-]{1,64})$/.exec(reference);
  const rest = /(?:^|\/)([A-Z][A-Za-z]*)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(
    reference,
  );
  const target = rest?.[1] ?? declared;
  const key = uuid?.[1] ?? rest?.[2];
  if (key === undefined) return [];
  return type !== undefined && target !== undefined && target !== type ? [] : [key];
}

function step(focus: Collection, next: Step): Collection {
  switch (next.kind) {
    case 'this':
      return focus;
    case 'member':
      return focus.flatMap((item) => members(item, next.name));
    case 'index':
      return focus.slice(next.index, next.index + 1);
    case 'where':
      return focus.filter((item) => truth(evaluate(next.criteria, [item])) === true);
    case 'exists': {
      const { criteria } = next;
      if (criteria === undefined) return [focus.length > 0];
      return [focus.some((item) => truth(evaluate(criteria, [item])) === true)];
    }
    case 'empty':
      return [focus.length === 0];
    case 'not': {
      const value = truth(focus);
      return boolean(value === undefined ? undefined : !value);
    }
    case 'extension':
      return focus
        .flatMap((item) => members(item, 'extension'))
        .filter((item) => members(item, 'url')[0] === next.url);
    case 'resourceKey':
      return focus.flatMap((item) => members(item, 'id'));
    case 'referenceKey':
      return focus.flatMap((item) => referenceKey(item, next.type));
  }
}

/** @throws EvaluationError */
export function evaluate(expression: Expression, focus: Collection): Collection {
  switch (expression.kind) {
    case 'literal':
      return [expression.value];
    case 'path': {
      const base = expression.base === undefined ? focus : evaluate(expression.base, focus);
      return expression.steps.reduce(step, base);
    }
    case 'compare':
      return compare(
        expression.operator,
        evaluate(expression.left, focus),
        evaluate(expression.right, focus),
      );
    case 'and':
    case 'or': {
      const left = truth(evaluate(expression.left, focus));
      const right = truth(evaluate(expression.right, focus));
      // False decides `and`, true decides `or`; otherwise empty wins.
      const decisive = expression.kind === 'or';
      if (left === decisive || right === decisive) return [decisive];
      return left === undefined || right === undefined ? [] : [!decisive];
    }
  }
}

/** The one value of `expression` on `resource`, or undefined. @throws EvaluationError */
export function evaluateSingle(expression: Expression, resource: unknown): unknown {
  return singleton(evaluate(expression, [resource]));
}
