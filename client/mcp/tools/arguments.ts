/** Arguments that several tools take; every one is bounded. */
import { z } from 'zod';
import { NmpError } from '../../../shared/errors.ts';
import { TIMEOUT_SECONDS, TIMEOUT_SECONDS_MAX } from '../invoke.ts';

/** Longest arguments of a capability, characters of JSON. */
const ARGUMENTS_CHARS_MAX = 65_536;

export const node = z
  .string()
  .min(1)
  .max(512)
  .describe('Peer ID of a node, as nmp_discover lists it, or its multiaddr');

export const capability = z
  .string()
  .min(1)
  .max(128)
  .describe('name or name@version, as nmp_discover lists it');

export const callArguments = z
  .record(z.string().max(128), z.unknown())
  // Written out: hosts warn of the empty schema that means the same.
  .meta({ additionalProperties: true })
  .optional()
  .describe('Arguments that fit the input schema of the capability; default: {}');

export const timeoutSeconds = z
  .int()
  .min(1)
  .max(TIMEOUT_SECONDS_MAX)
  .optional()
  .describe(`For the whole call; default: ${TIMEOUT_SECONDS}`);

export const background = z
  .boolean()
  .optional()
  .describe('Answer at once with a job handle for nmp_job; for work of minutes');

export const proofMode = z
  .string()
  .max(32)
  .optional()
  .describe('A proof mode that the capability lists; default: attested');

/** @throws NmpError CALL_ARGUMENTS beyond 64 Ki characters of JSON */
export function boundedArguments(value: unknown): unknown {
  const given = value ?? {};
  if (JSON.stringify(given).length > ARGUMENTS_CHARS_MAX) throw new NmpError('CALL_ARGUMENTS');
  return given;
}
