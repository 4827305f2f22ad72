/** The seam to whatever runs the enclave: a local process, QEMU, or nitro-cli. */
import type { EnclaveReady } from '../../shared/wire/control.ts';
import type { EnclaveDialer } from '../relay/relay.ts';

export type { EnclaveReady } from '../../shared/wire/control.ts';

export type SupervisorEvent =
  | { readonly type: 'ready'; readonly ready: EnclaveReady }
  | {
      readonly type: 'exit';
      readonly code: number | null;
      readonly restartInMs: number;
      /** It said nothing for as long as a start may take, and was ended for that. */
      readonly silent?: true;
    }
  | { readonly type: 'stopped' };

export interface Supervisor {
  /** Opens streams to the running enclave. */
  readonly dialer: EnclaveDialer;
  /** Opens streams that carry the datagrams of one flow each. */
  readonly datagrams: EnclaveDialer;
  /** Unix socket to which the enclave's outbound streams come, if it can have any. */
  readonly outboundPath?: string;
  /** Starts and resolves when the enclave is ready for the first time. */
  start(): Promise<EnclaveReady>;
  onEvent(listener: (event: SupervisorEvent) => void): void;
  stop(): Promise<void>;
}
