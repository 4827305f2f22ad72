/** The arguments of a call: canonical JSON that fits the input schema of the capability. */
import { fromUtf8 } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { fits } from '../../shared/policy/value-fit.ts';
import type { ValueSchema } from '../../shared/policy/value-schema.ts';
import { canonicalJson, type JsonValue } from '../../shared/wire/canonical-json.ts';
import { ARGUMENTS_BYTES_MAX } from '../../shared/wire/guest-input.ts';

/**
 * @param inputs the request's inputs; exactly one, named `arguments`
 * @throws NmpError CALL_ARGUMENTS
 */
export function parseArguments(
  inputs: ReadonlyMap<string, Uint8Array>,
  schema: ValueSchema,
): JsonValue {
  const bytes = inputs.get('arguments');
  if (inputs.size !== 1 || bytes === undefined || bytes.length > ARGUMENTS_BYTES_MAX) {
    throw new NmpError('CALL_ARGUMENTS');
  }
  try {
    const text = fromUtf8(bytes);
    const value: JsonValue = JSON.parse(text);
    // One text for one value: what the commitment covers is what the client wrote.
    if (fits(schema, value) && canonicalJson(value) === text) return value;
  } catch (cause) {
    throw new NmpError('CALL_ARGUMENTS', undefined, { cause });
  }
  throw new NmpError('CALL_ARGUMENTS');
}
