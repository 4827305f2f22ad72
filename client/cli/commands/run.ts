/** `nmp run`: sends a module to the data. */
import { NmpError } from '../../../shared/errors.ts';
import type { GuestAbi, RunRequest } from '../../nmp-client.ts';
import { printAnswer, printRefusal } from '../answer.ts';
import { createCliClient, readPolicy } from '../connect.ts';
import { readBounded, readJson } from '../files.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly node: string;
  readonly dataset: readonly string[];
  readonly capability?: string;
  readonly module: string;
  readonly abi?: string;
  readonly import: readonly string[];
  readonly input?: string;
  readonly policy: string;
  readonly timeout: string;
  readonly json?: boolean;
}

const MODULE_BYTES_MAX = 10 * 1024 * 1024;

const isAbi = (text: string): text is GuestAbi =>
  ['pure', 'wasi-p1', 'wasi-p2', 'component', 'javascript'].includes(text);

/** `patients` or `patients:sex,birth_date`. */
function datasetOf(text: string): { id: string; columns?: readonly string[] } {
  const [id = '', columns] = text.split(':', 2);
  return columns === undefined ? { id } : { id, columns: columns.split(',') };
}

async function run(options: Options): Promise<void> {
  const abi = options.abi ?? (options.module.endsWith('.js') ? 'javascript' : 'pure');
  if (!isAbi(abi)) {
    throw new NmpError('USAGE', '--abi takes pure, wasi-p1, wasi-p2, component or javascript');
  }
  const policy = await readPolicy(options.policy);
  const request: RunRequest = {
    module: await readBounded(options.module, MODULE_BYTES_MAX),
    args: options.input === undefined ? {} : await readJson(options.input),
    abi,
    imports: options.import,
    ...(options.capability === undefined ? {} : { capability: options.capability }),
    ...(options.dataset.length === 0 ? {} : { datasets: options.dataset.map(datasetOf) }),
  };
  await using client = createCliClient({ policy });
  const timeoutMs = Number(options.timeout) * 1000;
  const peer = await client.connect(options.node, { timeoutMs });
  try {
    printAnswer(await client.run(peer, request, { timeoutMs }), options.json);
  } catch (error) {
    printRefusal(error, options.json);
  }
}

const collect = (value: string, all: readonly string[]) => [...all, value];

export const registerRun: Register = (program) => {
  program
    .command('run')
    .description('Send a module to the data, and release the answer only with its evidence.')
    .requiredOption('--node <address>', 'multiaddr of the node, with /p2p/… if known')
    .requiredOption('--module <file>', 'the module, or the text of plain JavaScript logic')
    .option(
      '--dataset <id[:columns]>',
      'dataset, with columns if not all (repeatable)',
      collect,
      [],
    )
    .option('--capability <name>', 'capability under whose rules it runs')
    .option(
      '--abi <abi>',
      'pure, wasi-p1, wasi-p2, component or javascript; default: javascript for a .js file, else pure',
    )
    .option(
      '--import <name>',
      'what the module imports of WASI: clock, random, env, args, fs, poll, fd (repeatable)',
      collect,
      [],
    )
    .option('--input <file>', 'arguments, JSON; default: {}')
    .requiredOption('--policy <file>', 'what you trust')
    .option('--timeout <seconds>', 'for the whole call', '30')
    .option('--json', 'one JSON object')
    .action(run);
};
