/**
 * The client: finds nodes, attests them, sends logic, and hands an answer to its caller only if
 * every check holds.
 */
import type { Ed25519PrivateKey } from '@libp2p/interface';
import type { VerifierCrypto } from '../shared/attestation/crypto.ts';
import type { AttestationReport } from '../shared/attestation/report.ts';
import { fromHex } from '../shared/bytes.ts';
import type { CryptoSuite } from '../shared/crypto/suite.ts';
import { NmpError } from '../shared/errors.ts';
import { type CapabilityDescription, capabilityId } from '../shared/policy/capability.ts';
import type { ClientPolicy } from '../shared/policy/client-policy.ts';
import type { ReceiptVerifier } from '../shared/receipt/verify.ts';
import type { Clock, Random } from '../shared/runtime.ts';
import { capabilityKey } from '../shared/wire/capability-key.ts';
import { PROTOCOL } from '../shared/wire/constants.ts';
import { type NodeRecord, openNodeRecord } from '../shared/wire/node-record.ts';
import { publicKeyFromMultihash } from '../shared/wire/peer-key.ts';
import { assertTrigger } from '../shared/wire/watch.ts';
import { askPeers } from './mesh/ask-peers.ts';
import { type ClientNode, createClientNode } from './mesh/client-node.ts';
import { findProvider } from './mesh/find-provider.ts';
import { type Provider, ProviderMemory } from './mesh/provider-memory.ts';
import { readRecord } from './mesh/read-record.ts';
import { engineFor, type Logic, released, requestOf } from './one-call.ts';
import type { NodePeer } from './session/elicit.ts';
import { NodeSession } from './session/node-session.ts';
import {
  awaitReceipt,
  type ProofProgress,
  verifyZkReceipt,
  type ZkReceipt,
} from './verify/await-receipt.ts';
import { createJudge } from './verify/evidence.ts';
import { triggerOf, type WatchFeed, type WatchOptions, watchFeed } from './watch.ts';

export interface NmpClientComponents {
  readonly suite: CryptoSuite;
  readonly verifier: VerifierCrypto;
  readonly clock: Clock;
  readonly random: Random;
  /** Place in the mesh; one of its own over TCP if absent. */
  readonly mesh?: ClientNode;
  /** Loads the verifier of ZK receipts; without it no mode that needs one can be asked for. */
  readonly receipts?: () => Promise<ReceiptVerifier>;
}

export interface NmpClientInit {
  /** What the client trusts; there is no default. */
  readonly policy: ClientPolicy;
  /** Identity of the client; a fresh one if absent. */
  readonly privateKey?: Ed25519PrivateKey;
  /** Sees the report of every handshake, passed or not. */
  readonly onReport?: (report: AttestationReport) => void;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** A mode that the capability lists; another is refused, never replaced. */
  readonly proofMode?: string;
  readonly onProgress?: (stage: number) => void;
  /** Told about once a second while an answer waits for its ZK receipt. */
  readonly onProof?: (progress: ProofProgress) => void;
}

/** How the node starts the module (docs/sandbox.md); default: pure. */
export type GuestAbi = 'pure' | 'wasi-p1' | 'wasi-p2' | 'component' | 'javascript';

export interface RunRequest {
  /** A module; or, with abi `javascript`, a text in UTF-8. */
  readonly module: Uint8Array;
  readonly args: unknown;
  /** Capability under whose rules the module runs; may be left out if a dataset says which. */
  readonly capability?: string;
  /** Datasets and columns that the module is to see; all that is granted if left out. */
  readonly datasets?: readonly { readonly id: string; readonly columns?: readonly string[] }[];
  readonly abi?: GuestAbi;
  /** What the module imports of WASI beyond its standard streams; the capability must grant it. */
  readonly imports?: readonly string[];
}

/** A payload that passed every check, with its evidence. */
export interface Answer {
  readonly output: unknown;
  readonly report: AttestationReport;
  /** COSE_Sign1, to keep. */
  readonly certificate: Uint8Array;
  /** Present, and verified, if the call asked for `stark-composite`. */
  readonly receipt?: ZkReceipt;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** Proofs take minutes. */
const PROOF_TIMEOUT_MS = 3_600_000;

export class NmpClient {
  readonly #components: NmpClientComponents;
  readonly #init: NmpClientInit;
  readonly #sessions = new Map<string, NodeSession>();
  readonly #records = new Map<string, NodeRecord>();
  readonly #fetching = new Map<string, Promise<NodeRecord>>();
  #mesh: Promise<ClientNode> | undefined;
  #peerId: string | undefined;
  readonly #memory: ProviderMemory;

  constructor(components: NmpClientComponents, init: NmpClientInit) {
    this.#components = components;
    this.#memory = new ProviderMemory(components);
    this.#init = init;
  }

  /** The client's own Peer ID. @throws NmpError USAGE before the first connection */
  get peerId(): string {
    if (this.#peerId === undefined) throw new NmpError('USAGE', 'connect first');
    return this.#peerId;
  }

  /**
   * Dials a node and returns its Peer ID. Nothing is trusted yet: the first call attests it.
   * @param address multiaddr, with `/p2p/…` if the Peer ID is known
   * @throws NmpError UNREACHABLE, TIMEOUT, USAGE
   */
  async connect(address: string, options: CallOptions = {}): Promise<string> {
    const mesh = await this.#node();
    const peer = await mesh.dial(address, this.#signal(options));
    if (!this.#sessions.has(peer.id)) this.#sessions.set(peer.id, this.#session(mesh, peer));
    return peer.id;
  }

  /**
   * Nodes that provide a capability, by Kademlia through the nodes already connected. Hints: each
   * is attested before anything is sent to it.
   */
  async *discover(
    capability: Pick<CapabilityDescription, 'name' | 'version' | 'input' | 'output'>,
    options: CallOptions = {},
  ): AsyncGenerator<{ readonly peer: string; readonly addresses: readonly string[] }> {
    const mesh = await this.#node();
    const key = capabilityKey(this.#components.suite, capability);
    const seen = new Set<string>();
    try {
      for await (const { id, addresses } of mesh.providers(key, this.#signal(options))) {
        if (seen.has(id)) continue;
        seen.add(id);
        yield { peer: id, addresses };
      }
    } catch (cause) {
      throw cause instanceof NmpError ? cause : new NmpError('UNREACHABLE', undefined, { cause });
    }
  }

  /**
   * Nodes that a node has reached by itself: where the mesh can be joined when that one is gone. Hints,
   * like those of `discover`.
   * @throws NmpError FRAME_MALFORMED, UNREACHABLE, CONNECTION_LOST, TIMEOUT
   */
  async knownPeers(
    peer: string,
    options: CallOptions = {},
  ): Promise<{ readonly peer: string; readonly addresses: readonly string[] }[]> {
    const signal = this.#signal(options);
    const frames = await (await this.#node()).open(peer, PROTOCOL.peers, signal);
    const listed = await askPeers(frames, signal);
    return listed.map(({ id, addresses }) => ({ peer: id, addresses }));
  }

  /**
   * Finds a node that provides a capability, dials and attests it; several are tried at once, and
   * those that fail are asked last the next time.
   * @returns its Peer ID, connected and proven
   * @throws NmpError UNREACHABLE, TIMEOUT
   */
  async find(
    capability: Pick<CapabilityDescription, 'name' | 'version' | 'input' | 'output'>,
    options: CallOptions = {},
  ): Promise<string> {
    const { suite, clock } = this.#components;
    const mesh = await this.#node();
    const key = capabilityKey(suite, capability);
    const prove = async (provider: Provider, signal: AbortSignal) => {
      const peer = await mesh.dialProvider(provider, signal);
      const session = this.#sessions.get(peer.id) ?? this.#session(mesh, peer);
      await session.ready(signal);
      this.#sessions.set(peer.id, session);
    };
    const found = await findProvider(
      { clock, memory: this.#memory, lookUp: (signal) => mesh.providers(key, signal), prove },
      key.toString(),
      this.#signal(options),
    );
    return found.id;
  }

  /**
   * What a node says it offers, from its signed record.
   * @throws NmpError NODE_RECORD_INVALID and of transport
   */
  async discoverTools(
    peer: string,
    options: CallOptions = {},
  ): Promise<readonly CapabilityDescription[]> {
    return (await this.#record(peer, this.#signal(options))).capabilities;
  }

  /**
   * Has a node present fresh evidence, and judges it; nothing is run.
   * @returns the report, passed or failed
   * @throws NmpError of transport, HANDSHAKE_*
   */
  async attest(peer: string, options: CallOptions = {}): Promise<AttestationReport> {
    const session = this.#connected(peer);
    let report: AttestationReport | undefined;
    const onReport = (made: AttestationReport) => {
      report = made;
      this.#init.onReport?.(made);
    };
    const { policy } = this.#init;
    try {
      await session.attest(
        createJudge(this.#components, { policy, onReport }),
        this.#signal(options),
      );
    } catch (error) {
      // A failed report is an answer; evidence of another node, with a passed one, is not.
      if (report?.verdict !== 'fail') throw error;
    }
    if (report === undefined) throw new NmpError('INTERNAL');
    return report;
  }

  /**
   * Calls a capability whose module is installed at the node.
   * @throws NmpError; RefusedError if the node refused
   */
  async callTool(
    peer: string,
    tool: string,
    args: unknown,
    options: CallOptions = {},
  ): Promise<Answer> {
    const signal = this.#signal(options);
    return this.#call(peer, await this.#installed(peer, tool, args, signal), {
      ...options,
      signal,
    });
  }

  /**
   * Sends a module to the data.
   * @throws NmpError; RefusedError if the node refused
   */
  async run(peer: string, request: RunRequest, options: CallOptions = {}): Promise<Answer> {
    const signal = this.#signal(options);
    return this.#call(peer, await this.#shipped(peer, request, signal), { ...options, signal });
  }

  /**
   * Leaves logic with a node, which runs it again and again and tells what it gives, sealed, on the
   * session. Each look is a call like any other and counts towards every quota.
   * @param what a module to ship, or a tool that is installed
   * @param options `signal` and `timeoutMs` are for the opening alone
   * @throws NmpError WATCH_TRIGGER, WATCH_LIMIT and as `run`
   */
  async watch(
    peer: string,
    what: RunRequest | { readonly tool: string; readonly args: unknown },
    options: WatchOptions & Pick<CallOptions, 'signal' | 'timeoutMs'> = {},
  ): Promise<WatchFeed> {
    const { suite, random } = this.#components;
    const watch = triggerOf(options);
    assertTrigger(watch);
    const signal = this.#signal(options);
    const { capability, logic } =
      'tool' in what
        ? await this.#installed(peer, what.tool, what.args, signal)
        : await this.#shipped(peer, what, signal);
    const { request, requestNonce } = requestOf(random, capability, logic, 'attested');
    const opened = await this.#connected(peer).watch({ ...request, watch }, signal);
    return watchFeed(suite, opened, { capability, logic, requestNonce });
  }

  /**
   * Verifies a receipt that was kept, without any node: that this module ran on the committed
   * arguments and data and gave this answer.
   * @param imageId guest program, 32 bytes
   * @throws NmpError RECEIPT_*
   */
  async verifyZkReceipt(
    module: Uint8Array,
    imageId: Uint8Array,
    receipt: ZkReceipt,
  ): Promise<void> {
    await verifyZkReceipt(await this.#receipts(), module, imageId, receipt);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
    const mesh = this.#mesh;
    this.#mesh = undefined;
    await (await mesh)?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #node(): Promise<ClientNode> {
    const { privateKey } = this.#init;
    const own = () => createClientNode(privateKey === undefined ? {} : { privateKey });
    this.#mesh ??= Promise.resolve(this.#components.mesh ?? own());
    const mesh = await this.#mesh;
    this.#peerId = mesh.identity.peerId;
    return mesh;
  }

  async #receipts(): Promise<ReceiptVerifier> {
    const load = this.#components.receipts;
    if (load === undefined) throw new NmpError('RECEIPT_VERIFIER');
    return load();
  }

  #signal(options: CallOptions): AbortSignal {
    const usual = options.proofMode === 'stark-composite' ? PROOF_TIMEOUT_MS : DEFAULT_TIMEOUT_MS;
    const timeout = AbortSignal.timeout(options.timeoutMs ?? usual);
    return options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  }

  #session(mesh: ClientNode, peer: NodePeer): NodeSession {
    const judge = createJudge(this.#components, this.#init);
    return new NodeSession({ ...this.#components, mesh, judge }, peer);
  }

  async #record(peer: string, signal: AbortSignal): Promise<NodeRecord> {
    const known = this.#records.get(peer);
    const nowMs = this.#components.clock.nowMs();
    if (known !== undefined && known.expiresAtMs > BigInt(Math.trunc(nowMs))) return known;
    // Calls that start together share one stream for it; each waits no longer than it may.
    let fetching = this.#fetching.get(peer);
    if (fetching === undefined) {
      fetching = this.#fetchRecord(peer, AbortSignal.timeout(DEFAULT_TIMEOUT_MS)).finally(() =>
        this.#fetching.delete(peer),
      );
      this.#fetching.set(peer, fetching);
    }
    const aborted = Promise.withResolvers<never>();
    const abort = () =>
      aborted.reject(new NmpError('TIMEOUT', undefined, { cause: signal.reason }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([fetching, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #fetchRecord(peer: string, signal: AbortSignal): Promise<NodeRecord> {
    const { suite, clock } = this.#components;
    const session = this.#connected(peer);
    const frames = await (await this.#node()).open(peer, PROTOCOL.describe, signal);
    const bytes = await readRecord(frames, signal);
    const record = openNodeRecord(suite, bytes, keyOf(session.node), clock.nowMs());
    this.#records.set(peer, record);
    return record;
  }

  async #capability(
    peer: string,
    wanted: string | { readonly dataset: string | undefined },
    signal: AbortSignal,
  ): Promise<CapabilityDescription> {
    // The call follows: its handshake need not wait for the record.
    this.#sessions.get(peer)?.prepare(signal);
    const { capabilities } = await this.#record(peer, signal);
    const found = capabilities.filter((capability) =>
      typeof wanted === 'string'
        ? capability.name === wanted || capabilityId(capability) === wanted
        : capability.logic === 'client' &&
          capability.datasets.some((dataset) => dataset.id === wanted.dataset),
    );
    const [capability] = found;
    if (capability === undefined || found.length !== 1) throw new NmpError('CALL_CAPABILITY');
    return capability;
  }

  async #call(
    peer: string,
    { capability, logic }: Chosen,
    options: CallOptions & { readonly signal: AbortSignal },
  ): Promise<Answer> {
    const { suite, random } = this.#components;
    const session = this.#connected(peer);
    const proofMode = options.proofMode ?? 'attested';
    const asked = requestOf(random, capability, logic, proofMode);
    // Before anything is sent: an answer that cannot be checked is not asked for.
    const verifier = proofMode === 'stark-composite' ? await this.#receipts() : undefined;
    const { request, argumentBytes, requestNonce } = asked;
    const answered = await session.call(request, options);
    const answer = released(suite, answered, { capability, logic, requestNonce });
    if (verifier === undefined) return answer;
    const receipt = await awaitReceipt(
      {
        suite,
        verifier,
        sleep,
        ask: (job, signal) => session.call(job, { signal }),
      },
      answered,
      {
        moduleHash: logic.moduleHash,
        module: logic.module,
        arguments: argumentBytes,
        fuel: BigInt(capability.limits.fuel),
        requestNonce,
        datasets: datasetsOf(capability, logic.datasets),
      },
      options,
    );
    return { ...answer, receipt };
  }

  #connected(peer: string): NodeSession {
    const session = this.#sessions.get(peer);
    if (session === undefined) throw new NmpError('UNREACHABLE', 'connect to the node first');
    return session;
  }

  /** @throws NmpError CALL_CAPABILITY, NODE_RECORD_INVALID */
  async #installed(peer: string, tool: string, args: unknown, signal: AbortSignal) {
    const capability = await this.#capability(peer, tool, signal);
    if (capability.logic === 'client') throw new NmpError('CALL_CAPABILITY');
    const moduleHash = fromHex(capability.logic.moduleHash);
    if (moduleHash === undefined) throw new NmpError('NODE_RECORD_INVALID');
    const engineHash = engineFor(capability.logic.abi);
    return { capability, logic: { args, moduleHash, engineHash } };
  }

  /** @throws NmpError CALL_CAPABILITY */
  async #shipped(peer: string, request: RunRequest, signal: AbortSignal): Promise<Chosen> {
    const capability = await this.#capability(
      peer,
      request.capability ?? { dataset: request.datasets?.[0]?.id },
      signal,
    );
    const moduleHash = this.#components.suite.sha256(request.module);
    return { capability, logic: { ...request, moduleHash, engineHash: engineFor(request.abi) } };
  }
}

/** Logic, and the capability under whose rules it runs. */
interface Chosen {
  readonly capability: CapabilityDescription;
  readonly logic: Logic;
}

/** The columns that the module was given: those asked for, or all that the capability grants. */
function datasetsOf(
  capability: CapabilityDescription,
  asked: RunRequest['datasets'],
): readonly { readonly id: string; readonly columns: readonly string[] }[] {
  if (asked === undefined || asked.length === 0) return capability.datasets;
  return asked.map(({ id, columns = [] }) => {
    const granted = capability.datasets.find((dataset) => dataset.id === id)?.columns ?? [];
    return { id, columns: columns.length === 0 ? granted : columns };
  });
}

/** @throws NmpError TIMEOUT when the signal fires */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new NmpError('TIMEOUT'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}

/** A node's Peer ID holds its Ed25519 key. */
function keyOf(node: NodePeer): { id: string; key: Uint8Array } {
  const key = publicKeyFromMultihash(node.multihash);
  if (key === undefined) throw new NmpError('NODE_RECORD_INVALID');
  return { id: node.id, key };
}
