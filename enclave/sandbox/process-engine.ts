/**
 * The Wasmtime engine behind processes of their own: a pool of `nmp-sandbox` processes without
 * keys, files or network. A bug in the engine kills a process, which is replaced; it cannot reach
 * the node's memory.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { NmpError } from '../../shared/errors.ts';
import { type Random, systemRandom } from '../../shared/runtime.ts';
import type {
  EngineDescription,
  GuestAbi,
  Prepared,
  RunLimits,
  RunResult,
  SandboxEngine,
} from './engine.ts';
import { FairQueue } from './fair-queue.ts';
import { SandboxProcess } from './sandbox-process.ts';
import {
  capabilityBits,
  encodeCancel,
  encodeRun,
  type ModuleKey,
  type SandboxResponse,
} from './sandbox-wire.ts';
import { Trials } from './trial.ts';

export interface ProcessEngineInit {
  /** The `nmp-sandbox` program. */
  readonly program: string;
  /** Processes kept running; together they keep each processor busy with one guest at a time. */
  readonly processes: number;
  /** Memory of the machine, bytes: a quarter of it, if that is more, is for guests in flight. */
  readonly machineBytes?: number;
  /** Default: the system's. */
  readonly random?: Random;
}

/** Name of the settings in native/sandbox/src/engine.rs; docs/protocol.md, Deterministic profile. */
export const PROFILE = 'nmp-wasm-v1';
/** Least memory that guests in flight may ask for together: eight of the largest, 64 of the smaller. */
const GUEST_BYTES = 400 * 1024 * 1024;
/** What a compilation is counted as. */
const COMPILE_BYTES = 16 * 1024 * 1024;
/** Jobs of one peer that may wait for their turn. */
const WAITING_PER_PEER_MAX = 256;
/** How long a run may overstay its deadline before its process is killed. */
const KILL_GRACE_MS = 1_000;
/** A module that compiled within its deadline once does so again, among others' work, with this. */
const COMPILE_GRACE_MS = 5_000;
const RESPAWN_DELAY_MS = 100;
/** A process dies at most this often for one call before the call is given up. */
const ATTEMPTS = 2;

interface PreparedModule extends Prepared {
  readonly module: Uint8Array;
  readonly capabilities: readonly string[];
}

function isPreparedModule(prepared: Prepared): prepared is PreparedModule {
  return 'module' in prepared && 'capabilities' in prepared;
}

function keyName(key: ModuleKey): string {
  return `${Buffer.from(key.hash).toString('hex')}/${key.abi}/${key.capabilities}`;
}

const LOST: RunResult = {
  outcome: 'lost',
  output: new Uint8Array(0),
  fuelUsed: 0n,
  peakMemoryBytes: 0,
  reads: [],
};

class ProcessEngine implements SandboxEngine {
  readonly #init: ProcessEngineInit;
  readonly #processes: (SandboxProcess | undefined)[];
  readonly #queue: FairQueue;
  readonly #trials: Trials;
  readonly #compiling = new FairQueue({ slots: 1, bytes: 1, perPeerMax: WAITING_PER_PEER_MAX });
  readonly #salt: Uint8Array;
  readonly #description: EngineDescription;
  #stopped = false;

  constructor(init: ProcessEngineInit, first: SandboxProcess) {
    this.#init = init;
    this.#trials = new Trials(init.program);
    this.#salt = (init.random ?? systemRandom).bytes(16);
    this.#processes = Array.from({ length: init.processes }, () => undefined);
    this.#processes[0] = first;
    this.#queue = new FairQueue({
      slots: init.processes * first.hello.workers,
      bytes: Math.max(GUEST_BYTES, Math.floor((init.machineBytes ?? 0) / 4)),
      perPeerMax: WAITING_PER_PEER_MAX,
    });
    const { engine, version, user, seccomp } = first.hello;
    this.#description = {
      id: engine,
      version,
      profile: PROFILE,
      deterministic: true,
      metered: true,
      isolated: user || seccomp,
    };
  }

  describe(): EngineDescription {
    return this.#description;
  }

  /** Starts process `at`, or one in its place. */
  async spawn(at: number): Promise<void> {
    try {
      const process = await SandboxProcess.start(this.#init.program, parallelOf(this.#init), () =>
        this.respawn(at),
      );
      if (this.#stopped) await process.stop();
      else this.#processes[at] = process;
    } catch {
      this.respawn(at);
    }
  }

  respawn(at: number): void {
    this.#processes[at] = undefined;
    if (!this.#stopped) setTimeout(() => void this.spawn(at), RESPAWN_DELAY_MS).unref();
  }

  async prepare(
    module: Uint8Array,
    options: {
      readonly abi: GuestAbi;
      readonly deadlineMs: number;
      readonly capabilities?: readonly string[];
      readonly peer?: string;
      readonly known?: boolean;
    },
  ): Promise<Prepared> {
    const prepared: PreparedModule = {
      moduleHash: Uint8Array.from(createHash('sha256').update(module).digest()),
      abi: options.abi,
      module,
      capabilities: options.capabilities ?? [],
    };
    const { deadlineMs, peer = '' } = options;
    if (options.known !== true) {
      const key = this.#key(prepared);
      await this.#trials.pass({ name: keyName(key), key, module, deadlineMs, peer });
    }
    const leave = await this.#queue.enter(peer, COMPILE_BYTES);
    if (leave === undefined) throw new NmpError('SESSION_LIMIT');
    try {
      await this.#inOne(prepared, (process) =>
        this.#prepareIn(process, prepared, deadlineMs, peer),
      );
      return prepared;
    } finally {
      leave();
    }
  }

  async run(
    prepared: Prepared,
    input: Uint8Array,
    limits: RunLimits,
    options: { readonly signal?: AbortSignal; readonly peer?: string } = {},
  ): Promise<RunResult> {
    if (!isPreparedModule(prepared)) throw new NmpError('SANDBOX_ABI');
    const leave = await this.#queue.enter(options.peer ?? '', limits.memoryBytes, options.signal);
    if (leave === undefined) {
      throw new NmpError(options.signal?.aborted ? 'CONNECTION_LOST' : 'SESSION_LIMIT');
    }
    const peer = this.#numberOf(options.peer ?? '');
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const response = await this.#inOne(prepared, async (process) => {
          await this.#prepareIn(process, prepared, limits.deadlineMs, options.peer ?? '');
          // It may have been given up while it waited or was compiled: no event comes then.
          if (options.signal?.aborted) throw new NmpError('CONNECTION_LOST');
          return this.#runIn(process, prepared, peer, input, limits, options.signal);
        });
        if (response === 'killed') return { ...LOST, outcome: 'deadline' };
        if (response === undefined) return LOST;
        if (response.outcome === 'cancelled') throw new NmpError('CONNECTION_LOST');
        // Its cache dropped the module in between; compile it again.
        if (response.outcome === 'unknown') continue;
        return {
          outcome: response.outcome,
          output: response.payload,
          fuelUsed: response.fuelUsed,
          peakMemoryBytes: response.peakMemoryBytes,
          reads: response.reads,
        };
      }
      return LOST;
    } finally {
      leave();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#trials, ...this.#processes].map((process) => process?.stop()));
  }

  #key(prepared: PreparedModule): ModuleKey {
    return {
      hash: prepared.moduleHash,
      abi: prepared.abi,
      capabilities: capabilityBits(prepared.capabilities),
    };
  }

  /** A job in one of the processes, counted from its choice until it is done. */
  async #inOne<T>(
    prepared: PreparedModule,
    job: (process: SandboxProcess) => Promise<T>,
  ): Promise<T> {
    const process = await this.#pick(prepared);
    try {
      return await job(process);
    } finally {
      process.jobs--;
    }
  }

  /**
   * The least busy process, one that has the module before one that has not. The job counts from
   * the choice on, so that a burst does not choose one process all together.
   */
  async #pick(prepared: PreparedModule): Promise<SandboxProcess> {
    const name = keyName(this.#key(prepared));
    // A process that just died is back within the respawn delay and its start.
    for (let waited = 0; waited < 50; waited++) {
      const alive = this.#processes.filter((process) => process?.alive === true);
      const cost = (process: SandboxProcess | undefined) =>
        (process?.jobs ?? 0) * 2 + (process?.prepared.has(name) ? 0 : 1);
      const [best] = alive.sort((a, b) => cost(a) - cost(b));
      if (best !== undefined) {
        best.jobs++;
        return best;
      }
      await new Promise((resolve) => setTimeout(resolve, RESPAWN_DELAY_MS));
      if (this.#stopped) break;
    }
    throw new NmpError('SANDBOX_UNAVAILABLE');
  }

  /**
   * In a process that serves, where a compilation beyond its deadline would cost others their runs:
   * what clients send has passed its trial, and one compiles at a time.
   */
  async #prepareIn(
    process: SandboxProcess,
    prepared: PreparedModule,
    deadlineMs: number,
    peer: string,
  ): Promise<void> {
    const key = this.#key(prepared);
    const name = keyName(key);
    if (process.prepared.has(name)) return;
    const leave = await this.#compiling.enter(peer, 1);
    if (leave === undefined) throw new NmpError('SESSION_LIMIT');
    try {
      await process.prepare(name, key, prepared.module, deadlineMs + COMPILE_GRACE_MS);
    } finally {
      leave();
    }
  }

  /** A number that no peer can choose, so that none shares the turns of another. */
  #numberOf(peer: string): number {
    return createHash('sha256').update(this.#salt).update(peer).digest().readUInt32LE(0);
  }

  async #runIn(
    process: SandboxProcess,
    prepared: PreparedModule,
    peer: number,
    input: Uint8Array,
    limits: RunLimits,
    signal?: AbortSignal,
  ): Promise<SandboxResponse | 'killed' | undefined> {
    const key = this.#key(prepared);
    let killed = false;
    const { id, response } = process.request((n) => encodeRun(n, key, peer, limits, input));
    const timer = setTimeout(() => {
      killed = true;
      process.kill();
    }, limits.deadlineMs + KILL_GRACE_MS);
    const cancel = () => process.send(encodeCancel(id));
    signal?.addEventListener('abort', cancel, { once: true });
    const result = await response;
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
    if (result?.outcome === 'unknown') process.prepared.delete(keyName(key));
    return killed ? 'killed' : result;
  }
}

/** Guests of one process that use a processor at once. */
function parallelOf({ processes }: ProcessEngineInit): number {
  return Math.min(64, Math.max(1, Math.ceil(availableParallelism() / processes)));
}

/** @throws NmpError SANDBOX_UNAVAILABLE if not even one process starts */
export async function createProcessEngine(init: ProcessEngineInit): Promise<SandboxEngine> {
  let engine: ProcessEngine | undefined;
  const first = await SandboxProcess.start(init.program, parallelOf(init), () =>
    engine?.respawn(0),
  );
  engine = new ProcessEngine(init, first);
  for (let at = 1; at < init.processes; at++) await engine.spawn(at);
  return engine;
}
