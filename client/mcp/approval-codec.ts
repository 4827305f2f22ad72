/** Seals a question to a person between two requests: the host carries it and must not change it. */
import { createRequestStateCodec, type RequestStateCodec } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Random } from '../../shared/runtime.ts';

const KEY_BYTES = 32;
/** A person may take this long to compare three hashes. */
const ANSWER_SECONDS = 600;

const pcr = z.string().regex(/^[0-9a-f]{96}$/);

/** What was asked: to trust this image, as seen at this node. */
export const askedSchema = z.object({ node: z.string(), pcr0: pcr, pcr1: pcr, pcr2: pcr });
export type Asked = z.output<typeof askedSchema>;
/** What comes back is whatever was minted, under any tool: judge it with a schema. */
export type ApprovalCodec = RequestStateCodec<unknown>;

/** HMAC-SHA256 under a key that lives as long as the process; bound to method and principal. */
export function createApprovalCodec(random: Random): ApprovalCodec {
  return createRequestStateCodec<unknown>({
    key: random.bytes(KEY_BYTES),
    ttlSeconds: ANSWER_SECONDS,
    bind: (ctx) => `${ctx.mcpReq.method}\0${ctx.http?.authInfo?.clientId ?? ''}`,
  });
}
