/** Starts parent and node in local mode on a free port, for end-to-end tests and benchmarks. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NmpClient, type NmpClientInit } from '../../client/nmp-client.ts';
import { type Parent, type ParentInit, startParent } from '../../parent/main.ts';
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { type ClientPolicy, parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { parseNodeConfig } from '../../shared/policy/node-config.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';

export interface LocalNode {
  readonly parent: Parent;
  readonly policy: ClientPolicy;
  readonly folder: string;
  client(init?: Partial<NmpClientInit>): NmpClient;
  stop(): Promise<void>;
}

/**
 * @param config content of nmp.node.json; paths in it are relative to `files`' folder
 * @param files further files beside it, by name
 */
export async function startLocal(
  config: object,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  init: Partial<ParentInit> = {},
): Promise<LocalNode> {
  const folder = await mkdtemp(join(tmpdir(), 'nmp-test-'));
  const configFile = join(folder, 'nmp.node.json');
  const text = JSON.stringify({
    listen: { host: '127.0.0.1', port: 0 },
    identityFile: 'identity',
    ...config,
  });
  await writeFile(configFile, text);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const parent = await startParent({
    config: parseNodeConfig(text, configFile),
    configFile,
    stateDirectory: join(folder, 'state'),
    ...init,
  });
  const policy = parseClientPolicy(
    JSON.stringify({
      version: 1,
      releases: [parent.ready.pcrs],
      simulatedRoots: [parent.ready.simulatedRoot],
    }),
    'test policy',
  );
  return {
    parent,
    policy,
    folder,
    client: (clientInit = {}) =>
      new NmpClient(
        {
          suite: createNodeSuite(),
          verifier: createNodeVerifierCrypto(),
          clock: systemClock,
          random: systemRandom,
        },
        { policy, ...clientInit },
      ),
    async stop() {
      await parent.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Descendants of this process whose command line holds `part`, by /proc. */
export async function descendants(part: string): Promise<number[]> {
  const processes: { pid: number; parent: number; command: string }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = await readFile(`/proc/${name}/stat`, 'utf8');
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      processes.push({ pid: Number(name), parent, command });
    } catch {
      // It ended while we looked.
    }
  }
  const family = new Set([process.pid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of processes) {
      if (family.has(parent) && !family.has(pid)) {
        family.add(pid);
        grown = true;
      }
    }
  }
  return processes
    .filter(({ pid, command }) => pid !== process.pid && family.has(pid) && command.includes(part))
    .map(({ pid }) => pid);
}
