/** What every mode's composition root shares: the node over its seams, whichever NSM stands behind. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fromHex, utf8 } from '../shared/bytes.ts';
import type { CryptoSuite } from '../shared/crypto/suite.ts';
import { createNodeSuite } from '../shared/crypto/suite-node.ts';
import { NmpError } from '../shared/errors.ts';
import { parseIpRange } from '../shared/policy/ip-range.ts';
import { type NodeConfig, offersProofs, parseNodeConfig } from '../shared/policy/node-config.ts';
import { RECEIPT_IMAGES } from '../shared/receipt/images.ts';
import type { Clock, Random } from '../shared/runtime.ts';
import { canonicalJson } from '../shared/wire/canonical-json.ts';
import type { Nsm } from './attest/nsm.ts';
import { openDatasets } from './data/open.ts';
import type { DataKeys } from './data/sealed/keys.ts';
import { createSealedSource } from './data/sealed/sealed-source.ts';
import { createFileSource } from './data/source.ts';
import { createEgressFilter } from './egress/egress-filter.ts';
import { type AuditSink, createAuditSink } from './egress/gate/audit.ts';
import { createEgressGate, type EgressGate, isCounted } from './egress/gate/gate.ts';
import { createLedger, LEDGER_LABEL, type LedgerComponents } from './egress/gate/ledger.ts';
import { loadScanner } from './egress/scanner.ts';
import { loadAuthority } from './guardian/authority.ts';
import { createGuardian } from './guardian/create-guardian.ts';
import { admissionPolicy } from './guardian/policy.ts';
import type { EnclaveSocket } from './mesh/enclave-socket.ts';
import { loadIdentity } from './mesh/identity.ts';
import { loadCapabilities } from './node/capability.ts';
import { createNode, type DataNode } from './node/node.ts';
import { availableMemory } from './prove/available-memory.ts';
import { openRemoteProver } from './prove/jobs/open.ts';
import { PROOF_LIMITS } from './prove/proof-queue.ts';
import { createProofs, type Proofs } from './prove/proofs.ts';
import {
  createProverProcess,
  type ProverProcessInit,
  probeProver,
} from './prove/prover-process.ts';
import { createProofSpool, type SpoolComponents } from './prove/spool.ts';
import { createProcessEngine } from './sandbox/process-engine.ts';
import { SessionStore } from './session/session-store.ts';

export interface ComposeComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly nsm: Nsm;
  readonly socket: EnclaveSocket;
  /** Opens the keys of sealed datasets. */
  readonly dataKeys: DataKeys;
  /** Where the sealed ledger lies, and its key (32 bytes); without one no quota can be kept. */
  readonly ledger?: undefined | (Omit<LedgerComponents, 'random'> & { readonly key: Uint8Array });
  /** Where unfinished proofs lie, sealed, and their key (32 bytes); without one they end with the node. */
  readonly spool?: undefined | (Omit<SpoolComponents, 'random'> & { readonly key: Uint8Array });
  /** Takes sealed audit records; each is for the data owner alone. */
  readonly keepAudit?: (sealed: Uint8Array) => void;
}

export interface ComposeInit {
  /** Content of nmp.node.json, and its file: paths in it are relative to that. */
  readonly configText: string;
  readonly configFile: string;
  /** The `nmp-sandbox` program. */
  readonly sandbox: string;
  /** The STARK prover and its guest; needed only if a capability offers `stark-composite`. */
  readonly prover?: Pick<ProverProcessInit, 'program' | 'image'>;
  /** The machine is this node's alone: if it has no memory for a proof now, it never will. */
  readonly wholeMachine?: boolean;
  /** The verifier of receipts that provers elsewhere make; default: the one in this package. */
  readonly receiptVerifier?: string;
  readonly announce: readonly string[];
  /** The engine of plain-text logic; default: the one in this package. */
  readonly scriptEngine?: string;
}

/** Beside the sources, and beside what is built of them. */
const SCRIPT_ENGINE = join(import.meta.dirname, '..', 'shared', 'script', 'engine.wasm');
const RELEASE = '0.1.0';

/**
 * @throws NmpError RECEIPT_PROVER if a capability promises proofs that cannot be made, RECEIPT_SPOOL;
 *   IMAGE_MEMORY where they cannot be made for want of memory
 */
async function openProofs(
  components: Pick<ComposeComponents, 'clock' | 'random' | 'nsm' | 'socket' | 'spool'> & {
    readonly suite: CryptoSuite;
  },
  config: NodeConfig,
  init: ComposeInit,
): Promise<Proofs | undefined> {
  if (!offersProofs(config)) return undefined;
  const imageId = fromHex(RECEIPT_IMAGES[0] ?? '');
  if (init.prover === undefined || imageId === undefined) throw new NmpError('RECEIPT_PROVER');
  const { clock, random, suite, spool: kept } = components;
  const local = await createProverProcess({ ...init.prover, imageId });
  await probeProver({ ...init.prover, imageId });
  const spool = kept && createProofSpool({ random, ...kept }, { key: kept.key, imageId });
  if (config.provers !== undefined) {
    const far = await openRemoteProver({ ...components, local }, config, init.receiptVerifier);
    // The memory for a proof is elsewhere, and so are the tries.
    const elsewhere = { availableMemory: () => Number.POSITIVE_INFINITY, tries: 1 };
    const { atOnce } = config.provers;
    return createProofs({ prover: far, clock, random, suite, spool, atOnce, ...elsewhere });
  }
  if (init.wholeMachine && availableMemory() < PROOF_LIMITS.memoryBytes) {
    throw new NmpError('IMAGE_MEMORY');
  }
  return createProofs({ prover: local, clock, random, suite, availableMemory, spool });
}

/** @throws NmpError EGRESS_LEDGER if a policy counts and there is nothing to count with, EGRESS_GIVEN */
function openGate(
  { random, ledger }: Pick<ComposeComponents, 'random' | 'ledger'>,
  config: NodeConfig,
): EgressGate | undefined {
  if (ledger === undefined) {
    const counts = config.capabilities.some(({ egress }) => isCounted(egress));
    if (counts) throw new NmpError('EGRESS_LEDGER');
    return undefined;
  }
  const { key, ...kept } = ledger;
  const opened = createLedger({ random, ...kept }, { key, label: LEDGER_LABEL });
  // Nor is the identity that went with it used here any more.
  if (opened.given) throw new NmpError('EGRESS_GIVEN');
  return createEgressGate({ ledger: opened });
}

/** @throws NmpError of every part that cannot start */
export async function composeNode(
  { clock, random, nsm, socket, dataKeys, ledger, spool, keepAudit }: ComposeComponents,
  init: ComposeInit,
): Promise<DataNode> {
  const suite = createNodeSuite();
  const config = parseNodeConfig(init.configText, init.configFile);
  const folder = dirname(resolve(init.configFile));
  const policy = admissionPolicy(config.capabilities.map(({ limits }) => limits.moduleBytes));
  const guardian = createGuardian({ authority: loadAuthority() }, { policy });
  const egress = createEgressFilter({ scanner: loadScanner() });
  const gate = openGate({ random, ledger }, config);
  const audit: AuditSink | undefined =
    config.audit && keepAudit && createAuditSink({ suite, random, keep: keepAudit }, config.audit);
  const plain = createFileSource({ folder });
  const source = createSealedSource({ plain, keys: dataKeys }, { folder });
  const datasets = await openDatasets(config, { random, source });
  const engine = await createProcessEngine({
    program: init.sandbox,
    processes: config.sandbox.processes,
    machineBytes: totalmem(),
  });
  const capabilities = await loadCapabilities(
    {
      suite,
      egress,
      readModule: async (path) => Uint8Array.from(await readFile(resolve(folder, path))),
    },
    config,
  );
  const proofs = await openProofs({ clock, random, suite, nsm, socket, spool }, config, init);
  // The certificate key is born and dies with this process.
  const certificateKeys = generateKeyPairSync('ed25519');
  const spki = certificateKeys.publicKey.export({ format: 'der', type: 'spki' });
  return createNode(
    {
      clock,
      random,
      suite,
      nsm,
      guardian,
      readScriptEngine: async () =>
        Uint8Array.from(await readFile(init.scriptEngine ?? SCRIPT_ENGINE)),
      egress,
      gate,
      audit,
      datasets,
      engine,
      proofs,
      sessions: new SessionStore({ clock, random }),
      socket,
      sign: (message) => Uint8Array.from(sign(null, message, certificateKeys.privateKey)),
    },
    {
      privateKey: await loadIdentity(
        config.identityFile === undefined ? undefined : resolve(folder, config.identityFile),
      ),
      certificateKey: Uint8Array.from(spki.subarray(-32)),
      capabilities,
      guardianPolicy: suite.sha256(utf8(canonicalJson(policy))),
      release: RELEASE,
      announce: init.announce,
      maxConnections: config.relay.connections,
      quic: config.quic,
      mesh: {
        bootstrap: config.mesh.bootstrap,
        ranges: config.mesh.dial.map(parseIpRange).filter((range) => range !== undefined),
      },
    },
  );
}
