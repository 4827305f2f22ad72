/**
 * The file form of what a receipt must be about: JSON, kept beside receipt and module so that
 * anybody can verify later. docs/receipts.md, Request file.
 */
import { z } from 'zod';
import { fromHex, toHex, utf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { canonicalJson } from '../wire/canonical-json.ts';
import { RECEIPT_OUTCOMES } from './journal.ts';
import type { ReceiptRequest } from './verify.ts';

export const RECEIPT_REQUEST_BYTES_MAX = 4 * 1024 * 1024;

const bytes32 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((text) => fromHex(text) ?? new Uint8Array(0));
const name = z.string().min(1).max(128);

const requestSchema = z.strictObject({
  version: z.literal(2),
  mode: z.literal('stark-composite'),
  imageId: bytes32,
  nonce: bytes32,
  fuel: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,18})$/)
    .transform((text) => BigInt(text)),
  arguments: z.json(),
  inputSalt: bytes32,
  inputCommitment: bytes32,
  datasets: z
    .array(
      z.strictObject({ id: name, commitment: bytes32, columns: z.array(name).min(1).max(256) }),
    )
    .max(16),
  outputSalt: bytes32,
  output: z.string().max(1024 * 1024),
  outcome: z.enum(RECEIPT_OUTCOMES),
});

/** @throws NmpError RECEIPT_REQUEST */
export function parseReceiptRequest(text: string): ReceiptRequest {
  try {
    const request = requestSchema.parse(JSON.parse(text));
    return {
      ...request,
      arguments: utf8(canonicalJson(request.arguments)),
      output: utf8(request.output),
    };
  } catch (cause) {
    throw new NmpError('RECEIPT_REQUEST', undefined, { cause });
  }
}

/** The text that `parseReceiptRequest` reads; ends with a newline. */
export function formatReceiptRequest(request: ReceiptRequest): string {
  const text = (part: Uint8Array) => new TextDecoder().decode(part);
  const value = {
    version: 2,
    mode: 'stark-composite',
    imageId: toHex(request.imageId),
    nonce: toHex(request.nonce),
    fuel: String(request.fuel),
    arguments: JSON.parse(text(request.arguments)) as unknown,
    inputSalt: toHex(request.inputSalt),
    inputCommitment: toHex(request.inputCommitment),
    datasets: request.datasets.map(({ id, commitment, columns }) => ({
      id,
      commitment: toHex(commitment),
      columns,
    })),
    outputSalt: toHex(request.outputSalt),
    output: text(request.output),
    outcome: request.outcome,
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
