/**
 * Noise on the aggregates that a policy declares, before an answer is judged. The rest of the
 * answer is not made private by it. A module that a client ships may put one row into a field, so
 * the sensitivity of its fields is their whole range; only for an installed module may the data
 * owner state a smaller one.
 */
import { fromUtf8, utf8 } from '../../../shared/bytes.ts';
import type { PrivacyPolicy } from '../../../shared/policy/egress-policy.ts';
import { fits } from '../../../shared/policy/value-fit.ts';
import type { ValueSchema } from '../../../shared/policy/value-schema.ts';
import type { Random } from '../../../shared/runtime.ts';
import { canonicalJson } from '../../../shared/wire/canonical-json.ts';
import { discreteLaplace } from './discrete-laplace.ts';

/** ε is given in thousandths. */
const PER_EPSILON = 1000n;

/**
 * The scale of a field's noise, numerator and denominator: the fields share ε evenly, so that each
 * gets sensitivity · fields / ε and all together cost the ε that the ledger charges.
 */
export function noiseScale(
  sensitivity: bigint,
  fields: number,
  milliEpsilon: number,
): readonly [bigint, bigint] {
  return [sensitivity * BigInt(fields) * PER_EPSILON, BigInt(milliEpsilon)];
}

export interface PrivatiseInit {
  readonly schema: ValueSchema;
  readonly privacy: PrivacyPolicy;
  /** The module is installed by the data owner, who answers for the stated sensitivities. */
  readonly installed: boolean;
}

/**
 * @returns the output with noise on each declared field, within the field's range; the bytes as
 * they are if they do not fit the schema (they will be refused)
 */
export function privatise(
  random: Random,
  output: Uint8Array,
  { schema, privacy, installed }: PrivatiseInit,
): Uint8Array {
  if ('anyOf' in schema || schema.type !== 'object') return output;
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(output));
  } catch {
    return output;
  }
  if (!fits(schema, value) || typeof value !== 'object' || value === null) return output;
  const noisy = new Map<string, unknown>(Object.entries(value));
  const fields = Object.entries(privacy.fields);
  for (const [name, stated] of fields) {
    const field = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    const exact = noisy.get(name);
    if (field === undefined || 'anyOf' in field || field.type !== 'integer') continue;
    if (typeof exact !== 'number') continue;
    const low = BigInt(field.minimum);
    const high = BigInt(field.maximum);
    const range = high - low;
    const sensitivity = installed && BigInt(stated) < range ? BigInt(stated) : range;
    if (sensitivity === 0n) continue;
    const [t, s] = noiseScale(sensitivity, fields.length, privacy.milliEpsilon);
    const drawn = BigInt(exact) + discreteLaplace(random, t, s);
    noisy.set(name, Number(drawn < low ? low : drawn > high ? high : drawn));
  }
  return utf8(canonicalJson(Object.fromEntries(noisy)));
}
