/** Ends of a call that running logic can choose by what it saw: each may tell a bit of the records. */
import type { ErrorCode } from '../errors.ts';

const CHOSEN_BY_LOGIC: ReadonlySet<ErrorCode> = new Set([
  'EGRESS_BLOCKED',
  'SANDBOX_TRAP',
  'SANDBOX_FUEL',
  'SANDBOX_MEMORY',
  'SANDBOX_DEADLINE',
  'SANDBOX_ABI',
  'SANDBOX_LOST',
]);

export function isChosenByLogic(code: ErrorCode): boolean {
  return CHOSEN_BY_LOGIC.has(code);
}
