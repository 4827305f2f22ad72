/** The zod form of `ValueSchema`: how capability inputs and outputs are declared in the config. */
import { z } from 'zod';
import type { ValueSchema } from './value-schema.ts';

/** Deepest nesting of a declared schema; an answer can be no deeper. */
export const VALUE_SCHEMA_DEPTH_MAX = 16;

const finite = z.number();
const safeInteger = z.int();
const count = z.int().min(0).max(1_000_000);
const propertyName = z.string().min(1).max(128);

const integer = z
  .strictObject({ type: z.literal('integer'), minimum: safeInteger, maximum: safeInteger })
  .refine((schema) => schema.minimum <= schema.maximum, 'minimum is above maximum');

const number = z
  .strictObject({
    type: z.literal('number'),
    minimum: finite,
    maximum: finite,
    multipleOf: z.number().positive().describe('Step between representable values, e.g. 0.01.'),
  })
  .refine((schema) => schema.minimum <= schema.maximum, 'minimum is above maximum');

const enumeration = z
  .strictObject({
    type: z.literal('string'),
    enum: z.array(z.string().max(256)).min(1).max(4096),
  })
  .refine((schema) => new Set(schema.enum).size === schema.enum.length, 'enum repeats a value');

const freeText = z.strictObject({
  type: z.literal('string'),
  maxLength: z.int().min(1).max(65_536),
  'x-nmp-free-text': z
    .literal(true)
    .describe('Owner accepts text that no schema bounds; the quota charges all of it.'),
});

export const valueSchema: z.ZodType<ValueSchema> = z.lazy(() =>
  z.union([
    integer,
    number,
    z.strictObject({ type: z.literal('boolean') }),
    z.strictObject({ type: z.literal('null') }),
    enumeration,
    freeText,
    z
      .strictObject({
        type: z.literal('array'),
        items: valueSchema,
        maxItems: count,
        minItems: count.exactOptional(),
      })
      .refine((schema) => (schema.minItems ?? 0) <= schema.maxItems, 'minItems is above maxItems'),
    z
      .strictObject({
        type: z.literal('object'),
        properties: z.record(propertyName, valueSchema),
        required: z.array(propertyName).max(256).exactOptional(),
        additionalProperties: z.literal(false),
      })
      .refine(
        (schema) => (schema.required ?? []).every((name) => Object.hasOwn(schema.properties, name)),
        'required names a property that is not declared',
      ),
    z.strictObject({ anyOf: z.array(valueSchema).min(1).max(32) }),
  ]),
);
