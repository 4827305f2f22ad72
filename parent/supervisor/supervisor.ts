/** The seam to whatever runs the enclave: a local process, QEMU, or nitro-cli. */
import type { EnclaveDialer } from '../relay/relay.ts';

/** What the enclave says of itself to its parent; claims only, a client verifies by itself. */
export interface EnclaveReady {
  readonly peerId: string;
  readonly mode: 'local' | 'qemu' | 'nitro';
  /** SHA-256 (hex) of the simulated root; absent where AWS signs. */
  readonly simulatedRoot?: string;
  /** Hex, 48 bytes each. */
  readonly pcrs: { readonly pcr0: string; readonly pcr1: string; readonly pcr2: string };
}

export type SupervisorEvent =
  | { readonly type: 'ready'; readonly ready: EnclaveReady }
  | { readonly type: 'exit'; readonly code: number | null; readonly restartInMs: number }
  | { readonly type: 'stopped' };

export interface Supervisor {
  /** Opens streams to the running enclave. */
  readonly dialer: EnclaveDialer;
  /** Starts and resolves when the enclave is ready for the first time. */
  start(): Promise<EnclaveReady>;
  onEvent(listener: (event: SupervisorEvent) => void): void;
  stop(): Promise<void>;
}
