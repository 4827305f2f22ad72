/** Composition of a node in local mode: simulated NSM, plain datasets, unix sockets. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../shared/bytes.ts';
import { NmpError } from '../shared/errors.ts';
import { systemClock, systemRandom } from '../shared/runtime.ts';
import { measureLocally } from './attest/local-measurement.ts';
import { createSimulatedNsm } from './attest/simulated.ts';
import { loadOrCreateSimulatedRoot } from './attest/simulated-root.ts';
import { composeNode } from './compose.ts';
import { unixEnclaveSocket } from './mesh/enclave-socket.ts';
import type { DataNode } from './node/node.ts';

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
  const configText = await readConfig(init.configFile);
  const root = await loadOrCreateSimulatedRoot({ clock, random }, init.stateDirectory);
  const pcrs = await measureLocally({
    program: [HERE, join(HERE, '..', 'shared'), join(PACKAGE, 'build', 'native')],
    runtime: `node ${process.version}`,
    configuration: Buffer.from(configText),
  });
  const nsm = createSimulatedNsm({ clock, random }, { root, pcrs });
  const socket = unixEnclaveSocket(init.runDirectory, false);
  const node = await composeNode(
    { clock, random, nsm, socket },
    {
      configText,
      configFile: init.configFile,
      sandbox: join(PACKAGE, 'build', 'native', 'nmp-sandbox'),
      announce: init.announce,
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
