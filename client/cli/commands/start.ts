/** `nmp start`: starts a node and its parent, in local mode or from an image, until interrupted. */
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import { EXIT, NmpError } from '../../../shared/errors.ts';
import { type NodeConfig, parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { addImageOptions, driverOf, type ImageOptions, wholeNumber } from '../enclave-driver.ts';
import { readText } from '../files.ts';
import { loadParent, loadRoleParent } from '../node-side.ts';
import { remark } from '../output.ts';
import type { Register } from '../register.ts';

interface Options extends ImageOptions {
  readonly config: string;
  readonly state: string;
  readonly writePolicy?: string;
  readonly json?: boolean;
  readonly enclaves: string;
  readonly log?: 'debug' | 'info' | 'warn' | 'error';
  readonly drain: string;
  readonly role: 'node' | 'prover' | 'giver';
  readonly nats?: string;
  readonly natsCredentials?: string;
  readonly heir?: string;
  readonly give?: string;
  readonly announce?: readonly string[];
}

type Parent = Awaited<ReturnType<Awaited<ReturnType<typeof loadParent>>['startParent']>>;

/** A policy that trusts exactly this node, simulation included if that is what it is. */
export function localPolicy({ ready, enclaves }: Pick<Parent, 'ready' | 'enclaves'>) {
  const roots = enclaves.map((enclave) => enclave.ready.simulatedRoot);
  return {
    version: 1,
    releases: [
      { name: ready.simulatedRoot ? 'this node (SIMULATED)' : 'this node', ...ready.pcrs },
    ],
    simulatedRoots: roots.filter((root) => root !== undefined),
  };
}

/** The addresses of an option in the place of the file's: a pod learns its own only when it starts. */
export function withAnnounced(text: string, announce: readonly string[]): string {
  if (
    announce.some((address) => !/^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/(tcp|udp)\/\d/.test(address))
  ) {
    throw new NmpError('USAGE', '--announce takes multiaddrs, such as /ip4/10.0.0.7/tcp/4720');
  }
  return JSON.stringify({ ...JSON.parse(text), announce });
}

function ended(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

function natsOf({ nats, natsCredentials }: Options) {
  if (nats === undefined) return undefined;
  return { servers: nats, ...(natsCredentials && { credentials: natsCredentials }) };
}

/** A prover, or the giver of a handover, which is in local mode only. */
async function startRole(options: Options, config: NodeConfig): Promise<void> {
  const nats = natsOf(options);
  if (nats === undefined) throw new NmpError('USAGE', `--role ${options.role} needs --nats`);
  if (options.image !== undefined && options.role === 'giver') {
    throw new NmpError('USAGE', '--role giver is of local mode: no image keeps a ledger');
  }
  const { startRoleParent } = await loadRoleParent();
  if (options.role === 'giver' && options.give === undefined) {
    throw new NmpError('USAGE', '--role giver needs --give');
  }
  const driver = await driverOf(options);
  const parent = await startRoleParent({
    ...(driver && { driver }),
    role:
      options.role === 'giver' ? { role: 'giver', name: options.give ?? '' } : { role: 'prover' },
    config,
    configFile: options.config,
    stateDirectory: options.state,
    nats,
  });
  if (options.json) process.stdout.write(`${JSON.stringify(parent.ready)}\n`);
  else {
    if (parent.ready.mode !== 'nitro') {
      remark(
        `SIMULATED: ${parent.ready.mode} mode, no hardware stands behind this ${options.role}.`,
      );
    }
    remark(options.role === 'giver' ? 'ledger and identity are given' : 'proving');
  }
  if (options.role === 'prover') {
    await ended();
    process.exitCode = EXIT.interrupted;
  }
  await parent.stop();
}

async function start(options: Options): Promise<void> {
  const text = await readText(options.config);
  // Judged as it is first: what is wrong in the file is told of the file.
  const written = parseNodeConfig(text, options.config);
  if (options.role !== 'node') return startRole(options, written);
  const nats = natsOf(options);
  const config =
    options.announce === undefined
      ? written
      : parseNodeConfig(withAnnounced(text, options.announce), '--announce');
  const driver = await driverOf(options);
  const drainMs = 1_000 * wholeNumber(options.drain, '--drain', 0, 3_600);
  const { startParent } = await loadParent();
  const parent = await startParent({
    config,
    configFile: options.config,
    stateDirectory: options.state,
    ...(driver && { driver }),
    ...(options.log && { logLevel: options.log }),
    ...(nats && { nats }),
    ...(options.heir && { heir: options.heir }),
    enclaves: wholeNumber(options.enclaves, '--enclaves', 1, 4),
    onEvent: (event) => {
      if (event.type === 'exit') {
        remark(`node ended with code ${event.code}; starting again in ${event.restartInMs} ms`);
      }
    },
  });
  const { ready, address } = parent;
  if (options.writePolicy !== undefined) {
    await mkdir(dirname(options.writePolicy), { recursive: true });
    await writeFile(options.writePolicy, `${JSON.stringify(localPolicy(parent), null, 2)}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ address, ...ready })}\n`);
  else {
    if (ready.simulatedRoot !== undefined) {
      remark(`SIMULATED: ${ready.mode} mode, no hardware stands behind this node.`);
      remark(`simulated root  ${ready.simulatedRoot}`);
    }
    remark(`address         ${address}`);
    if (parent.webSocketAddress !== undefined) {
      remark(`browsers        ${parent.webSocketAddress}`);
    }
    if (parent.enclaves.length > 1) {
      for (const enclave of parent.enclaves) remark(`enclave         ${enclave.address}`);
    }
    for (const [name, value] of Object.entries(ready.pcrs)) remark(`${name}            ${value}`);
    if (options.writePolicy !== undefined) remark(`client policy   ${options.writePolicy}`);
  }
  const signal = await ended();
  // A second signal ends the waiting.
  if (signal === 'SIGTERM' && drainMs > 0) {
    await Promise.race([parent.drain(drainMs), ended()]);
  }
  await parent.stop();
  process.exitCode = EXIT.interrupted;
}

export const registerStart: Register = (program) => {
  const command = program
    .command('start')
    .description('Start a node and its parent: in local mode (SIMULATED), or from an image.')
    .requiredOption('--config <file>', 'nmp.node.json (docs/schemas/nmp.node.schema.json)')
    .option(
      '--state <folder>',
      'simulated root and other state',
      join(homedir(), '.local', 'state', 'nmp-enclave'),
    )
    .option('--write-policy <file>', 'write a client policy that trusts this very node')
    .option(
      '--announce <multiaddr...>',
      'what the mesh is told, in the place of the file’s announce',
    )
    .option('--enclaves <n>', 'enclaves that share the address, 1 to 4 (local mode)', '1')
    .option('--drain <seconds>', 'wait so long after SIGTERM for connections to end', '0')
    .addOption(
      new Option('--log <level>', 'log as JSON lines on stderr').choices([
        'debug',
        'info',
        'warn',
        'error',
      ]),
    )
    .addOption(
      new Option('--role <role>', 'what to start (docs/scale-out.md)')
        .choices(['node', 'prover', 'giver'])
        .default('node'),
    )
    .option('--nats <servers>', 'NATS servers for proof jobs and handovers, e.g. nats://127.0.0.1')
    .option('--nats-credentials <file>', 'credentials for them, as nsc writes them')
    .option('--give <name>', 'a giver: give ledger and identity of --state under this name')
    .option('--heir <name>', 'a node: take over what a giver gives under this name, first')
    .option('--json', 'address and measurements as one JSON line when ready')
    .action(start);
  addImageOptions(command);
};
