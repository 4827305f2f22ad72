/** `nmp console`: one page that shows nodes, their evidence, what is trusted, and calls. */
import { writeFile } from 'node:fs/promises';
import { NmpError } from '../../../shared/errors.ts';
import type { ConsoleApp } from '../../console/app-blocks.ts';
import { collectState } from '../../console/state.ts';
import { createGateway } from '../../mcp/compose.ts';
import { readPolicy } from '../connect.ts';
import { readBounded } from '../files.ts';
import { remark } from '../output.ts';
import { packageFolder } from '../package-folder.ts';
import type { Register } from '../register.ts';
import { TRUST_FILE } from '../trust-path.ts';

interface Options {
  readonly node: readonly string[];
  readonly policy: string;
  readonly trust: string;
  readonly audit?: string;
  readonly port: string;
  readonly export?: string;
  readonly json?: boolean;
}

const AUDIT_BYTES_MAX = 64 * 1024 * 1024;
const LOOK_TIMEOUT_MS = 30_000;

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

/** The page works without its script; who looks at it is told what is missing. */
async function app(): Promise<ConsoleApp | undefined> {
  const { loadConsoleApp } = await import('../../console/load-app.ts');
  const loaded = await loadConsoleApp(packageFolder());
  if (loaded === undefined) {
    remark('the page is without its script (receipts, policy editor, chart): run make build');
  }
  return loaded;
}

async function show(options: Options): Promise<void> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new NmpError('USAGE', '--port takes 0 to 65535');
  }
  const policy = await readPolicy(options.policy);
  const { audit } = options;
  const gateway = createGateway({ policy, nodes: options.node, trustFile: options.trust });
  const collect = async () => {
    const bytes =
      audit === undefined ? new Uint8Array() : await readBounded(audit, AUDIT_BYTES_MAX);
    const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    return collectState(gateway, new TextDecoder().decode(bytes), signal);
  };
  try {
    if (options.json) process.stdout.write(`${JSON.stringify(await collect())}\n`);
    else if (options.export !== undefined) {
      const { renderConsole } = await import('../../console/page.ts');
      await writeFile(options.export, renderConsole(await collect(), false, await app()));
      remark(`written to ${options.export}`);
    } else {
      const { serveConsole } = await import('../../console/serve.ts');
      const server = await serveConsole(collect, port, await app());
      remark(`console at ${server.url}`);
      await interrupted();
      await server.close();
    }
  } finally {
    await gateway.close();
  }
}

const collectAll = (value: string, all: readonly string[]) => [...all, value];

export const registerConsole: Register = (program) => {
  program
    .command('console')
    .description('Show nodes, evidence, trust and calls on one local page.')
    .option('--node <address>', 'node to show (repeatable)', collectAll, [])
    .requiredOption('--policy <file>', 'what you trust')
    .option('--trust <file>', 'where approvals and pins are kept', TRUST_FILE)
    .option('--audit <file>', 'calls as recorded by nmp mcp --audit')
    .option('--port <number>', 'of the page, on 127.0.0.1', '8710')
    .option('--export <file>', 'write the page to a file and end')
    .option('--json', 'what the page shows as one JSON object, and end')
    .action(show);
};
