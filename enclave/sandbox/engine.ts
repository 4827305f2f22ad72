/**
 * The seam to the engine that runs guest modules. The Wasmtime engine lives in a forked process
 * without keys (`process-engine.ts`); V8 serves tests as an oracle only.
 */

/**
 * How a guest is started. `pure`: nmp_alloc / nmp_run, no imports. `wasi-p1`: a command.
 * `wasi-p2`: a component that exports wasi:cli/run. `component`: one that exports nmp-run, no imports.
 */
export type GuestAbi = 'pure' | 'wasi-p1' | 'wasi-p2' | 'component';

export interface RunLimits {
  /** Fuel units of the engine's deterministic profile; decides the outcome. */
  readonly fuel: bigint;
  /** Cap of all linear memories together, bytes. */
  readonly memoryBytes: number;
  /** Wall time after which the run is killed, milliseconds; a kill yields no certificate. */
  readonly deadlineMs: number;
  /** Longest output accepted, bytes. */
  readonly outputBytes: number;
}

/** How a run ended. Only `ok` has an output that may go on to the egress filter. */
export type Outcome =
  | 'ok'
  | 'trap'
  | 'out-of-fuel'
  | 'out-of-memory'
  | 'deadline'
  | 'abi-violation'
  | 'lost';

/** Bytes `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface RunResult {
  readonly outcome: Outcome;
  /** Empty unless `outcome` is `ok`. */
  readonly output: Uint8Array;
  readonly fuelUsed: bigint;
  readonly peakMemoryBytes: number;
  /**
   * Which bytes of the input the guest read; where more are told apart than fit, ranges that
   * span them. A `pure` guest holds all of it.
   */
  readonly reads: readonly ByteRange[];
}

/** A module compiled once and kept in the sandbox process, named by the SHA-256 of its bytes. */
export interface Prepared {
  readonly moduleHash: Uint8Array;
  readonly abi: GuestAbi;
}

export interface EngineDescription {
  readonly id: string;
  readonly version: string;
  /** Named deterministic profile that certificates and receipts carry. */
  readonly profile: string;
  readonly deterministic: boolean;
  readonly metered: boolean;
  readonly isolated: boolean;
}

export interface SandboxEngine {
  /**
   * Compiles `module` (already judged by the guardian) within `deadlineMs`.
   * @throws NmpError SANDBOX_DEADLINE, SANDBOX_ABI, SANDBOX_LOST, SANDBOX_UNAVAILABLE, SESSION_LIMIT
   */
  prepare(
    module: Uint8Array,
    options: {
      readonly abi: GuestAbi;
      readonly deadlineMs: number;
      /** WASI capabilities granted beyond the standard streams. */
      readonly capabilities?: readonly string[];
      readonly peer?: string;
      /** Not from a client: it need not be compiled on trial first. */
      readonly known?: boolean;
    },
  ): Promise<Prepared>;
  /** Runs once on `input` (see docs/protocol.md, Guest input) and drops the instance. */
  run(
    prepared: Prepared,
    input: Uint8Array,
    limits: RunLimits,
    options?: { readonly signal?: AbortSignal; readonly peer?: string },
  ): Promise<RunResult>;
  describe(): EngineDescription;
  stop(): Promise<void>;
}
