/**
 * Records of blocked answers, sealed to the data owner: which rule, where in the answer, of which
 * client and module. Never the value; and nobody between the enclave and the owner can read them.
 */

import { sealAuditRecord } from '../../../shared/audit/record.ts';
import { toHex, utf8 } from '../../../shared/bytes.ts';
import type { CryptoSuite } from '../../../shared/crypto/suite.ts';
import type { Random } from '../../../shared/runtime.ts';

export interface BlockedAnswer {
  /** 16 bytes, as in the refusal. */
  readonly auditId: Uint8Array;
  readonly atMs: number;
  readonly client: string;
  readonly capability: string;
  readonly moduleHash: Uint8Array;
  readonly codes: readonly string[];
  readonly findings: readonly { readonly rule: string; readonly path: string }[];
}

export interface AuditSink {
  /** Never throws: a record that cannot be kept does not let an answer out. */
  write(answer: BlockedAnswer): void;
}

export interface AuditComponents {
  readonly suite: CryptoSuite;
  readonly random: Random;
  /** Takes each sealed record; it may drop them, but cannot read them. */
  readonly keep: (sealed: Uint8Array) => void;
}

/** Findings kept in one record: what is more says the same. */
const FINDINGS_MAX = 16;

/** @param init X-Wing public key of the data owner, 1216 bytes in base64url */
export function createAuditSink(
  { suite, random, keep }: AuditComponents,
  init: { readonly ownerKey: string },
): AuditSink {
  const ownerKey = Uint8Array.from(Buffer.from(init.ownerKey, 'base64url'));
  return {
    write(answer) {
      const text = JSON.stringify({
        ...answer,
        auditId: toHex(answer.auditId),
        moduleHash: toHex(answer.moduleHash),
        findings: answer.findings.slice(0, FINDINGS_MAX),
      });
      try {
        keep(sealAuditRecord({ suite, random }, ownerKey, utf8(text)));
      } catch {
        // The refusal stands without it.
      }
    },
  };
}
