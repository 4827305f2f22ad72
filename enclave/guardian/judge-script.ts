/**
 * The verdict on plain-text logic: that on the engine that runs it, and what can be said of a text.
 * What the text does is held by the engine's own bounds: it has no imports, and fuel decides.
 */
import { createHash } from 'node:crypto';
import { SCRIPT_BYTES_MAX } from '../../shared/script/engine.ts';
import { verdictDigest } from './create-guardian.ts';
import type { GuardianVerdict } from './guardian.ts';
import { loadSecretDetector, type SecretDetector } from './secrets.ts';

function isText(bytes: Uint8Array): boolean {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(bytes).includes('\0');
  } catch {
    return false;
  }
}

/** @param engine the verdict on the engine's module; a refusal of it refuses every text */
export function judgeScript(
  engine: GuardianVerdict,
  text: Uint8Array,
  secrets: SecretDetector = loadSecretDetector(),
): GuardianVerdict {
  const reasons = new Set(engine.reasons);
  if (text.length === 0 || text.length > SCRIPT_BYTES_MAX) reasons.add('COST');
  else if (!isText(text)) reasons.add('MALFORMED');
  else if (secrets.holdsSecret(text)) reasons.add('SECRET');
  return {
    verdict: reasons.size === 0 ? 'accept' : 'reject',
    reasons: [...reasons].sort(),
    flags: engine.flags,
    facts: {
      kind: 'script',
      bytes: text.length,
      engine: Buffer.from(engine.moduleHash).toString('hex'),
      engineVerdict: Buffer.from(verdictDigest(engine)).toString('hex'),
    },
    moduleHash: Uint8Array.from(createHash('sha256').update(text).digest()),
    policyHash: engine.policyHash,
  };
}
