/** The scenes of `nmp demo`, on the example node with synthetic records. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import type { AttestationReport } from '../../../shared/attestation/report.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import type { ClientPolicy } from '../../../shared/policy/client-policy.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';
import { buildLogic } from '../../author/build.ts';
import { createClientNode } from '../../mesh/client-node.ts';
import { NmpClient } from '../../nmp-client.ts';
import { RefusedError } from '../../refused-error.ts';
import { startFlippingProxy } from './flipping-proxy.ts';
import { startImpostor } from './impostor.ts';
import { liveReceipt, type ProvingNode, storedReceipt } from './receipt.ts';
import { mustRefuse, type Scene } from './scene.ts';

export interface Stage {
  /** `examples/`. */
  readonly folder: string;
  /** Address of the node with its Peer ID. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly policy: ClientPolicy;
  /** Starts a node that proves; undefined if no prover is built: then a stored proof is shown. */
  readonly startProving?: (() => Promise<ProvingNode>) | undefined;
}

const ARGUMENTS = { condition: '59621000', year: 2026 };
const COHORT = 'cohort-statistics';
const NOTE = 'cohort-note';
/** Somewhere inside the answer to the handshake; a byte later or earlier breaks as well. */
const FLIPPED_BYTE = 600;

function newClient(policy: ClientPolicy, onReport?: (report: AttestationReport) => void) {
  return new NmpClient(
    {
      suite: createNodeSuite(),
      verifier: createNodeVerifierCrypto(),
      clock: systemClock,
      random: systemRandom,
    },
    { policy, ...(onReport === undefined ? {} : { onReport }) },
  );
}

async function logic(stage: Stage, name: string): Promise<Uint8Array> {
  return (await buildLogic(join(stage.folder, 'logic', 'assembly', `${name}.ts`))).bytes;
}

async function honest(stage: Stage) {
  const module = await logic(stage, 'cohort-statistics');
  await using client = newClient(stage.policy);
  const peer = await client.connect(stage.address);
  const { output, report } = await client.run(peer, {
    module,
    args: ARGUMENTS,
    capability: COHORT,
  });
  return {
    held: report.verdict === 'pass',
    verdict: `released with ${report.checks.filter((c) => c.status === 'pass').length} checks passed: ${JSON.stringify(output)}`,
    report,
  };
}

/** Runs a module that must be refused by the node with exactly this code. */
async function refused(
  stage: Stage,
  code: string,
  module: Uint8Array,
  capability: string,
  args: unknown,
) {
  await using client = newClient(stage.policy);
  const peer = await client.connect(stage.address);
  let reasons = '';
  const outcome = await mustRefuse([code], async () => {
    try {
      await client.run(peer, { module, args, capability });
    } catch (error) {
      if (error instanceof RefusedError) reasons = error.reasons.join(' ');
      throw error;
    }
  });
  const why = reasons === '' ? '' : ` (${reasons})`;
  return { held: outcome.held, verdict: `refused: ${outcome.code}${why}` };
}

async function flipped(stage: Stage) {
  const module = await logic(stage, 'cohort-statistics');
  const proxy = await startFlippingProxy(stage, FLIPPED_BYTE);
  await using client = newClient(stage.policy);
  const codes = ['UNREACHABLE', 'CONNECTION_LOST', 'STREAM_TRUNCATED', 'RECORD_TAG'];
  try {
    const { held, code } = await mustRefuse(codes, async () => {
      const peer = await client.connect(proxy.address);
      await client.run(peer, { module, args: ARGUMENTS, capability: COHORT });
    });
    return { held, verdict: `one flipped bit: ${code}, nothing released` };
  } finally {
    await proxy.stop();
  }
}

async function impersonated(stage: Stage, attack: 'replay' | 'swap', expected: string) {
  const module = await logic(stage, 'cohort-statistics');
  let seen: AttestationReport | undefined;
  await using client = newClient(stage.policy, (report) => {
    seen = report;
  });
  await using accomplice = newClient(stage.policy);
  const enclavePeer = await accomplice.connect(stage.address);
  const mesh = await createClientNode({});
  await mesh.dial(stage.address, AbortSignal.timeout(10_000));
  const capabilities = await accomplice.discoverTools(enclavePeer);
  const impostor = await startImpostor({ attack, mesh, enclavePeer, capabilities });
  try {
    const { held, code } = await mustRefuse([expected], async () => {
      const peer = await client.connect(impostor.address);
      await client.run(peer, { module, args: ARGUMENTS, capability: COHORT });
    });
    const what = attack === 'replay' ? 'replayed document' : 'document with a swapped key';
    const outcome = { held, verdict: `${what}: ${code}, nothing sent, nothing released` };
    return seen === undefined ? outcome : { ...outcome, report: seen };
  } finally {
    await impostor.stop();
    await mesh.stop();
  }
}

async function lyingParent(stage: Stage) {
  const acts = [
    await flipped(stage),
    await impersonated(stage, 'replay', 'ATTESTATION_NONCE'),
    await impersonated(stage, 'swap', 'ATTESTATION_BINDING'),
  ];
  const report = acts.map((act) => ('report' in act ? act.report : undefined)).at(-1);
  return {
    held: acts.every((act) => act.held),
    verdict: acts.map((act) => act.verdict).join('; '),
    ...(report === undefined ? {} : { report }),
  };
}

export function scenesOf(stage: Stage): readonly Scene[] {
  return [
    {
      name: 'honest',
      title: 'An honest aggregate over patient records, verified',
      play: () => honest(stage),
    },
    {
      name: 'leak',
      title: 'The same records leaked as double-encoded patientId',
      play: async () => refused(stage, 'EGRESS_BLOCKED', await logic(stage, 'leak'), NOTE, {}),
    },
    {
      name: 'sockets',
      title: 'A module that imports sockets',
      play: async () => {
        const module = await readFile(join(stage.folder, 'logic', 'sockets.wasm'));
        return refused(stage, 'GUARDIAN_REJECTED', module, NOTE, {});
      },
    },
    {
      name: 'endless',
      title: 'A module that never ends',
      play: async () => refused(stage, 'SANDBOX_FUEL', await logic(stage, 'endless'), NOTE, {}),
    },
    {
      name: 'lying-parent',
      title: 'A parent that flips bytes, replays and swaps evidence',
      play: () => lyingParent(stage),
    },
    {
      name: 'receipt',
      title: 'A ZK receipt for a sum over 100 payments, and a node that lies about it',
      play: () => {
        const folder = join(stage.folder, 'receipt');
        const { startProving } = stage;
        return startProving === undefined
          ? storedReceipt(folder)
          : liveReceipt(folder, startProving);
      },
    },
  ];
}
