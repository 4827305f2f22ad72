/** Local mode: the enclave is a child process, its vsock a unix socket. Simulation, marked as such. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NmpError } from '../../shared/errors.ts';
import { type Clock, NODE_FLAGS, PROCESS_ENVIRONMENT } from '../../shared/runtime.ts';
import type { EnclaveReady, Supervisor, SupervisorEvent } from './supervisor.ts';

export interface LocalInit {
  /** The node's program (enclave/main.ts or its compiled form). */
  readonly program: string;
  readonly configFile: string;
  /** Where the simulated root and the identity are kept. */
  readonly stateDirectory: string;
  readonly announce: () => readonly string[];
  /** Further arguments of the program: role and handover. */
  readonly arguments?: readonly string[];
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
const BACKOFF_MS = { first: 200, max: 10_000 } as const;
/** A node that ran this long starts again without delay. */
const HEALTHY_MS = 30_000;

function isReady(message: unknown): message is { type: 'ready'; ready: EnclaveReady } {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
  );
}

class LocalSupervisor implements Supervisor {
  readonly #clock: Clock;
  readonly #init: LocalInit;
  readonly #directory = mkdtempSync(join(tmpdir(), 'nmp-'));
  readonly #listeners: ((event: SupervisorEvent) => void)[] = [];
  #child: ChildProcess | undefined;
  #stopping = false;
  #backoffMs: number = BACKOFF_MS.first;
  #restart: NodeJS.Timeout | undefined;

  readonly dialer = {
    path: join(this.#directory, 'mesh.sock'),
    dial: () => connect(join(this.#directory, 'mesh.sock')),
  };
  readonly datagrams = { dial: () => connect(join(this.#directory, 'quic.sock')) };
  readonly outboundPath = join(this.#directory, 'dial.sock');

  constructor(clock: Clock, init: LocalInit) {
    this.#clock = clock;
    this.#init = init;
  }

  onEvent(listener: (event: SupervisorEvent) => void): void {
    this.#listeners.push(listener);
  }

  start(): Promise<EnclaveReady> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new NmpError('NODE_START', 'the node did not become ready in time'));
      }, START_TIMEOUT_MS);
      let started = false;
      this.onEvent((event) => {
        if (started) return;
        started = true;
        clearTimeout(timer);
        if (event.type === 'ready') return resolve(event.ready);
        // A node that cannot even start once is not tried again behind the operator's back.
        this.#stopping = true;
        clearTimeout(this.#restart);
        reject(new NmpError('NODE_START'));
      });
      this.#spawn();
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(timer);
    }
    rmSync(this.#directory, { recursive: true, force: true });
    this.#emit({ type: 'stopped' });
  }

  #emit(event: SupervisorEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  #spawn(): void {
    rmSync(join(this.#directory, 'mesh.sock'), { force: true });
    const startedMs = this.#clock.monotonicMs();
    const child = fork(
      this.#init.program,
      [
        ...['--config', this.#init.configFile],
        ...['--run', this.#directory],
        ...['--state', this.#init.stateDirectory],
        ...this.#init.announce().flatMap((address) => ['--announce', address]),
        ...(this.#init.arguments ?? []),
      ],
      // Nothing of the parent's environment leaks into the node's.
      {
        env: PROCESS_ENVIRONMENT,
        execArgv: [...NODE_FLAGS],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    this.#child = child;
    child.on('message', (message) => {
      if (isReady(message)) this.#emit(message);
    });
    child.once('exit', (code) => {
      if (this.#stopping) return;
      if (this.#clock.monotonicMs() - startedMs >= HEALTHY_MS) this.#backoffMs = BACKOFF_MS.first;
      const restartInMs = this.#backoffMs;
      this.#backoffMs = Math.min(2 * this.#backoffMs, BACKOFF_MS.max);
      this.#restart = setTimeout(() => this.#spawn(), restartInMs);
      this.#emit({ type: 'exit', code, restartInMs });
    });
  }
}

export function createLocalSupervisor(
  { clock }: { readonly clock: Clock },
  init: LocalInit,
): Supervisor {
  return new LocalSupervisor(clock, init);
}
