/**
 * The client as applications use it, on whatever platform: retries, quorum, watchdogs and spans over
 * the one beneath, which tests and the bridge use by itself. node-client.ts
 * composes it for Node, browser.ts for browsers.
 */
import type { Ed25519PrivateKey } from '@libp2p/interface';
import type { AttestationReport } from '../shared/attestation/report.ts';
import { fromHex } from '../shared/bytes.ts';
import { NmpError } from '../shared/errors.ts';
import type { CapabilityDescription } from '../shared/policy/capability.ts';
import type { ClientPolicy } from '../shared/policy/client-policy.ts';
import {
  type Answer,
  type CallOptions,
  NmpClient as InjectedClient,
  type NmpClientComponents,
  type RunRequest,
  sleep,
} from './nmp-client.ts';
import { type QuorumAnswer, quorum } from './quorum.ts';
import { retrying } from './retry.ts';
import { traced } from './telemetry.ts';
import type { ZkReceipt } from './verify/await-receipt.ts';
import type { WatchFeed, WatchOptions } from './watch.ts';
import { followWatchdog, startWatchdog, type Watchdog, type WatchdogEvent } from './watchdog.ts';

export interface ClientInfo {
  readonly name: string;
  readonly version: string;
}

export interface ClientOptions {
  /** What the client trusts; there is no default. */
  readonly policy: ClientPolicy;
  readonly capabilities?: {
    /**
     * Every session is keyed by X-Wing (ML-KEM-768 with X25519); there is no other suite, so
     * `false` is refused and not ignored.
     */
    readonly quantumResistant?: boolean;
  };
  /** Nodes that `connect()` without an address dials: multiaddrs or Peer IDs. */
  readonly nodes?: readonly string[];
  readonly privateKey?: Ed25519PrivateKey;
  readonly onReport?: (report: AttestationReport) => void;
  /** Further tries of what changes nothing at the node; calls are never tried twice. Default: 2. */
  readonly retries?: number;
}

export interface ToolOptions extends CallOptions {
  /** Take an answer only with a proof of execution; refused if the capability offers none. */
  readonly requireZkReceipt?: boolean;
}

export interface QuorumOptions extends ToolOptions {
  /** How many nodes must answer alike; default: n − ⌊(n − 1) / 3⌋ of n. */
  readonly agree?: number;
}

export interface WatchdogOptions extends Omit<WatchOptions, 'everyMs'> {
  /** Pause between looks; with `run` 1 s to 1 h. Default: 60 s. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
  /** Logic to leave with the node: a module to ship, or a tool that is installed there. */
  readonly run?: RunRequest | { readonly tool: string; readonly args: unknown };
}

const DEFAULT_RETRIES = 2;
const DEFAULT_WATCH_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const IMAGE_ID_BYTES = 32;
const NAME = /^[\x20-\x7e]{1,64}$/;

export class ApplicationClient extends InjectedClient {
  readonly info: ClientInfo;
  readonly #options: ClientOptions;
  readonly #watchdogs = new Set<Watchdog>();

  /** @throws NmpError USAGE; HANDSHAKE_SUITE if a weaker suite is asked for */
  constructor(components: NmpClientComponents, info: ClientInfo, options: ClientOptions) {
    if (!NAME.test(info.name) || !NAME.test(info.version)) {
      throw new NmpError('USAGE', 'name and version are 1 to 64 printable ASCII characters');
    }
    if (options.capabilities?.quantumResistant === false) throw new NmpError('HANDSHAKE_SUITE');
    const { policy, privateKey, onReport } = options;
    super(components, {
      policy,
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(onReport === undefined ? {} : { onReport }),
    });
    this.info = info;
    this.#options = options;
  }

  /**
   * Dials a node, or every node of the options.
   * @returns the Peer ID of the node; of the last one if there are several
   * @throws NmpError UNREACHABLE, TIMEOUT, USAGE
   */
  override async connect(address?: string, options: CallOptions = {}): Promise<string> {
    const addresses = address === undefined ? (this.#options.nodes ?? []) : [address];
    if (addresses.length === 0) throw new NmpError('USAGE', 'no address and no nodes to connect');
    let peer = '';
    for (const each of addresses) {
      peer = await traced('connect', {}, () =>
        this.#retry(options, (bounded) => super.connect(each, bounded)),
      );
    }
    return peer;
  }

  override async discoverTools(
    peer: string,
    options: CallOptions = {},
  ): Promise<readonly CapabilityDescription[]> {
    return traced('discoverTools', { peer }, () =>
      this.#retry(options, (bounded) => super.discoverTools(peer, bounded)),
    );
  }

  override async attest(peer: string, options: CallOptions = {}): Promise<AttestationReport> {
    return traced('attest', { peer }, () =>
      this.#retry(options, (bounded) => super.attest(peer, bounded)),
    );
  }

  override async callTool(
    peer: string,
    tool: string,
    args: unknown,
    options: ToolOptions = {},
  ): Promise<Answer> {
    const { proofMode } = options;
    return traced('callTool', { peer, capability: tool, proofMode }, async () =>
      super.callTool(peer, tool, args, await this.#proof(peer, tool, options)),
    );
  }

  override async run(
    peer: string,
    request: RunRequest,
    options: ToolOptions = {},
  ): Promise<Answer> {
    const { capability } = request;
    return traced('run', { peer, capability, proofMode: options.proofMode }, async () =>
      super.run(peer, request, await this.#proof(peer, capability, options)),
    );
  }

  /**
   * The same module on several nodes; released only if enough of them answer alike.
   * @throws NmpError QUORUM_FAILED, USAGE
   */
  async runQuorum(
    peers: readonly string[],
    request: RunRequest,
    options: QuorumOptions = {},
  ): Promise<QuorumAnswer> {
    // n ≥ 3f + 1 nodes bear f that lie.
    const needed = options.agree ?? peers.length - Math.floor((peers.length - 1) / 3);
    return traced('runQuorum', { capability: request.capability }, () =>
      quorum(peers, needed, (peer) => this.run(peer, request, options)),
    );
  }

  /** As `runQuorum`, for a capability whose module is installed. */
  async callToolQuorum(
    peers: readonly string[],
    tool: string,
    args: unknown,
    options: QuorumOptions = {},
  ): Promise<QuorumAnswer> {
    const needed = options.agree ?? peers.length - Math.floor((peers.length - 1) / 3);
    return traced('callToolQuorum', { capability: tool }, () =>
      quorum(peers, needed, (peer) => this.callTool(peer, tool, args, options)),
    );
  }

  /**
   * Verifies a receipt that was kept, without any node.
   * @param imageId guest program: 32 bytes, or their 64 hex digits
   * @throws NmpError RECEIPT_*, USAGE
   */
  override async verifyZkReceipt(
    module: Uint8Array,
    imageId: string | Uint8Array,
    receipt: ZkReceipt,
  ): Promise<void> {
    const image = typeof imageId === 'string' ? fromHex(imageId) : imageId;
    if (image?.length !== IMAGE_ID_BYTES) {
      throw new NmpError('USAGE', 'an image id is 32 bytes, or 64 hex digits');
    }
    await traced('verifyZkReceipt', {}, () => super.verifyZkReceipt(module, image, receipt));
  }

  override async watch(
    peer: string,
    what: RunRequest | { readonly tool: string; readonly args: unknown },
    options: WatchOptions & Pick<CallOptions, 'signal' | 'timeoutMs'> = {},
  ): Promise<WatchFeed> {
    const capability = 'tool' in what ? what.tool : what.capability;
    return traced('watch', { peer, capability }, () => super.watch(peer, what, options));
  }

  /**
   * With `run`: leaves that logic with the node, which runs it at every look and pushes what passes
   * guardian, sandbox, egress filter and quotas over the session; see `watch`. Without: attests the
   * node every minute (or as told) and calls back with each report. Runs until it is stopped, its
   * signal fires, the client is closed or, with `run`, an event says that it ended.
   */
  deployWatchdog(
    peer: string,
    name: string,
    callback: (event: WatchdogEvent) => void,
    options: WatchdogOptions = {},
  ): Watchdog {
    const { intervalMs = DEFAULT_WATCH_MS, signal, run, ...trigger } = options;
    const watchdog =
      run === undefined
        ? startWatchdog(
            { name, peer, intervalMs, signal },
            { attest: (bounded) => this.attest(peer, { signal: bounded }), sleep },
            callback,
          )
        : followWatchdog(
            { name, peer, signal },
            (bounded) =>
              this.watch(peer, run, { everyMs: intervalMs, ...trigger, signal: bounded }),
            callback,
          );
    this.#watchdogs.add(watchdog);
    return watchdog;
  }

  override async close(): Promise<void> {
    for (const watchdog of this.#watchdogs) watchdog.stop();
    this.#watchdogs.clear();
    await super.close();
  }

  #retry<T>(options: CallOptions, attempt: (bounded: CallOptions) => Promise<T>): Promise<T> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const signal =
      options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    const retries = this.#options.retries ?? DEFAULT_RETRIES;
    return retrying({ retries, signal, sleep }, () => attempt({ ...options, signal }));
  }

  /** @throws NmpError CALL_PROOF_MODE if no proof of execution is offered */
  async #proof(peer: string, tool: string | undefined, options: ToolOptions): Promise<CallOptions> {
    if (options.requireZkReceipt !== true || options.proofMode !== undefined) return options;
    const known = await this.discoverTools(peer, options);
    const capability = known.find(
      ({ name, version }) => tool === name || tool === `${name}@${version}`,
    );
    const proofMode = capability?.proofModes.find((mode) => mode !== 'attested');
    if (proofMode === undefined) throw new NmpError('CALL_PROOF_MODE');
    return { ...options, proofMode };
  }
}
