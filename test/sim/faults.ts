/** What can go wrong, alone and in pairs, chosen by the seed. */
import { Choices } from './random.ts';

/** Done by the relay to the bytes of one way of one stream. */
export const WIRE_FAULTS = [
  'drop',
  'delay',
  'reorder',
  'duplicate',
  'partial-write',
  'bit-flip',
  'half-close',
  'slow-loris',
  'cut',
] as const;

/** Done by a relay that knows the protocol. */
export const RELAY_FAULTS = [
  'replay-document',
  'replay-answer',
  'replay-request',
  'swap-key',
  'stale-nonce',
  'lie-about-peer',
] as const;

/** Done to, or inside, one of the parties. */
export const PARTY_FAULTS = [
  'client-clock-behind',
  'client-clock-ahead',
  'node-clock-behind',
  'node-clock-ahead',
  'node-entropy',
  'client-entropy',
  'nsm-error',
  'guest-memory',
  'guest-fuel',
  'guest-trap',
  'sandbox-deadline',
  'sandbox-lost',
  'parent-restart',
  'enclave-restart',
  'crossed-answers',
] as const;

/** Done by the key service, or by the parent that carries its bytes, whenever the enclave starts. */
export const KEY_FAULTS = [
  'kms-denied',
  'kms-silent',
  'kms-garbage',
  'kms-replayed-answer',
  'kms-replayed-document',
  'kms-swap-key',
  'kms-other-key',
  'kms-impostor',
] as const;

/** Done by the prover, or to the spool of its unfinished work. */
export const PROOF_FAULTS = [
  'prover-crash',
  'prover-slow',
  'prover-diverges',
  'replay-receipt',
  'forge-receipt',
  'disk-full',
  'rewind-spool',
] as const;

export const FAULTS = [
  ...WIRE_FAULTS,
  ...RELAY_FAULTS,
  ...PARTY_FAULTS,
  ...KEY_FAULTS,
  ...PROOF_FAULTS,
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Plan {
  readonly faults: readonly Fault[];
  /** Percent of the occasions of a fault at which it happens. */
  readonly percent: number;
}

/** A twentieth of the seeds has no fault: those must all be answered. */
export function planOf(seed: number): Plan {
  const choices = new Choices(seed, 'plan');
  if (choices.chance(5)) return { faults: [], percent: 0 };
  const first = choices.pick(FAULTS);
  const second = choices.pick(FAULTS);
  const faults = choices.chance(50) && second !== first ? [first, second] : [first];
  return { faults, percent: choices.pick([20, 50, 100]) };
}
