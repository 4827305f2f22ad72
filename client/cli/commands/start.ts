/** `nmp start`: starts a node and its parent, in local mode or from an image, until interrupted. */
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { EXIT } from '../../../shared/errors.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { addImageOptions, driverOf, type ImageOptions } from '../enclave-driver.ts';
import { readText } from '../files.ts';
import { loadParent } from '../node-side.ts';
import { remark } from '../output.ts';
import type { Register } from '../register.ts';

interface Options extends ImageOptions {
  readonly config: string;
  readonly state: string;
  readonly writePolicy?: string;
  readonly json?: boolean;
}

type Parent = Awaited<ReturnType<Awaited<ReturnType<typeof loadParent>>['startParent']>>;

/** A policy that trusts exactly this node, simulation included if that is what it is. */
export function localPolicy({ ready }: Pick<Parent, 'ready'>): Record<string, unknown> {
  return {
    version: 1,
    releases: [
      { name: ready.simulatedRoot ? 'this node (SIMULATED)' : 'this node', ...ready.pcrs },
    ],
    simulatedRoots: ready.simulatedRoot === undefined ? [] : [ready.simulatedRoot],
  };
}

async function start(options: Options): Promise<void> {
  const config = parseNodeConfig(await readText(options.config), options.config);
  const driver = await driverOf(options);
  const { startParent } = await loadParent();
  const parent = await startParent({
    config,
    configFile: options.config,
    stateDirectory: options.state,
    ...(driver && { driver }),
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
    for (const [name, value] of Object.entries(ready.pcrs)) remark(`${name}            ${value}`);
    if (options.writePolicy !== undefined) remark(`client policy   ${options.writePolicy}`);
  }
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
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
    .option('--json', 'address and measurements as one JSON line when ready')
    .action(start);
  addImageOptions(command);
};
