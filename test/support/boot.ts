/** Boots images of `make test-boot` on QEMU's nitro-enclave machine, and asks them. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NmpClient } from '../../client/nmp-client.ts';
import { type Parent, startParent } from '../../parent/main.ts';
import { createQemuDriver } from '../../parent/supervisor/qemu.ts';
import type { EnclaveReady } from '../../parent/supervisor/supervisor.ts';
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import type { AttestationReport } from '../../shared/attestation/report.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { parseNodeConfig } from '../../shared/policy/node-config.ts';
import type { ReceiptVerifier } from '../../shared/receipt/verify.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';

/** Folder of QEMU and its tools: what scripts/image/qemu.sh prints. */
export const TOOLS = process.env.NMP_BOOT_TOOLS;
export const ROOT = join(import.meta.dirname, '..', '..');
export const EXAMPLES = join(ROOT, 'examples');
/** Emulation on a busy machine is slow; nothing here judges time but this. */
export const PATIENCE_MS = 180_000;
export const CALL_MS = 60_000;
/** The supervisor's own limit comes first, with its code. */
export const BOOT_MS = PATIENCE_MS + CALL_MS;

type Profile = 'release' | 'sim';

export function manifestPcrs(profile: Profile): EnclaveReady['pcrs'] {
  const name = profile === 'release' ? 'pcrs.json' : `pcrs-${profile}.json`;
  const { pcrs } = JSON.parse(readFileSync(join(ROOT, 'build', name), 'utf8'));
  return { pcr0: pcrs.PCR0, pcr1: pcrs.PCR1, pcr2: pcrs.PCR2 };
}

export function imageOf(profile: Profile): string {
  return join(ROOT, 'build', profile === 'release' ? 'enclave.eif' : `enclave-${profile}.eif`);
}

export interface Booted {
  readonly parent: Parent;
  readonly ready: EnclaveReady[];
  readonly pids: number[];
  beats: number;
}

export interface BootInit {
  /** Default: that of the profile. */
  readonly image?: string;
  /** What the parent is told; the image has its own copy. Default: that of the examples. */
  readonly configFile?: string;
  /** Of the machine; default: 1024. */
  readonly memoryMiB?: number;
  /** Of the file in build/ that takes the machine's console. */
  readonly log?: string;
}

export async function boot(profile: Profile, init: BootInit = {}): Promise<Booted> {
  const configFile = init.configFile ?? join(EXAMPLES, 'nmp.node.json');
  const config = parseNodeConfig(await readFile(configFile, 'utf8'), configFile);
  const ready: EnclaveReady[] = [];
  const pids: number[] = [];
  const booted = { ready, pids, beats: 0 };
  const driver = createQemuDriver({
    image: init.image ?? imageOf(profile),
    tools: TOOLS ?? '',
    agent: process.env.NMP_BOOT_AGENT ?? join(ROOT, 'build', 'image', 'native', 'nmp-agent'),
    memoryMiB: init.memoryMiB ?? 1024,
    cpus: 2,
    log: join(ROOT, 'build', `boot-${init.log ?? profile}.log`),
    onHeartbeat: () => booted.beats++,
    onStarted: (pid) => pids.push(pid ?? 0),
  });
  const parent = await startParent({
    config: { ...config, listen: { host: '127.0.0.1', port: 0 } },
    configFile,
    stateDirectory: '',
    driver,
    onEvent: (event) => {
      if (event.type === 'ready') ready.push(event.ready);
      // An emulated machine hangs now and then; that is to be seen in the output of the run.
      if (event.type === 'exit' && event.silent) process.stderr.write('a boot was silent\n');
    },
  });
  return Object.assign(booted, { parent });
}

export interface ClientInit {
  /** PCR8 that the policy asks for, hexadecimal; default: none. */
  readonly pcr8?: string;
  readonly onReport?: (report: AttestationReport) => void;
  /** Loads the verifier of ZK receipts; default: none. */
  readonly receipts?: () => Promise<ReceiptVerifier>;
}

/** A client that takes this very boot, its simulated root included. */
export function clientOf(
  ready: EnclaveReady,
  { pcr8, onReport, receipts }: ClientInit = {},
): NmpClient {
  const policy = parseClientPolicy(
    JSON.stringify({
      version: 1,
      releases: [{ ...ready.pcrs, ...(pcr8 === undefined ? {} : { pcr8 }) }],
      simulatedRoots: ready.simulatedRoot === undefined ? [] : [ready.simulatedRoot],
    }),
    'boot test',
  );
  return new NmpClient(
    {
      suite: createNodeSuite(),
      verifier: createNodeVerifierCrypto(),
      clock: systemClock,
      random: systemRandom,
      ...(receipts === undefined ? {} : { receipts }),
    },
    { policy, ...(onReport === undefined ? {} : { onReport }) },
  );
}
