import { describe, expect, it } from 'vitest';
import { endedByLogic, REFUSAL_CHARS, refusalOf } from '../../../../client/mcp/refusal.ts';
import { RefusedError } from '../../../../client/refused-error.ts';
import { ERROR_CODES, type ErrorCode, NmpError } from '../../../../shared/errors.ts';

const mint = () => 'A'.repeat(22);
const codes = Object.keys(ERROR_CODES) as ErrorCode[];
const refused = (code: ErrorCode, more: object = {}) =>
  new RefusedError(code, {
    reasons: ['PII_NAME'],
    countBucket: '10+',
    retryable: true,
    auditId: 'B'.repeat(22),
    ...more,
  });

const CHOSEN = [
  'EGRESS_BLOCKED',
  'SANDBOX_TRAP',
  'SANDBOX_FUEL',
  'SANDBOX_MEMORY',
  'SANDBOX_DEADLINE',
  'SANDBOX_ABI',
  'SANDBOX_LOST',
] as const;

describe('a refusal', () => {
  it.each(codes)('of %s has the one size and the closed set of fields', (code) => {
    for (const error of [new NmpError(code, 'patient 4711'), refused(code)]) {
      const refusal = refusalOf(error, mint);
      expect(JSON.stringify(refusal)).toHaveLength(REFUSAL_CHARS);
      expect(Object.keys(refusal)).toEqual([
        'verdict',
        'stage',
        'code',
        'countBucket',
        'retryable',
        'hint',
        'auditId',
        'padding',
      ]);
      expect(JSON.stringify(refusal)).not.toContain('4711');
      expect(JSON.stringify(refusal)).not.toContain('PII_NAME');
    }
  });

  it('is the same for every end that logic can choose', () => {
    const seen = new Set(CHOSEN.map((code) => JSON.stringify(refusalOf(refused(code), mint))));
    expect(seen.size).toBe(1);
    for (const code of CHOSEN) expect(endedByLogic(refused(code))).toBe(true);
    for (const code of ['GUARDIAN_REJECTED', 'CALL_ARGUMENTS', 'TIMEOUT'] as const) {
      expect(endedByLogic(refused(code))).toBe(false);
    }
  });

  it("keeps the node's audit id if it has the form of one", () => {
    expect(refusalOf(refused('EGRESS_BLOCKED'), mint).auditId).toBe('B'.repeat(22));
    for (const auditId of ['', 'patient 4711', 'B'.repeat(23), `${'B'.repeat(21)}\n`]) {
      expect(refusalOf(refused('EGRESS_BLOCKED', { auditId }), mint).auditId).toBe(mint());
    }
  });

  it('calls whatever is no error of ours internal, and says nothing of it', () => {
    const refusal = refusalOf(new TypeError('patient 4711'), mint);
    expect(refusal.code).toBe('INTERNAL');
    expect(JSON.stringify(refusal)).not.toContain('4711');
  });
});
