/** The parent is a process of its own here, so that it can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NmpClient } from '../../client/nmp-client.ts';
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { descendants } from '../support/local-node.ts';
import { constantModule, endlessModule } from '../support/modules.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
let running: ChildProcess | undefined;
/** What must end by itself; a test that fails ends it, since it would outlive the run. */
const orphans: number[] = [];

const config = {
  version: 1,
  listen: { host: '127.0.0.1', port: 0 },
  identityFile: 'identity',
  datasets: [],
  capabilities: [
    {
      name: 'any',
      version: '1.0.0',
      datasets: [],
      input: { type: 'object', properties: {}, additionalProperties: false },
      output: { type: 'integer', minimum: 0, maximum: 9 },
      limits: { fuel: 1_000_000_000_000, deadlineMs: 20_000 },
    },
  ],
};

async function start() {
  const program = join(root, 'client', 'cli', 'main.ts');
  const args = ['start', '--config', join(folder, 'nmp.node.json'), '--state', folder, '--json'];
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running = child;
  for await (const line of createInterface({ input: child.stdout })) {
    const { address, pcr0, pcrs, simulatedRoot } = JSON.parse(line);
    expect(pcr0).toBeUndefined();
    const policy = parseClientPolicy(
      JSON.stringify({ version: 1, releases: [pcrs], simulatedRoots: [simulatedRoot] }),
      'test',
    );
    const components = {
      suite: createNodeSuite(),
      verifier: createNodeVerifierCrypto(),
      clock: systemClock,
      random: systemRandom,
    };
    const client = new NmpClient(components, { policy });
    return { child, client, peer: await client.connect(address) };
  }
  throw new Error('the parent ended before it was ready');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nmp-parent-'));
  await writeFile(join(folder, 'nmp.node.json'), JSON.stringify(config));
});
afterAll(async () => {
  running?.kill('SIGTERM');
  for (const pid of orphans) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone, as it should be.
    }
  }
  await rm(folder, { recursive: true, force: true });
});

describe('a parent that is killed in mid-call', () => {
  it('leaves a coded error and no process behind, and the next start answers', async () => {
    const first = await start();
    const long = first.client.run(first.peer, {
      module: endlessModule(),
      args: {},
      capability: 'any',
    });
    const outcome = codeOfAsync(long);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const enclave = await descendants('enclave/main');
    expect(enclave).toHaveLength(1);
    orphans.push(...enclave);
    first.child.kill('SIGKILL');
    expect(await outcome).toBe('CONNECTION_LOST');
    await first.client.close();
    const alive = () => {
      try {
        return enclave.every((pid) => process.kill(pid, 0));
      } catch {
        return false;
      }
    };
    for (let i = 0; i < 100 && alive(); i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(alive()).toBe(false);

    const second = await start();
    expect(second.peer).toBe(first.peer);
    const answer = await second.client.run(second.peer, {
      module: constantModule('5'),
      args: {},
      capability: 'any',
    });
    expect(answer.output).toBe(5);
    await second.client.close();
    const ended = new Promise((resolve) => second.child.once('exit', resolve));
    second.child.kill('SIGTERM');
    expect(await ended).toBe(130);
  });
});
