/** Does a JSON value lie in the space that a value schema declares? No coercion, no defaults. */
import type { ValueSchema } from './value-schema.ts';

/** A decimal step holds if the value is the nearest double to a multiple of it. */
function onStep(value: number, step: number): boolean {
  const multiple = Math.round(value / step);
  return Math.abs(value - multiple * step) <= Number.EPSILON * Math.max(1, Math.abs(value)) * 4;
}

function fitsObject(
  schema: Extract<ValueSchema, { type: 'object' }>,
  value: unknown,
): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const names = Object.keys(value);
  if (names.some((name) => !Object.hasOwn(schema.properties, name))) return false;
  if ((schema.required ?? []).some((name) => !Object.hasOwn(value, name))) return false;
  return names.every((name) => {
    const property = schema.properties[name];
    return property !== undefined && fits(property, Reflect.get(value, name));
  });
}

/** @param value a parsed JSON value; its depth is bounded by the schema's */
export function fits(schema: ValueSchema, value: unknown): boolean {
  if ('anyOf' in schema) return schema.anyOf.some((option) => fits(option, value));
  switch (schema.type) {
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return (
        Number.isSafeInteger(value) &&
        Number(value) >= schema.minimum &&
        Number(value) <= schema.maximum
      );
    case 'number':
      return (
        typeof value === 'number' &&
        Number.isFinite(value) &&
        value >= schema.minimum &&
        value <= schema.maximum &&
        onStep(value, schema.multipleOf)
      );
    case 'string':
      if (typeof value !== 'string' || !value.isWellFormed()) return false;
      if ('enum' in schema) return schema.enum.includes(value);
      return [...value].length <= schema.maxLength;
    case 'array':
      return (
        Array.isArray(value) &&
        value.length <= schema.maxItems &&
        value.length >= (schema.minItems ?? 0) &&
        value.every((item) => fits(schema.items, item))
      );
    case 'object':
      return fitsObject(schema, value);
  }
}
