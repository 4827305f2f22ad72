/**
 * One machine of a cluster in a process of its own: a parent with its way to NATS and, behind the
 * parent's socket, an enclave that is a node or a prover. All of it is the code that ships but for two
 * TEST DOUBLES: the STARK prover and the check of its seals (test/support/double-prover.ts).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createPeerJudge } from '../../../enclave/attest/judge-peer.ts';
import { createSimulatedNsm } from '../../../enclave/attest/simulated.ts';
import { loadOrCreateSimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import { createJobLink } from '../../../enclave/prove/jobs/job-link.ts';
import { runProverRole } from '../../../enclave/prove/jobs/prover-role.ts';
import { createRemoteProver } from '../../../enclave/prove/jobs/remote-prover.ts';
import { openLocalSpool } from '../../../enclave/prove/local-spool.ts';
import { ProofQueue } from '../../../enclave/prove/proof-queue.ts';
import { createProofSpool } from '../../../enclave/prove/spool.ts';
import { createDialProxy } from '../../../parent/dial-proxy/dial-proxy.ts';
import { serveJobLink } from '../../../parent/jobs/job-relay.ts';
import { connectNats } from '../../../parent/jobs/nats-bus.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { toHex } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';
import { createSealVerifier } from '../../sim/seal.ts';
import { DOUBLE_IMAGE, doubleProver, doubleQuote } from '../double-prover.ts';

export interface MemberInit {
  readonly role: 'node' | 'prover';
  readonly name: string;
  /** Holds the root, which is the same for all. */
  readonly rootDirectory: string;
  readonly stateDirectory: string;
  readonly nats: string;
  readonly leaseMs: number;
  /** How long the double takes for a proof. */
  readonly proofMs: number;
}

/** To the member: a job to take, its request being so many bytes of one value. */
export interface MemberOrder {
  readonly submit: number;
}

export type MemberWord =
  | { readonly type: 'ready' }
  | { readonly type: 'proving'; readonly request: number }
  | { readonly type: 'submitted'; readonly job: string; readonly request: number }
  | {
      readonly type: 'ended';
      readonly job: string;
      readonly state: string;
      readonly code?: string;
      readonly receipt?: string;
    };

const REQUEST_BYTES = 50_000;
const LOOK_MS = 20;
const suite = createNodeSuite();

const say = (word: MemberWord) => void process.send?.(word);

async function start(init: MemberInit): Promise<void> {
  const machine = { clock: systemClock, random: systemRandom };
  mkdirSync(init.stateDirectory, { recursive: true });
  const root = await loadOrCreateSimulatedRoot(machine, init.rootDirectory);
  const pcrs = new Map([0, 1, 2].map((i) => [i, new Uint8Array(48).fill(i + 1)] as const));
  const nsm = createSimulatedNsm(machine, { root, pcrs });
  await nsm.attest({});
  const judge = await createPeerJudge(
    { nsm, verifier: createNodeVerifierCrypto(), clock: systemClock },
    { simulatedRoots: [root.fingerprint] },
  );
  const bus = await connectNats({ servers: init.nats, leaseMs: init.leaseMs });
  const proxy = createDialProxy({
    services: new Map([['proof-jobs:1', (stream) => serveJobLink(bus, stream)]]),
  });
  const dialPath = join(init.stateDirectory, 'dial.sock');
  await proxy.start(dialPath);
  const broker = createJobLink({ random: systemRandom }, { dialPath, retryMs: 50 });
  const mutual = { suite, nsm, judge, broker, ...machine };
  const double = doubleProver((proving) => {
    say({ type: 'proving', request: proving.request[0] ?? 0 });
    proving.progress(1);
    setTimeout(() => proving.done(), init.proofMs);
  });
  if (init.role === 'prover') {
    const never = new AbortController().signal;
    void runProverRole({ ...mutual, prover: double }, { leaseMs: init.leaseMs }, never);
    return say({ type: 'ready' });
  }
  const { key, ...kept } = openLocalSpool(init.stateDirectory, systemRandom);
  const spool = createProofSpool({ random: systemRandom, ...kept }, { key, imageId: DOUBLE_IMAGE });
  const seals = await createSealVerifier();
  const availableMemory = () => Number.POSITIVE_INFINITY;
  const { leaseMs } = init;
  const prover = createRemoteProver(
    { ...mutual, local: double, seals, availableMemory, imageOf: async () => DOUBLE_IMAGE },
    { leaseMs, waitMs: 60_000, fallback: 'refuse' },
  );
  const open = new Set(spool.pending.map(({ id }) => id));
  const queue = new ProofQueue({
    ...{ prover, spool, availableMemory, ...machine },
    ...{ atOnce: 4, tries: 1 },
  });
  setInterval(() => {
    for (const job of open) {
      const { state, code, receipt } = queue.status('client', job);
      if (state === 'queued' || state === 'proving') continue;
      open.delete(job);
      say({
        type: 'ended',
        job,
        state,
        ...(code && { code }),
        ...(receipt && { receipt: toHex(receipt) }),
      });
    }
  }, LOOK_MS);
  process.on('message', ({ submit }: MemberOrder) => {
    const request = new Uint8Array(REQUEST_BYTES).fill(submit);
    const job = queue.submit('client', request, doubleQuote(request));
    open.add(job);
    say({ type: 'submitted', job, request: submit });
  });
  say({ type: 'ready' });
}

/** The receipt of the double for a request of this value. */
export const requestOf = (value: number) => new Uint8Array(REQUEST_BYTES).fill(value);

if (import.meta.main) {
  process.once('disconnect', () => process.exit(0));
  await start(JSON.parse(process.argv[2] ?? '{}'));
}
