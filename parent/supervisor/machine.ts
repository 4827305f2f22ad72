/**
 * Supervises an enclave that is a machine of its own: listens for its heartbeat and its reports,
 * bridges its vsock, starts it anew when it ends. What kind of machine it is, a driver knows.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode, NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import type { ControlHello, ControlReport, RoleCredentials } from '../../shared/wire/control.ts';
import { ControlServer } from './control-server.ts';
import type { EnclaveReady, Supervisor, SupervisorEvent } from './supervisor.ts';

/** One boot of the machine. */
export interface Machine {
  /** Resolves when the machine is gone by itself. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

export interface MachineDriver {
  /**
   * Boots the image. Its vsock is to come out in `directory`: what the enclave opens to port N at
   * `vsock_N`, and the way to its mesh port at `mesh.sock`.
   */
  boot(directory: string): Promise<Machine>;
}

export interface MachineInit {
  readonly driver: MachineDriver;
  readonly announce: () => readonly string[];
  readonly credentials?: undefined | (() => Promise<RoleCredentials>);
  /** What the enclave is told to be; default: a node. */
  readonly role?: ControlHello['role'];
  /** How long the first start may take until the node is ready. */
  readonly startTimeoutMs: number;
  /** How long one boot may be silent: then it is ended and another begins. */
  readonly bootTimeoutMs: number;
}

/** A boot under emulation on a busy machine takes half a minute. */
export const MACHINE_TIMEOUTS = { startTimeoutMs: 180_000, bootTimeoutMs: 75_000 } as const;

const CONTROL_PORT = 5007;
const DIAL_PORT = 5006;
const BACKOFF_MS = { first: 1_000, max: 60_000 } as const;
/** A machine that ran this long starts again without delay. */
const HEALTHY_MS = 60_000;

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

class MachineSupervisor implements Supervisor {
  readonly #clock: Clock;
  readonly #init: MachineInit;
  readonly #listeners: ((event: SupervisorEvent) => void)[] = [];
  #directory = '';
  #machine: Machine | undefined;
  #control: ControlServer | undefined;
  #bootedMs = 0;
  #stopping = false;
  #backoffMs: number = BACKOFF_MS.first;
  #restart: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #failure: ErrorCode | undefined;

  /** One socket for every boot: whoever listens there need not know of them. */
  readonly #home = mkdtempSync(join(tmpdir(), 'nmp-'));
  readonly outboundPath = join(this.#home, 'dial.sock');

  /** Leads to the machine that runs now; a fresh directory each boot keeps stale programs out. */
  readonly #meshPath = join(this.#home, 'mesh.sock');
  readonly dialer = { path: this.#meshPath, dial: () => connect(this.#meshPath) };
  readonly datagrams = { dial: () => connect(join(this.#directory, 'quic.sock')) };

  constructor(clock: Clock, init: MachineInit) {
    this.#clock = clock;
    this.#init = init;
  }

  onEvent(listener: (event: SupervisorEvent) => void): void {
    this.#listeners.push(listener);
  }

  start(): Promise<EnclaveReady> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        // An enclave that cannot even start once is not tried again behind the operator's back.
        this.#stopping = true;
        clearTimeout(timer);
        clearTimeout(this.#restart);
        void this.#tearDown().then(() => reject(error));
      };
      const timer = setTimeout(() => {
        fail(new NmpError('NODE_START', 'the enclave did not become ready in time'));
      }, this.#init.startTimeoutMs);
      let started = false;
      this.onEvent((event) => {
        // A boot that hung says nothing of the next.
        if (started || (event.type === 'exit' && event.silent)) return;
        started = true;
        clearTimeout(timer);
        if (event.type === 'ready') resolve(event.ready);
        else fail(new NmpError(this.#failure ?? 'NODE_START'));
      });
      this.#boot().catch(fail);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    await this.#tearDown();
    rmSync(this.#home, { recursive: true, force: true });
    this.#emit({ type: 'stopped' });
  }

  #emit(event: SupervisorEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** A folder of its own for each boot: no socket of an earlier one can answer. */
  async #boot(): Promise<void> {
    this.#directory = mkdtempSync(join(tmpdir(), 'nmp-'));
    rmSync(this.#meshPath, { force: true });
    symlinkSync(join(this.#directory, 'mesh.sock'), this.#meshPath);
    symlinkSync(this.outboundPath, join(this.#directory, `vsock_${DIAL_PORT}`));
    this.#failure = undefined;
    this.#bootedMs = this.#clock.monotonicMs();
    const control = new ControlServer({
      path: join(this.#directory, `vsock_${CONTROL_PORT}`),
      announce: this.#init.announce,
      credentials: this.#init.credentials,
      ...(this.#init.role && { role: this.#init.role }),
      onReport: (report) => this.#onReport(report),
    });
    this.#control = control;
    await control.listen();
    const machine = await this.#init.driver.boot(this.#directory);
    this.#machine = machine;
    if (this.#stopping) await this.#tearDown();
    else this.#silence = setTimeout(() => this.#onSilence(machine), this.#init.bootTimeoutMs);
    void machine.ended.then((code) => this.#onEnd(machine, code));
  }

  #onSilence(machine: Machine): void {
    if (this.#stopping || machine !== this.#machine) return;
    void machine.stop().then(() => this.#onEnd(machine, null, true));
  }

  #onReport(report: ControlReport): void {
    clearTimeout(this.#silence);
    if (report.type === 'ready') {
      this.#emit({ type: 'ready', ready: report.ready });
      return;
    }
    // The node says why first; that its end ended the enclave adds nothing.
    this.#failure ??= isErrorCode(report.code) ? report.code : 'NODE_START';
    const machine = this.#machine;
    // Emulators do not end with their guest: the machine is stopped from here.
    if (machine !== undefined && report.code.startsWith('AGENT_')) {
      void machine.stop().then(() => this.#onEnd(machine, report.exit));
    }
  }

  #onEnd(machine: Machine, code: number | null, silent = false): void {
    if (this.#stopping || machine !== this.#machine) return;
    this.#machine = undefined;
    if (this.#clock.monotonicMs() - this.#bootedMs >= HEALTHY_MS)
      this.#backoffMs = BACKOFF_MS.first;
    const restartInMs = this.#backoffMs;
    this.#backoffMs = Math.min(2 * this.#backoffMs, BACKOFF_MS.max);
    this.#restart = setTimeout(() => void this.#again(), restartInMs);
    this.#emit({ type: 'exit', code, restartInMs, ...(silent ? { silent } : {}) });
  }

  async #again(): Promise<void> {
    await this.#tearDown();
    if (this.#stopping) return;
    await this.#boot().catch(() => {
      this.#restart = setTimeout(() => void this.#again(), this.#backoffMs);
    });
  }

  async #tearDown(): Promise<void> {
    clearTimeout(this.#silence);
    const [machine, control, directory] = [this.#machine, this.#control, this.#directory];
    this.#machine = undefined;
    this.#control = undefined;
    await machine?.stop();
    await control?.close();
    if (directory !== '') rmSync(directory, { recursive: true, force: true });
  }
}

export function createMachineSupervisor(
  { clock }: { readonly clock: Clock },
  init: MachineInit,
): Supervisor {
  return new MachineSupervisor(clock, init);
}
