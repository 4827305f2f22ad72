/** `nmp wrap`: fills a dataset of a node from a tool of an existing MCP server. */
import { rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { NmpError } from '../../../shared/errors.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import type { WrappedDataset } from '../../mcp/wrap.ts';
import { readJson, readText } from '../files.ts';
import { remark } from '../output.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly config: string;
  readonly dataset: string;
  readonly tool: string;
  readonly arguments?: string;
  readonly rows?: string;
  readonly json?: boolean;
}

async function datasetOf(options: Options): Promise<WrappedDataset> {
  const config = parseNodeConfig(await readText(options.config), options.config);
  const dataset = config.datasets.find(({ id }) => id === options.dataset);
  if (dataset === undefined) throw new NmpError('DATA_UNKNOWN');
  if (dataset.format !== 'ndjson') {
    throw new NmpError('USAGE', 'only a dataset of the format ndjson can be filled');
  }
  return dataset;
}

async function argumentsOf(file: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const value = await readJson(file);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new NmpError('USAGE', `${file}: not a JSON object`);
  }
  return { ...value };
}

async function wrap(command: readonly string[], options: Options): Promise<void> {
  const [program, ...args] = command;
  if (program === undefined) throw new NmpError('USAGE', 'give the MCP server as a command');
  const dataset = await datasetOf(options);
  const [{ wrapTool }, { StdioClientTransport }] = await Promise.all([
    import('../../mcp/wrap.ts'),
    import('@modelcontextprotocol/client/stdio'),
  ]);
  const transport = new StdioClientTransport({ command: program, args, stderr: 'inherit' });
  const text = await wrapTool(
    transport,
    {
      tool: options.tool,
      arguments: await argumentsOf(options.arguments),
      ...(options.rows === undefined ? {} : { rows: options.rows }),
    },
    dataset,
  );
  const file = resolve(dirname(options.config), dataset.path);
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
  const rows = text.split('\n').length - 1;
  remark(`${rows} rows of ${dataset.id} written; start or restart the node to take them up`);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ dataset: dataset.id, file, rows })}\n`);
  }
}

export const registerWrap: Register = (program) => {
  program
    .command('wrap')
    .description('Fill a dataset of a node from a tool of an existing MCP server.')
    .argument('<command...>', 'the MCP server (stdio), after --')
    .requiredOption('--config <file>', 'nmp.node.json that declares dataset and capability')
    .requiredOption('--dataset <id>', 'dataset to fill; its format is ndjson')
    .requiredOption('--tool <name>', 'tool that returns the rows')
    .option('--arguments <file>', 'arguments of the tool, JSON; default: {}')
    .option('--rows <path>', "where the rows are in the tool's result, as a.b; default: the result")
    .option('--json', 'one JSON object')
    .action(wrap);
};
