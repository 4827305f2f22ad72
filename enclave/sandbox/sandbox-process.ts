/** One sandbox process: requests by number over its standard streams, and its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { NmpError } from '../../shared/errors.ts';
import { PROCESS_ENVIRONMENT } from '../../shared/runtime.ts';
import {
  encodePrepare,
  type ModuleKey,
  ResponseDecoder,
  type SandboxResponse,
} from './sandbox-wire.ts';

/** First frame of a process: what it is and what it gave up. */
export interface Hello {
  readonly engine: string;
  readonly version: string;
  readonly workers: number;
  readonly user: boolean;
  readonly seccomp: boolean;
}

const HELLO_ID = 0;
const HELLO_TIMEOUT_MS = 10_000;

function parseHello(payload: Uint8Array): Hello {
  const value: unknown = JSON.parse(new TextDecoder().decode(payload));
  if (typeof value !== 'object' || value === null) throw new TypeError('hello');
  const { engine, version, workers, user, seccomp } = value as Record<string, unknown>;
  if (
    typeof engine !== 'string' ||
    typeof version !== 'string' ||
    typeof workers !== 'number' ||
    typeof user !== 'boolean' ||
    typeof seccomp !== 'boolean'
  ) {
    throw new TypeError('hello');
  }
  return { engine, version, workers, user, seccomp };
}

export class SandboxProcess {
  readonly hello: Hello;
  get alive(): boolean {
    return this.#alive;
  }
  /** Jobs that were given to this process and are not done. */
  jobs = 0;
  /** Keys of modules that this process has compiled. */
  readonly prepared = new Set<string>();

  readonly #child: ChildProcess;
  readonly #waiting: Map<number, (response: SandboxResponse | undefined) => void>;
  #nextId = 1;
  #alive = true;

  private constructor(
    child: ChildProcess,
    hello: Hello,
    waiting: Map<number, (response: SandboxResponse | undefined) => void>,
  ) {
    this.#child = child;
    this.#waiting = waiting;
    this.hello = hello;
    child.once('exit', () => this.#end());
  }

  /**
   * @param parallel guests that use a processor at once
   * @throws NmpError SANDBOX_UNAVAILABLE
   */
  static start(program: string, parallel: number, onEnd: () => void): Promise<SandboxProcess> {
    return new Promise((resolve, reject) => {
      // Nothing of the node's environment, and no descriptors but the three streams.
      const child = spawn(program, ['serve', String(parallel)], {
        env: PROCESS_ENVIRONMENT,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const waiting = new Map<number, (response: SandboxResponse | undefined) => void>();
      const decoder = new ResponseDecoder();
      const fail = (cause?: unknown) => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        reject(new NmpError('SANDBOX_UNAVAILABLE', undefined, { cause }));
      };
      const timer = setTimeout(fail, HELLO_TIMEOUT_MS);
      waiting.set(HELLO_ID, (response) => {
        waiting.delete(HELLO_ID);
        clearTimeout(timer);
        try {
          if (response === undefined) throw new Error('no hello');
          const process = new SandboxProcess(child, parseHello(response.payload), waiting);
          child.once('exit', onEnd);
          resolve(process);
        } catch (cause) {
          fail(cause);
        }
      });
      child.once('error', fail);
      child.once('exit', () => waiting.get(HELLO_ID)?.(undefined));
      child.stdin?.on('error', () => undefined);
      child.stdout?.on('data', (chunk: Buffer) => {
        try {
          for (const response of decoder.push(chunk)) waiting.get(response.id)?.(response);
        } catch {
          // Not our format: the process is no longer what we started.
          child.kill('SIGKILL');
        }
      });
    });
  }

  /** Sends a request; resolves to its response, or to undefined if the process ended first. */
  request(encode: (id: number) => readonly Uint8Array[]): {
    readonly id: number;
    readonly response: Promise<SandboxResponse | undefined>;
  } {
    const id = this.#nextId++ >>> 0 || this.#nextId++;
    const response = new Promise<SandboxResponse | undefined>((resolve) => {
      if (!this.#alive) {
        resolve(undefined);
        return;
      }
      this.#waiting.set(id, (value) => {
        this.#waiting.delete(id);
        resolve(value);
      });
      this.send(encode(id));
    });
    return { id, response };
  }

  /**
   * Compiles unless done; a compilation beyond its deadline costs the process its life.
   * @param name of `key`, for `prepared`
   * @throws NmpError SANDBOX_DEADLINE, SANDBOX_LOST, SANDBOX_ABI
   */
  async prepare(
    name: string,
    key: ModuleKey,
    module: Uint8Array,
    deadlineMs: number,
  ): Promise<void> {
    if (this.prepared.has(name)) return;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.kill();
    }, deadlineMs);
    const { response } = this.request((id) => encodePrepare(id, key, module));
    const result = await response;
    clearTimeout(timer);
    if (late) throw new NmpError('SANDBOX_DEADLINE');
    if (result === undefined) throw new NmpError('SANDBOX_LOST');
    if (result.outcome !== 'ok') throw new NmpError('SANDBOX_ABI');
    this.prepared.add(name);
  }

  send(parts: readonly Uint8Array[]): void {
    const { stdin } = this.#child;
    stdin?.cork();
    for (const part of parts) stdin?.write(part);
    stdin?.uncork();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    if (!this.#alive) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.stdin?.end();
    this.kill();
    await gone;
  }

  #end(): void {
    this.#alive = false;
    for (const resolve of [...this.#waiting.values()]) resolve(undefined);
  }
}
