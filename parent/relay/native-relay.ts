/**
 * The relay as a program of its own (`nmp-agent relay`), which splices bulk from socket to socket.
 * The same limits, counters and promises as relay.ts; bytes never enter this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { isIP } from 'node:net';
import { createInterface } from 'node:readline';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import type { RelayMetrics, RelaySnapshot } from '../metrics/relay-metrics.ts';
import type { Relay, RelayLimits } from './relay.ts';

export interface NativeRelayComponents {
  readonly metrics: RelayMetrics;
  readonly clock: Clock;
}

export interface NativeRelayInit {
  /** The `nmp-agent` program. */
  readonly program: string;
  /**
   * Unix sockets of the enclaves' mesh ports. Each source has its own order of several, by rendezvous
   * hashing of its address, and comes to the first that takes it.
   */
  readonly paths: readonly string[];
}

/** A relay that ended is started again after this long, doubled each time up to the second. */
const AGAIN_MS = { first: 100, max: 10_000 } as const;
/** One that ran this long had started well. */
const HEALTHY_MS = 30_000;
const START_TIMEOUT_MS = 10_000;

const COUNT = /^count (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/;
const READY = /^ready (\d+)$/;

function snapshotOf(line: string): RelaySnapshot | undefined {
  const numbers = COUNT.exec(line)?.slice(1).map(Number);
  if (numbers === undefined) return undefined;
  const [opened = 0, closed = 0, refused = 0, enclaveUnreachable = 0, bytesIn = 0, bytesOut = 0] =
    numbers;
  return { opened, closed, refused, enclaveUnreachable, bytesIn, bytesOut };
}

class NativeRelay implements Relay {
  readonly #metrics: RelayMetrics;
  readonly #clock: Clock;
  readonly #init: NativeRelayInit;
  readonly #limits: RelayLimits;
  #child: ChildProcess | undefined;
  #last: RelaySnapshot | undefined;
  #stopping = false;
  #againMs: number = AGAIN_MS.first;
  #timer: NodeJS.Timeout | undefined;

  constructor(components: NativeRelayComponents, init: NativeRelayInit, limits: RelayLimits) {
    this.#metrics = components.metrics;
    this.#clock = components.clock;
    this.#init = init;
    this.#limits = limits;
  }

  get open(): number {
    return this.#last === undefined ? 0 : this.#last.opened - this.#last.closed;
  }

  /** @throws NmpError NODE_START if the address cannot be listened on */
  async start(listen: { readonly host: string; readonly port: number }): Promise<{ port: number }> {
    const port = await this.#run(listen);
    return { port };
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    this.#child?.stdin?.write('drain\n');
    const until = this.#clock.monotonicMs() + timeoutMs;
    while (this.open > 0 && this.#clock.monotonicMs() < until && this.#child?.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // It ends with its input; by force if it does not.
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 1_000);
    await gone;
    clearTimeout(timer);
  }

  /** @returns the port, once it listens */
  #run(listen: { readonly host: string; readonly port: number }): Promise<number> {
    const { program, paths } = this.#init;
    const { connections, connectionsPerSource, connectTimeoutMs, idleTimeoutMs } = this.#limits;
    const host = isIP(listen.host) === 6 ? `[${listen.host}]` : listen.host;
    const args = [
      ...['relay', '--listen', `${host}:${listen.port}`],
      ...['--connections', `${connections}`, '--per-source', `${connectionsPerSource}`],
      ...['--connect-ms', `${connectTimeoutMs}`, '--idle-ms', `${idleTimeoutMs}`],
      ...['--to', ...paths],
    ];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
    this.#child = child;
    this.#last = undefined;
    // It ends with its input, and so with this process, however that ends.
    child.stdin.on('error', () => undefined);
    const kill = () => void child.kill('SIGKILL');
    const startedMs = this.#clock.monotonicMs();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(kill, START_TIMEOUT_MS);
      let port = 0;
      createInterface({ input: child.stdout }).on('line', (line) => {
        const ready = READY.exec(line);
        if (ready !== null && port === 0) {
          clearTimeout(timer);
          port = Number(ready[1]);
          resolve(port);
        }
        const now = snapshotOf(line);
        if (now === undefined) return;
        this.#metrics.add(now, this.#last);
        this.#last = now;
      });
      child.once('error', () => reject(new NmpError('NODE_START', 'the relay cannot be started')));
      child.once('exit', () => {
        clearTimeout(timer);
        reject(new NmpError('NODE_START', 'the relay cannot listen on its address'));
        if (this.#last !== undefined)
          this.#metrics.add({ ...this.#last, closed: this.#last.opened }, this.#last);
        this.#last = undefined;
        // One that never listened is not tried again behind the operator's back.
        if (port === 0 || this.#stopping) return;
        if (this.#clock.monotonicMs() - startedMs >= HEALTHY_MS) this.#againMs = AGAIN_MS.first;
        this.#again({ host: listen.host, port });
      });
    });
  }

  /** On the same port as before. */
  #again(listen: { readonly host: string; readonly port: number }): void {
    const afterMs = this.#againMs;
    this.#againMs = Math.min(2 * afterMs, AGAIN_MS.max);
    this.#timer = setTimeout(() => {
      this.#run(listen).catch(() => {
        if (!this.#stopping) this.#again(listen);
      });
    }, afterMs);
  }
}

export function createNativeRelay(
  components: NativeRelayComponents,
  init: NativeRelayInit,
  limits: RelayLimits,
): Relay {
  return new NativeRelay(components, init, limits);
}
