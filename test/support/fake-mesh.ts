/** A gateway over a mesh that answers what a test says; nothing is dialled. */
import { createHash } from 'node:crypto';
import {
  type AuditEvent,
  Gateway,
  type GatewayInit,
  type MeshClient,
} from '../../client/mcp/gateway.ts';
import {
  createMemoryKeeper,
  type TrustKeeper,
  TrustStore,
} from '../../client/trust/trust-store.ts';
import { type AttestationReport, failed, passed } from '../../shared/attestation/report.ts';
import type { CapabilityDescription } from '../../shared/policy/capability.ts';
import { type ClientPolicy, parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { ManualClock, seededRandom } from './clock.ts';

export const PCR = (digit: string) => digit.repeat(96);
export const PEER = 'peer-one';

export const POLICY = parseClientPolicy(
  JSON.stringify({
    version: 1,
    releases: [{ pcr0: PCR('a'), pcr1: PCR('b'), pcr2: PCR('c') }],
  }),
  'test policy',
);

export function capability(more: Partial<CapabilityDescription> = {}): CapabilityDescription {
  const nothing = { type: 'object', properties: {}, additionalProperties: false } as const;
  return {
    name: 'count',
    version: '1.0.0',
    description: 'Counts.',
    logic: 'client',
    datasets: [],
    input: nothing,
    output: nothing,
    limits: { fuel: 1, memoryBytes: 1, deadlineMs: 1, outputBytes: 1, moduleBytes: 1 },
    egressPolicy: '0'.repeat(64),
    proofModes: ['attested'],
    ...more,
  };
}

export const INSTALLED = capability({ name: 'installed', logic: { moduleHash: 'e'.repeat(64) } });

/** A report on an image with these values, judged by the policy's releases. */
export function reportFor(policy: ClientPolicy, pcr0: string): AttestationReport {
  const known = policy.releases.some((release) => release.pcr0 === pcr0);
  const check = known
    ? passed('pcrs', 'one of the releases', pcr0)
    : failed('pcrs', 'ATTESTATION_PCR_UNKNOWN', 'one of the releases', pcr0);
  return {
    verdict: known ? 'pass' : 'fail',
    mode: 'aws',
    simulated: false,
    checkedAt: '2026-07-28T00:00:00.000Z',
    checks: [passed('chain', 'AWS', 'AWS'), check],
    document: {
      moduleId: 'i-1',
      timestamp: new Date(1_780_000_000_000).toISOString(),
      pcrs: { '0': pcr0, '1': PCR('b'), '2': PCR('c') },
      publicKey: null,
      userData: null,
      nonce: null,
      payloadHash: 'd'.repeat(64),
    },
  };
}

export interface FakeInit extends Partial<GatewayInit> {
  readonly capabilities?: () => readonly CapabilityDescription[];
  /** Answers a call; a thrown error is the client's. */
  readonly answer?: (policy: ClientPolicy) => Promise<unknown>;
  readonly pcr0?: string;
  readonly keeper?: TrustKeeper;
}

export function fakeGateway(init: FakeInit = {}) {
  const clock = new ManualClock();
  const audited: AuditEvent[] = [];
  const slept: number[] = [];
  const modules: Uint8Array[] = [];
  const signals: AbortSignal[] = [];
  let opened = 0;
  const { capabilities = () => [capability(), INSTALLED], answer = async () => ({ n: 1 }) } = init;
  const pcr0 = init.pcr0 ?? PCR('a');
  const openMesh = async (policy: () => ClientPolicy): Promise<MeshClient> => {
    opened += 1;
    const released = async () => ({
      output: await answer(policy()),
      report: reportFor(policy(), pcr0),
      certificate: Uint8Array.of(1, 2, 3),
    });
    return {
      connect: async () => PEER,
      async *discover() {
        yield { peer: 'peer-two', addresses: ['/ip4/192.0.2.1/tcp/1'] };
      },
      discoverTools: async () => capabilities(),
      callTool: async (_peer, _tool, _args, options) => {
        options?.onProgress?.(1);
        if (options?.signal !== undefined) signals.push(options.signal);
        return released();
      },
      run: async (_peer, { module }) => {
        modules.push(module);
        return released();
      },
      attest: async () => reportFor(policy(), pcr0),
      close: async () => undefined,
    };
  };
  const gateway = new Gateway(
    {
      clock,
      random: seededRandom(7),
      suite: {
        sha256: (...parts) => {
          const hash = createHash('sha256');
          for (const part of parts) hash.update(part);
          return Uint8Array.from(hash.digest());
        },
      },
      trust: new TrustStore(init.keeper ?? createMemoryKeeper(), () => '2026-07-28T00:00:00.000Z'),
      openMesh,
      compile: async (source) => new TextEncoder().encode(source),
      readLogic: async () => Uint8Array.of(0),
      sleep: async (ms) => {
        slept.push(ms);
      },
      audit: (event) => audited.push(event),
    },
    { policy: POLICY, nodes: [PEER], ...init },
  );
  return { gateway, clock, audited, slept, modules, signals, opened: () => opened };
}
