/** What every tool answers: one shape, as structured content and as the same JSON in text. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Refusal } from './refusal.ts';

const text = (max: number) => z.string().max(max);
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const JSON_TYPES = ['object', 'array', 'string', 'number', 'boolean', 'null'];

const evidence = z.object({
  reportId: text(64).describe('SHA-256 of the attestation document; resource nmp://report/{id}'),
  receiptId: hash.optional().describe('SHA-256 of the certificate; resource nmp://receipt/{id}'),
  proof: z
    .enum(['certificate', 'zk'])
    .optional()
    .describe('zk: a receipt of the execution was verified besides the certificate'),
  pcr0: text(128).describe('Measurement of the enclave image'),
  freshnessMs: z.number().min(0).describe('Age of the attestation document'),
  mode: z.enum(['aws', 'simulated', 'unknown']),
  simulated: z.boolean().describe('True: no hardware stands behind this evidence'),
});

/**
 * `released`: `result` and `evidence` are there. `blocked`: the closed set of a refusal is there and
 * nothing else. `pending`: `job` is there. `listed`: `result` describes, nothing was run.
 */
export const outcomeSchema = z.object({
  verdict: z.enum(['released', 'verified', 'listed', 'pending', 'invalid', 'blocked']),
  result: z
    .unknown()
    // Any JSON, written out: hosts warn of the empty schema that means the same.
    .meta({ anyOf: JSON_TYPES.map((type) => ({ type, title: type })) })
    .optional()
    .describe('The answer, or what was asked about'),
  evidence: evidence.optional(),
  job: text(22).optional().describe('Handle for nmp_job'),
  moduleHash: hash.optional().describe('SHA-256 of the logic, to run it again without sending it'),
  stage: text(16).optional(),
  code: text(40).optional().describe('docs/errors.md explains each'),
  countBucket: z.enum(['1', '2-9', '10+']).optional(),
  retryable: z.boolean().optional(),
  hint: text(512).optional(),
  auditId: text(22).optional(),
  diagnostics: text(4096).optional().describe('What the compiler said about the source'),
  padding: text(1024).optional(),
});

export type Outcome = z.input<typeof outcomeSchema>;
export type ToolOutcome = Outcome | Refusal;

/** Longest released result, characters of JSON. */
export const RESULT_CHARS_MAX = 1_048_576;

export function toResult(outcome: ToolOutcome): CallToolResult {
  const { verdict } = outcome;
  const failed = verdict === 'blocked' || verdict === 'invalid';
  return {
    content: [{ type: 'text', text: JSON.stringify(outcome) }],
    structuredContent: { ...outcome },
    ...(failed ? { isError: true } : {}),
  };
}
