/** What every mode's composition root shares: the node over its seams, whichever NSM stands behind. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { utf8 } from '../shared/bytes.ts';
import { createNodeSuite } from '../shared/crypto/suite-node.ts';
import { parseNodeConfig } from '../shared/policy/node-config.ts';
import type { Clock, Random } from '../shared/runtime.ts';
import { canonicalJson } from '../shared/wire/canonical-json.ts';
import type { Nsm } from './attest/nsm.ts';
import { openDatasets } from './data/open.ts';
import { createFileSource } from './data/source.ts';
import { createEgressFilter } from './egress/egress-filter.ts';
import { loadScanner } from './egress/scanner.ts';
import { loadAuthority } from './guardian/authority.ts';
import { createGuardian } from './guardian/create-guardian.ts';
import { DEFAULT_POLICY } from './guardian/policy.ts';
import type { EnclaveSocket } from './mesh/enclave-socket.ts';
import { loadIdentity } from './mesh/identity.ts';
import { loadCapabilities } from './node/capability.ts';
import { createNode, type DataNode } from './node/node.ts';
import { createProcessEngine } from './sandbox/process-engine.ts';
import { SessionStore } from './session/session-store.ts';

export interface ComposeComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly nsm: Nsm;
  readonly socket: EnclaveSocket;
}

export interface ComposeInit {
  /** Content of nmp.node.json, and its file: paths in it are relative to that. */
  readonly configText: string;
  readonly configFile: string;
  /** The `nmp-sandbox` program. */
  readonly sandbox: string;
  readonly announce: readonly string[];
}

const RELEASE = '0.1.0';

/** @throws NmpError of every part that cannot start */
export async function composeNode(
  { clock, random, nsm, socket }: ComposeComponents,
  init: ComposeInit,
): Promise<DataNode> {
  const suite = createNodeSuite();
  const config = parseNodeConfig(init.configText, init.configFile);
  const folder = dirname(resolve(init.configFile));
  const guardian = createGuardian({ authority: loadAuthority() }, { policy: DEFAULT_POLICY });
  const egress = createEgressFilter({ scanner: loadScanner() });
  const datasets = await openDatasets(config, { random, source: createFileSource({ folder }) });
  const engine = await createProcessEngine({
    program: init.sandbox,
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
  return createNode(
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
      socket,
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
}
