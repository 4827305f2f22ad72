/**
 * Compiles a module for the first time in a process that serves nobody: one that is made to keep the
 * compiler busy costs that process its life at its deadline, and no other guest its run.
 */
import { isNmpError, NmpError } from '../../shared/errors.ts';
import { FairQueue } from './fair-queue.ts';
import { SandboxProcess } from './sandbox-process.ts';
import type { ModuleKey } from './sandbox-wire.ts';

export interface Trial {
  readonly name: string;
  readonly key: ModuleKey;
  readonly module: Uint8Array;
  readonly deadlineMs: number;
  readonly peer: string;
}

/** Modules remembered that compiled in time. */
const PASSED_MAX = 4096;
/** The process may have died of something else, before. */
const ATTEMPTS = 2;
/** Modules of one peer that may wait. */
const WAITING_PER_PEER_MAX = 256;

export class Trials {
  readonly #program: string;
  /** One at a time, so that a deadline measures one compilation; peers take turns. */
  readonly #queue = new FairQueue({ slots: 1, bytes: 1, perPeerMax: WAITING_PER_PEER_MAX });
  readonly #passed = new Set<string>();
  readonly #trying = new Map<string, Promise<void>>();
  #process: SandboxProcess | undefined;
  #stopped = false;

  /** @param program the `nmp-sandbox` program */
  constructor(program: string) {
    this.#program = program;
  }

  /** @throws NmpError SANDBOX_DEADLINE, SANDBOX_ABI, SANDBOX_LOST, SANDBOX_UNAVAILABLE, SESSION_LIMIT */
  async pass(trial: Trial): Promise<void> {
    const { name } = trial;
    // Whoever sends what is being tried waits for that; its failure may be of a shorter deadline.
    for (let other = this.#trying.get(name); other !== undefined; other = this.#trying.get(name)) {
      await other.catch(() => undefined);
    }
    if (this.#passed.has(name)) return;
    const trying = this.#try(trial);
    this.#trying.set(name, trying);
    try {
      await trying;
    } finally {
      this.#trying.delete(name);
    }
  }

  async #try(trial: Trial): Promise<void> {
    const { name } = trial;
    const leave = await this.#queue.enter(trial.peer, 1);
    if (leave === undefined) throw new NmpError('SESSION_LIMIT');
    try {
      for (let attempt = 1; !(await this.#compiles(trial)); attempt++) {
        if (attempt === ATTEMPTS) throw new NmpError('SANDBOX_LOST');
      }
      this.#passed.add(name);
      const [oldest] = this.#passed;
      if (this.#passed.size > PASSED_MAX && oldest !== undefined) this.#passed.delete(oldest);
    } finally {
      leave();
    }
  }

  /** False if the process died before it could tell. */
  async #compiles({ name, key, module, deadlineMs }: Trial): Promise<boolean> {
    if (this.#process?.alive !== true) {
      this.#process = await SandboxProcess.start(this.#program, 1, () => undefined);
    }
    // It may have been stopped while a process started.
    if (this.#stopped) {
      await this.#process.stop();
      throw new NmpError('SANDBOX_UNAVAILABLE');
    }
    try {
      await this.#process.prepare(name, key, module, deadlineMs);
      return true;
    } catch (error) {
      if (isNmpError(error, 'SANDBOX_LOST')) return false;
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#process?.stop();
  }
}
