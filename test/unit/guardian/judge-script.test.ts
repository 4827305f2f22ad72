import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createGuardian, verdictDigest } from '../../../enclave/guardian/create-guardian.ts';
import { judgeScript } from '../../../enclave/guardian/judge-script.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { SCRIPT_BYTES_MAX } from '../../../shared/script/engine.ts';
import { authority } from './authority.ts';
import { pure, utf8 } from './build.ts';

const engine = createGuardian({ authority }, { policy: DEFAULT_POLICY }).judge(pure(), {
  capabilities: [],
});
const text = (value: string) => Uint8Array.from(utf8(value));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const reasons = (bytes: Uint8Array) => judgeScript(engine, bytes).reasons;

describe('a text', () => {
  it('has the verdict of its engine, and its own hash', () => {
    const script = text('é');
    const verdict = judgeScript(engine, script);
    expect(verdict).toEqual({
      verdict: 'accept',
      reasons: [],
      flags: engine.flags,
      facts: {
        kind: 'script',
        bytes: 2,
        engine: hex(engine.moduleHash),
        engineVerdict: hex(verdictDigest(engine)),
      },
      moduleHash: Uint8Array.from(createHash('sha256').update(script).digest()),
      policyHash: engine.policyHash,
    });
  });

  it('falls with its engine', () => {
    const refused = { ...engine, verdict: 'reject', reasons: ['FEATURE'] } as const;
    expect(judgeScript(refused, text('x'))).toMatchObject({
      verdict: 'reject',
      reasons: ['FEATURE'],
    });
    expect(judgeScript(refused, text('')).reasons).toEqual(['COST', 'FEATURE']);
  });

  it('has 1 byte or more, and no more than a script may have', () => {
    expect(reasons(text(''))).toEqual(['COST']);
    expect(reasons(text('x'))).toEqual([]);
    expect(reasons(new Uint8Array(SCRIPT_BYTES_MAX).fill(0x20))).toEqual([]);
    expect(reasons(new Uint8Array(SCRIPT_BYTES_MAX + 1).fill(0x20))).toEqual(['COST']);
  });

  it('is UTF-8 without a zero, and holds no credential', () => {
    expect(reasons(Uint8Array.of(0xff))).toEqual(['MALFORMED']);
    expect(reasons(text('a\0b'))).toEqual(['MALFORMED']);
    const key = ['AK', 'IA', 'A2B3C4D5E6F7G2H3'].join('');
    const verdict = judgeScript(engine, text(`const key = '${key}';`));
    expect([verdict.verdict, verdict.reasons]).toEqual(['reject', ['SECRET']]);
  });
});
