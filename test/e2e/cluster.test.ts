/**
 * Beyond one machine, on one: a NATS server, three nodes and two provers, one of each killed in
 * mid-work; and the quota of a killed node, which goes on at its heir. Where the STARK prover is not
 * built, proofs are those of a TEST DOUBLE (test/support/cluster/member.ts); everything else ships.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NmpClient } from '../../client/nmp-client.ts';
import { loadOrCreateSimulatedRoot } from '../../enclave/attest/simulated-root.ts';
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import { toBase64Url, toHex } from '../../shared/bytes.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../shared/errors.ts';
import { parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import { type MemberInit, type MemberWord, requestOf } from '../support/cluster/member.ts';
import { doubleReceipt } from '../support/double-prover.ts';
import { constantModule } from '../support/modules.ts';
import { type NatsServer, startNats, withoutNats } from '../support/nats-server.ts';
import { receiptVerifier } from '../support/receipts.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LEASE_MS = 2_000;
let nats: NatsServer;
let folder = '';
const children = new Set<ChildProcess>();
const groups = new Set<() => Promise<void>>();
const withoutProver = existsSync(join(ROOT, 'build', 'native', 'nmp-zk-prover'))
  ? undefined
  : '(skipped: the prover is not built, make zk-prover)';

/** A folder with the root of all members. @returns its fingerprint */
async function cluster(): Promise<string> {
  folder = mkdtempSync(join(tmpdir(), 'nmp-cluster-'));
  return (await loadOrCreateSimulatedRoot(machine, join(folder, 'root'))).fingerprint;
}

/** A process of the cluster and all that it has said. */
class Member {
  readonly words: MemberWord[] = [];
  readonly child: ChildProcess;
  #wake: () => void = () => undefined;

  constructor(init: MemberInit) {
    const program = join(ROOT, 'test', 'support', 'cluster', 'member.ts');
    this.child = fork(program, [JSON.stringify(init)], { execArgv: [] });
    children.add(this.child);
    this.child.on('message', (word: MemberWord) => {
      this.words.push(word);
      this.#wake();
    });
  }

  async until(holds: (words: readonly MemberWord[]) => boolean): Promise<void> {
    while (!holds(this.words)) {
      if (this.child.exitCode !== null) throw new Error('the member ended');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.child.once('exit', () => resolve());
      });
    }
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  get ended() {
    return this.words.filter((word) => word.type === 'ended');
  }
}

function member(role: MemberInit['role'], name: string): Member {
  return new Member({
    ...{ role, name, nats: nats.url, leaseMs: LEASE_MS, proofMs: 600 },
    rootDirectory: join(folder, 'root'),
    stateDirectory: join(folder, name),
  });
}

/** `nmp start` with this configuration: one line of JSON once it is ready, or its exit code. */
function startMember(place: string, config: string, ...more: readonly string[]) {
  const at = join(folder, place);
  mkdirSync(join(at, 'state'), { recursive: true });
  for (const name of ['simulated-root.der', 'simulated-root.key']) {
    copyFileSync(join(folder, 'root', name), join(at, 'state', name));
  }
  writeFileSync(join(at, 'nmp.node.json'), config);
  const rows = Array.from({ length: 20 }, (_, age) => `{"age":${age}}`);
  writeFileSync(join(at, 'stays.ndjson'), rows.join('\n'));
  const child = spawn(
    process.execPath,
    [
      ...[join(ROOT, 'client', 'cli', 'main.ts'), 'start', '--json'],
      ...['--config', join(at, 'nmp.node.json'), '--state', join(at, 'state')],
      ...['--nats', nats.url, ...more],
    ],
    // Enclave and parent die together when their group is killed.
    { detached: true, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const { promise, resolve, reject } = Promise.withResolvers<Ready>();
  child.stdout.once('data', (line: Buffer) => resolve(JSON.parse(line.toString('utf8'))));
  const exit = new Promise<number | null>((done) => child.once('exit', done));
  void exit.then((code) => reject(new Error(`ended with ${code}`)));
  promise.catch(() => undefined);
  const kill = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL');
    }
    await exit;
  };
  groups.add(kill);
  return { ready: promise, exit, kill };
}

/** The configuration of every member: equal text, equal measurements. */
function configOf(fingerprint: string, capability: object, more: object = {}): string {
  return JSON.stringify({
    version: 1,
    listen: { host: '127.0.0.1', port: 0 },
    identityFile: 'identity',
    peers: { simulatedRoots: [fingerprint] },
    datasets: [
      {
        id: 'stays',
        format: 'ndjson',
        path: 'stays.ndjson',
        classification: 'restricted',
        columns: [{ name: 'age', type: 'int32' }],
      },
    ],
    capabilities: [
      {
        name: 'count',
        version: '1.0.0',
        datasets: [{ id: 'stays', columns: ['age'] }],
        input: { type: 'object', properties: {}, additionalProperties: false },
        output: { type: 'integer', minimum: 0, maximum: 1000 },
        limits: { fuel: 100_000_000, deadlineMs: 20_000 },
        ...capability,
      },
    ],
    ...more,
  });
}

const machine = { clock: systemClock, random: systemRandom };
const suite = createNodeSuite();
const module = constantModule('5');

/** One call of one client: `released`, with its receipt if it asked for one, or the code. */
async function ask(
  { address, pcrs, simulatedRoot }: Ready,
  privateKey: Ed25519PrivateKey,
  proofMode = 'attested',
): Promise<string> {
  const policy = parseClientPolicy(
    JSON.stringify({ version: 1, releases: [pcrs], simulatedRoots: [simulatedRoot] }),
    'test policy',
  );
  const client = new NmpClient(
    {
      suite,
      verifier: createNodeVerifierCrypto(),
      receipts: () => receiptVerifier,
      ...machine,
    },
    { policy, privateKey },
  );
  try {
    const peer = await client.connect(address);
    await client.run(peer, { module, args: {}, capability: 'count' }, { proofMode });
    return 'released';
  } catch (error) {
    if (!isNmpError(error)) throw error;
    return error.code;
  } finally {
    await client.close();
  }
}

describe.skipIf(withoutNats !== undefined)(`a cluster ${withoutNats ?? ''}`, () => {
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats?.stop());
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    for (const kill of groups) await kill();
    groups.clear();
    rmSync(folder, { recursive: true, force: true });
  });

  it('of three nodes and two provers loses no proof when one of each is killed (TEST DOUBLE for the prover)', {
    timeout: 300_000,
  }, async () => {
    await cluster();
    const nodes = ['a', 'b', 'c'].map((name) => member('node', name));
    const provers = ['p', 'q'].map((name) => member('prover', name));
    const ready = (words: readonly MemberWord[]) => words.some(({ type }) => type === 'ready');
    await Promise.all([...nodes, ...provers].map((each) => each.until(ready)));
    let value = 1;
    const submitted = new Map<string, number>();
    for (const node of nodes) for (let i = 0; i < 3; i++) node.child.send({ submit: value++ });
    for (const node of nodes) {
      const taken = (words: readonly MemberWord[]) =>
        words.filter(({ type }) => type === 'submitted').length === 3;
      await node.until(taken);
      for (const word of node.words) {
        if (word.type === 'submitted') submitted.set(word.job, word.request);
      }
    }
    // Both provers are at it: now one of them is gone, and one node with all that it had under way.
    const proving = (words: readonly MemberWord[]) => words.some(({ type }) => type === 'proving');
    await Promise.all(provers.map((each) => each.until(proving)));
    const [a, b, c] = nodes;
    const [p] = provers;
    if (a === undefined || b === undefined || c === undefined) throw new Error('no nodes');
    p?.kill();
    a.kill();
    const before = a.ended.length;
    // As its parent starts it again, from the same disk.
    const again = member('node', 'a');
    const ends = (count: number) => (words: readonly MemberWord[]) =>
      words.filter(({ type }) => type === 'ended').length >= count;
    await Promise.all([b.until(ends(3)), c.until(ends(3)), again.until(ends(3 - before))]);

    const all = [a, again, b, c].flatMap((each) => each.ended);
    expect(all.map(({ job }) => job).toSorted()).toEqual([...submitted.keys()].toSorted());
    for (const word of all) {
      // Verified by the node before it said so; compared here once more.
      expect(word).toMatchObject({ state: 'proven' });
      const request = requestOf(submitted.get(word.job) ?? 0);
      expect(word.receipt).toBe(toHex(doubleReceipt(request)));
    }
  });

  it('has the quota of a killed node go on at its heir', { timeout: 300_000 }, async () => {
    const root = await cluster();
    // log2(1001) bits and eight for the outcome: two answers fit in 40.
    const config = configOf(root, { egress: { quotaBits: 40 } });
    const start = (place: string, ...more: readonly string[]) =>
      startMember(place, config, ...more);
    const [key, other] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')];

    const killed = start('killed');
    const there = await killed.ready;
    expect(await ask(there, key)).toBe('released');
    expect(await ask(there, key)).toBe('released');
    await killed.kill();

    const name = toBase64Url(systemRandom.bytes(16));
    const heir = start('heir', '--heir', name);
    const giver = start('killed', '--role', 'giver', '--give', name);
    const here = await heir.ready;
    expect(await giver.exit).toBe(0);
    // The same Peer ID at another address, and the same client is told the same.
    expect(here.peerId).toBe(there.peerId);
    expect(here.address).not.toBe(there.address);
    expect(await ask(here, key)).toBe('EGRESS_QUOTA');
    expect(await ask(here, other)).toBe('released');
    // The giver's disk is of no use any more, neither to serve from nor to give from again.
    expect(await start('killed').exit).not.toBe(0);
    expect(await start('killed', '--role', 'giver', '--give', name).exit).not.toBe(0);
    await heir.kill();
    // And the heir's holds it from now on.
    const later = start('heir', '--heir', name);
    expect(await ask(await later.ready, key)).toBe('EGRESS_QUOTA');
  });

  it.skipIf(withoutProver !== undefined)(
    `makes real proofs, and loses none when one prover and one node are killed ${withoutProver ?? ''}`,
    { timeout: 1_800_000 },
    async () => {
      const root = await cluster();
      const config = configOf(
        root,
        { proofModes: ['attested', 'stark-composite'] },
        { provers: { leaseMs: 5_000 } },
      );
      const nodes = ['a', 'b', 'c'].map((place) => startMember(place, config));
      const provers = ['p', 'q'].map((place) => startMember(place, config, '--role', 'prover'));
      const ready = await Promise.all(nodes.map((each) => each.ready));
      await Promise.all(provers.map((each) => each.ready));
      const key = await generateKeyPair('Ed25519');
      const calls = ready.map((node) => ask(node, key, 'stark-composite'));
      // Some seconds into two proofs.
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await Promise.all([provers[0]?.kill(), nodes[2]?.kill()]);
      // Verified by its node, and by the client once more; or a code, since its node is gone.
      const [first, second, third] = await Promise.all(calls);
      expect([first, second]).toEqual(['released', 'released']);
      // Whether it was being asked just then, or is asked for anew.
      expect(['CONNECTION_LOST', 'UNREACHABLE']).toContain(third);
    },
  );
});

interface Ready {
  readonly address: string;
  readonly peerId: string;
  readonly pcrs: object;
  readonly simulatedRoot: string;
}
