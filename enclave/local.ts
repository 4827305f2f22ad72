/** Composition of a node in local mode: simulated NSM, plain datasets, unix sockets. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { toHex, utf8 } from '../shared/bytes.ts';
import { createNodeSuite } from '../shared/crypto/suite-node.ts';
import { NmpError } from '../shared/errors.ts';
import { parseNodeConfig } from '../shared/policy/node-config.ts';
import { systemClock, systemRandom } from '../shared/runtime.ts';
import { canonicalJson } from '../shared/wire/canonical-json.ts';
import { measureLocally } from './attest/local-measurement.ts';
import { createSimulatedNsm } from './attest/simulated.ts';
import { loadOrCreateSimulatedRoot } from './attest/simulated-root.ts';
import { openDatasets } from './data/open.ts';
import { createFileSource } from './data/source.ts';
import { createEgressFilter } from './egress/egress-filter.ts';
import { loadScanner } from './egress/scanner.ts';
import { loadAuthority } from './guardian/authority.ts';
import { createGuardian } from './guardian/create-guardian.ts';
import { DEFAULT_POLICY } from './guardian/policy.ts';
import { unixEnclaveSocket } from './mesh/enclave-socket.ts';
import { loadIdentity } from './mesh/identity.ts';
import { loadCapabilities } from './node/capability.ts';
import { createNode, type DataNode } from './node/node.ts';
import { createProcessEngine } from './sandbox/process-engine.ts';
import { SessionStore } from './session/session-store.ts';

export interface LocalNodeInit {
  readonly configFile: string;
  readonly runDirectory: string;
  readonly stateDirectory: string;
  readonly announce: readonly string[];
}

/** What the node reports to its parent when it is ready. */
export interface LocalReady {
  readonly peerId: string;
  readonly mode: 'local';
  readonly simulatedRoot: string;
  readonly pcrs: { readonly pcr0: string; readonly pcr1: string; readonly pcr2: string };
}

const RELEASE = '0.1.0';
/** The package: this file lies one folder below it, or two when built. */
const HERE = import.meta.dirname;
const PACKAGE = HERE.endsWith(join('dist', 'enclave')) ? join(HERE, '..', '..') : join(HERE, '..');

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new NmpError('CONFIG_INVALID', `${file}: cannot be read`, { cause });
  }
}

export async function startLocalNode(
  init: LocalNodeInit,
): Promise<{ node: DataNode; ready: LocalReady }> {
  const clock = systemClock;
  const random = systemRandom;
  const suite = createNodeSuite();
  const text = await readConfig(init.configFile);
  const config = parseNodeConfig(text, init.configFile);
  const folder = dirname(resolve(init.configFile));

  const root = await loadOrCreateSimulatedRoot({ clock, random }, init.stateDirectory);
  const pcrs = await measureLocally({
    program: [HERE, join(HERE, '..', 'shared'), join(PACKAGE, 'build', 'native')],
    runtime: `node ${process.version}`,
    configuration: Buffer.from(text),
  });
  const nsm = createSimulatedNsm({ clock, random }, { root, pcrs });
  const guardian = createGuardian({ authority: loadAuthority() }, { policy: DEFAULT_POLICY });
  const egress = createEgressFilter({ scanner: loadScanner() });
  const datasets = await openDatasets(config, { random, source: createFileSource({ folder }) });
  const engine = await createProcessEngine({
    program: join(PACKAGE, 'build', 'native', 'nmp-sandbox'),
    processes: config.sandbox.processes,
  });
  const capabilities = await loadCapabilities(
    {
      suite,
      egress,
      readModule: async (path) => Uint8Array.from(await readFile(resolve(folder, path))),
    },
    config,
  );
  // The certificate key is born and dies with this process.
  const certificateKeys = generateKeyPairSync('ed25519');
  const spki = certificateKeys.publicKey.export({ format: 'der', type: 'spki' });
  const node = await createNode(
    {
      clock,
      random,
      suite,
      nsm,
      guardian,
      egress,
      datasets,
      engine,
      sessions: new SessionStore({ clock, random }),
      socket: unixEnclaveSocket(init.runDirectory, false),
      sign: (message) => Uint8Array.from(sign(null, message, certificateKeys.privateKey)),
    },
    {
      privateKey: await loadIdentity(
        config.identityFile === undefined ? undefined : resolve(folder, config.identityFile),
      ),
      certificateKey: Uint8Array.from(spki.subarray(-32)),
      capabilities,
      guardianPolicy: suite.sha256(utf8(canonicalJson(DEFAULT_POLICY))),
      release: RELEASE,
      announce: init.announce,
      maxConnections: config.relay.connections,
    },
  );
  const pcr = (index: number) => toHex(pcrs.get(index) ?? new Uint8Array(0));
  return {
    node,
    ready: {
      peerId: node.peerId,
      mode: 'local',
      simulatedRoot: root.fingerprint,
      pcrs: { pcr0: pcr(0), pcr1: pcr(1), pcr2: pcr(2) },
    },
  };
}
