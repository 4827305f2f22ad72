/**
 * The bridge's side towards the mesh, shared by every MCP connection of a process: one client, made
 * when it is first needed, and what must outlive a connection (trust, budgets, jobs, evidence).
 */
import type { AttestationReport } from '../../shared/attestation/report.ts';
import { toBase64Url, toHex } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import {
  type CapabilityDescription,
  capabilityDigest,
  capabilityId,
} from '../../shared/policy/capability.ts';
import type { ClientPolicy } from '../../shared/policy/client-policy.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import type { NmpClient } from '../nmp-client.ts';
import { type PinState, releaseOf, type TrustStore } from '../trust/trust-store.ts';
import { type ApprovalCodec, createApprovalCodec } from './approval-codec.ts';
import { BlockBudget, type BlockLimits, type Spender } from './block-budget.ts';
import { EvidenceStore } from './evidence-store.ts';
import { JobTable } from './job-table.ts';
import type { SourceLanguage } from './logic-files.ts';
import type { ToolOutcome } from './outcome.ts';
import { endedByLogic, type Refusal, refusalOf } from './refusal.ts';

/** What the bridge asks of a client. */
export type MeshClient = Pick<
  NmpClient,
  'connect' | 'discover' | 'discoverTools' | 'callTool' | 'run' | 'attest' | 'close'
>;

export interface GatewayComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly suite: Pick<CryptoSuite, 'sha256'>;
  readonly trust: TrustStore;
  /** Makes the client. `policy()` is asked at every handshake, so an approval counts at once. */
  readonly openMesh: (policy: () => ClientPolicy) => Promise<MeshClient>;
  /** Compiles a logic file's text. @throws NmpError BUILD_FAILED */
  readonly compile: (source: string, language: SourceLanguage) => Promise<Uint8Array>;
  /** Reads a logic file that the host names. @throws NmpError LOGIC_SOURCE, BUILD_FAILED */
  readonly readLogic: (file: string) => Promise<Uint8Array>;
  readonly sleep: (ms: number) => Promise<void>;
  /** One line of the operator's record. Holds codes, ids and hashes; never data. */
  readonly audit: (event: AuditEvent) => void;
}

export interface GatewayInit {
  /** What is trusted; without one every call is refused. */
  readonly policy?: ClientPolicy;
  /** Multiaddrs or Peer IDs. If there are any, no other node is dialled. */
  readonly nodes: readonly string[];
  readonly blockLimits?: BlockLimits;
}

export interface AuditEvent {
  readonly auditId: string;
  /** `RELEASED`, or the code of the refusal. */
  readonly code: string;
  readonly node?: string;
  readonly capability?: string;
  readonly logic?: string;
}

export interface SeenCapability {
  readonly description: CapabilityDescription;
  readonly id: string;
  readonly digest: Uint8Array;
  readonly pin: PinState;
}

/** Refusals that logic can cause are given at multiples of this time: how long it ran is data too. */
const REFUSAL_STEP_MS = 500;
/** Compiled and read modules kept by hash, so that a host need not send one twice. */
const MODULES_MAX = 64;

export class Gateway {
  readonly components: GatewayComponents;
  readonly evidence: EvidenceStore;
  readonly jobs: JobTable<ToolOutcome>;
  readonly approvalCodec: ApprovalCodec;
  readonly #init: GatewayInit;
  readonly #budget: BlockBudget;
  readonly #modules = new Map<string, Uint8Array>();
  /** Address or Peer ID as the host writes it, to the Peer ID behind it. */
  readonly #peers = new Map<string, string>();
  #mesh: Promise<MeshClient> | undefined;
  #policy: ClientPolicy | undefined;

  constructor(components: GatewayComponents, init: GatewayInit) {
    const { clock, random, suite } = components;
    this.components = components;
    this.#init = init;
    this.#policy = init.policy;
    this.evidence = new EvidenceStore({ clock, sha256: (bytes) => suite.sha256(bytes) });
    this.jobs = new JobTable({ clock, random });
    this.approvalCodec = createApprovalCodec(random);
    this.#budget = new BlockBudget(clock, init.blockLimits);
  }

  get nodes(): readonly string[] {
    return this.#init.nodes;
  }

  get hasPolicy(): boolean {
    return this.#policy !== undefined;
  }

  /** The policy with what a person approved. @throws NmpError ATTESTATION_POLICY_EMPTY */
  policy(): ClientPolicy {
    if (this.#policy === undefined) throw new NmpError('ATTESTATION_POLICY_EMPTY');
    return this.#policy;
  }

  /** Takes up what was approved, here or by `nmp trust` since. */
  async refreshTrust(): Promise<void> {
    const { policy } = this.#init;
    if (policy === undefined) return;
    const { measurements } = await this.components.trust.read();
    this.#policy = { ...policy, releases: [...policy.releases, ...measurements.map(releaseOf)] };
  }

  /** The client; nothing is dialled or even loaded before. @throws NmpError ATTESTATION_POLICY_EMPTY */
  async mesh(): Promise<MeshClient> {
    this.policy();
    await this.refreshTrust();
    this.#mesh ??= this.components
      .openMesh(() => this.policy())
      .catch((cause: unknown) => {
        this.#mesh = undefined;
        throw cause;
      });
    return this.#mesh;
  }

  /**
   * Connects to a node by address or Peer ID.
   * @returns its Peer ID
   * @throws NmpError NODE_NOT_LISTED, UNREACHABLE, TIMEOUT, ATTESTATION_POLICY_EMPTY
   */
  async peer(node: string, signal: AbortSignal): Promise<string> {
    const mesh = await this.mesh();
    const known = this.#peers.get(node);
    if (known !== undefined) return known;
    const { nodes } = this.#init;
    if (nodes.length > 0 && !nodes.includes(node)) {
      // A Peer ID may stand for a listed address that was not dialled yet.
      for (const listed of nodes) {
        const id = await this.peer(listed, signal).catch(() => undefined);
        if (id === node) return id;
      }
      throw new NmpError('NODE_NOT_LISTED');
    }
    const id = await mesh.connect(node, { signal });
    this.#peers.set(node, id);
    this.#peers.set(id, id);
    return id;
  }

  /** What a node offers, each entry compared with what is pinned. */
  async capabilities(peer: string, signal: AbortSignal): Promise<readonly SeenCapability[]> {
    const mesh = await this.mesh();
    const seen: SeenCapability[] = [];
    for (const description of await mesh.discoverTools(peer, { signal })) {
      const id = capabilityId(description);
      const digest = this.digestOf(description);
      seen.push({
        description,
        id,
        digest,
        pin: await this.components.trust.see(peer, id, toHex(digest)),
      });
    }
    return seen;
  }

  /** @throws NmpError CALL_CAPABILITY; CAPABILITY_CHANGED unless `changed` is wanted as well */
  async capability(
    peer: string,
    name: string,
    options: { readonly signal: AbortSignal; readonly changed?: boolean },
  ): Promise<SeenCapability> {
    const found = (await this.capabilities(peer, options.signal)).filter(
      ({ id, description }) => id === name || description.name === name,
    );
    const [capability] = found;
    if (capability === undefined || found.length !== 1) throw new NmpError('CALL_CAPABILITY');
    if (capability.pin === 'changed' && options.changed !== true) {
      throw new NmpError('CAPABILITY_CHANGED');
    }
    return capability;
  }

  digestOf(description: CapabilityDescription): Uint8Array {
    return capabilityDigest(this.components.suite, description);
  }

  /** Fresh evidence of a node; the report is kept, passed or not. */
  async attest(peer: string, signal: AbortSignal): Promise<AttestationReport> {
    const report = await (await this.mesh()).attest(peer, { signal });
    this.evidence.keepReport(report);
    return report;
  }

  keepModule(module: Uint8Array): string {
    const hash = toHex(this.components.suite.sha256(module));
    this.#modules.set(hash, module);
    const [oldest] = this.#modules.keys();
    if (this.#modules.size > MODULES_MAX && oldest !== undefined) this.#modules.delete(oldest);
    return hash;
  }

  module(hash: string): Uint8Array | undefined {
    return this.#modules.get(hash);
  }

  /** @throws NmpError LOGIC_QUARANTINED if logic or capability were blocked too often */
  assertBudget(spender: Spender): void {
    if (!this.#budget.allows(spender)) throw new NmpError('LOGIC_QUARANTINED');
  }

  /** Turns a failure into what the host may see of it, and writes the operator's record. */
  async refuse(
    error: unknown,
    about: { readonly startedMs: number; readonly spender?: Spender; readonly node?: string },
  ): Promise<Refusal> {
    const { clock, random, sleep, audit } = this.components;
    const { spender, node } = about;
    const mint = () => toBase64Url(random.bytes(16));
    let refusal = refusalOf(error, mint);
    if (spender !== undefined && endedByLogic(error)) {
      refusal = refusalOf(error, () => refusal.auditId, this.#budget.block(spender));
      const elapsedMs = clock.monotonicMs() - about.startedMs;
      await sleep(REFUSAL_STEP_MS - (Math.max(0, elapsedMs) % REFUSAL_STEP_MS));
    }
    audit({
      auditId: refusal.auditId,
      code: error instanceof NmpError ? error.code : 'INTERNAL',
      ...(node === undefined ? {} : { node }),
      ...(spender === undefined ? {} : spender),
    });
    return refusal;
  }

  /** Writes the operator's record of a released answer. */
  recordRelease(spender: Spender, node: string): void {
    const { random, audit } = this.components;
    audit({ auditId: toBase64Url(random.bytes(16)), code: 'RELEASED', node, ...spender });
  }

  async close(): Promise<void> {
    this.jobs.close();
    const mesh = this.#mesh;
    this.#mesh = undefined;
    await (await mesh?.catch(() => undefined))?.close();
  }
}
