/** Programs that the parent runs beside itself: started, watched, and ended by their own number. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';

const STOP_TIMEOUT_MS = 3_000;

export interface ProgramInit {
  readonly program: string;
  readonly args: readonly string[];
  /** File that takes what the program says; default: nowhere. */
  readonly log?: string;
}

export class Program {
  /** Resolves with the exit code, or null after a signal or a failed start. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor({ program, args, log }: ProgramInit) {
    const out = log === undefined ? 'ignore' : openSync(log, 'a', 0o600);
    // Its input stays open for as long as this process lives: programs that watch it end with us.
    this.#child = spawn(program, args, { stdio: ['pipe', out, out], env: {} });
    this.#child.stdin?.on('error', () => undefined);
    // A machine of ours must not outlive us, however we end (but by SIGKILL).
    const end = () => void this.#child.kill('SIGKILL');
    process.once('exit', end);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', () => resolve(null));
      this.#child.once('exit', (code) => resolve(code));
    });
    void this.ended.then(() => process.off('exit', end));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

const AGAIN_MS = 500;

/** A program that is started again whenever it ends, until it is stopped. */
export class KeptProgram {
  readonly #init: ProgramInit;
  #program: Program;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(init: ProgramInit) {
    this.#init = init;
    this.#program = this.#start();
  }

  /** The one that runs now, or ran last. */
  get current(): Program {
    return this.#program;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#program.stop();
  }

  #start(): Program {
    const program = new Program(this.#init);
    void program.ended.then(() => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => {
        this.#program = this.#start();
      }, AGAIN_MS);
    });
    return program;
  }
}
