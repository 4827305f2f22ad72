/** `nmp mcp`: the bridge for an MCP host. stdout carries the protocol and nothing else. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ClientPolicy, parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import { readText } from '../files.ts';
import { remark } from '../output.ts';
import { packageVersion } from '../package-folder.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly node: readonly string[];
  readonly policy?: string;
  readonly trust: string;
  readonly logic?: string;
}

async function policyOf(file: string | undefined): Promise<ClientPolicy | undefined> {
  return file === undefined ? undefined : parseClientPolicy(await readText(file), file);
}

async function mcp(options: Options): Promise<void> {
  const [{ createBridgeFactory }, { createGateway }, { serveStdio }] = await Promise.all([
    import('../../mcp/bridge.ts'),
    import('../../mcp/compose.ts'),
    import('@modelcontextprotocol/server/stdio'),
  ]);
  const policy = await policyOf(options.policy);
  if (policy === undefined) remark('no --policy: tools are listed, but every call is refused');
  const gateway = createGateway({
    nodes: options.node,
    trustFile: options.trust,
    logicFolder: options.logic ?? process.cwd(),
    audit: (event) => remark(JSON.stringify({ event: 'blocked', ...event })),
    ...(policy === undefined ? {} : { policy }),
  });
  const factory = createBridgeFactory(gateway, { version: packageVersion() });
  const ended = Promise.withResolvers<void>();
  process.stdin.once('end', () => ended.resolve());
  process.stdin.once('close', () => ended.resolve());
  process.once('SIGINT', () => ended.resolve());
  process.once('SIGTERM', () => ended.resolve());
  const handle = serveStdio(factory, { onerror: (error) => remark(error.message) });
  await ended.promise;
  await handle.close();
  await gateway.close();
}

const collect = (value: string, all: readonly string[]) => [...all, value];

export const registerMcp: Register = (program) => {
  program
    .command('mcp')
    .description('Bridge for an MCP host: six tools over stdio; each answer verified here.')
    .option('--node <address>', 'node to use, and no others (repeatable)', collect, [])
    .option('--policy <file>', 'what you trust; without it every call is refused')
    .option(
      '--trust <file>',
      'where approvals and pins are kept',
      join(homedir(), '.config', 'nmp', 'trust.json'),
    )
    .option('--logic <folder>', 'folder from which logic files may be named; default: this one')
    .action(mcp);
};
