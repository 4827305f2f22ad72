/** `nmp mcp`: the bridge for an MCP host. stdout carries the protocol and nothing else. */
import { appendFileSync } from 'node:fs';
import type { McpServer } from '@modelcontextprotocol/server';
import { toBase64Url } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { type ClientPolicy, parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';
import { cleanText } from '../../mcp/clean-text.ts';
import type { Gateway } from '../../mcp/gateway.ts';
import { readText } from '../files.ts';
import { remark } from '../output.ts';
import { packageVersion } from '../package-folder.ts';
import type { Register } from '../register.ts';
import { TRUST_FILE } from '../trust-path.ts';

const PROJECT_TIMEOUT_MS = 60_000;

interface Options {
  readonly node: readonly string[];
  readonly policy?: string;
  readonly trust: string;
  readonly audit?: string;
  readonly logic?: string;
  readonly http?: string;
  readonly allowRemote?: boolean;
  readonly hostName: readonly string[];
  readonly project: readonly string[];
  readonly fixture?: boolean;
}

async function policyOf(file: string | undefined): Promise<ClientPolicy | undefined> {
  return file === undefined ? undefined : parseClientPolicy(await readText(file), file);
}

/** `127.0.0.1:8700`, `[::1]:8700`, `localhost:0`. */
function addressOf(text: string): { host: string; port: number } {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  const host = found?.[1] ?? found?.[2];
  if (host === undefined || port > 65_535) throw new NmpError('USAGE', '--http takes HOST:PORT');
  return { host, port };
}

const PARENT_POLL_MS = 500;

/** Resolves when the host goes away or somebody ends the process. */
function ended(withStdin: boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = () => resolve();
    if (withStdin) {
      process.stdin.once('end', end);
      process.stdin.once('close', end);
    }
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
    // npx does not pass signals on; whoever ended it meant this process.
    if (process.env.npm_command === 'exec') {
      const parent = process.ppid;
      setInterval(() => {
        if (process.ppid !== parent) end();
      }, PARENT_POLL_MS).unref();
    }
  });
}

const onError = (error: Error) =>
  remark(JSON.stringify({ event: 'error', message: cleanText(error.message, 200) }));

async function serve(options: Options, gateway: Gateway): Promise<void> {
  const { createBridgeFactory } = await import('../../mcp/bridge.ts');
  const version = packageVersion();
  let changed: (list: 'tools' | 'prompts') => void = () => undefined;
  const { Projection } = await import('../../mcp/project.ts');
  const projection = new Projection(gateway, options.project);
  let extend = (server: McpServer) => projection.attach(server);
  /** After the first answers are out: no host waits for the mesh. */
  const project = async () => {
    if (options.project.length === 0) return;
    await projection.refresh(AbortSignal.timeout(PROJECT_TIMEOUT_MS));
    remark(JSON.stringify({ event: 'projected', tools: projection.names }));
    changed('tools');
  };
  if (options.fixture) {
    const { registerFixture } = await import('../../mcp/fixture/index.ts');
    remark('--fixture: tools of the conformance suite are offered besides; not for use');
    extend = (server) => {
      projection.attach(server);
      registerFixture(server, {
        codec: gateway.approvalCodec,
        pause: gateway.components.sleep,
        changed: (list) => changed(list),
      });
    };
  }
  const factory = createBridgeFactory(gateway, { version }, extend);
  if (options.http === undefined) {
    const { serveStdio } = await import('@modelcontextprotocol/server/stdio');
    const handle = serveStdio(factory, { onerror: onError });
    project().catch(onError);
    await ended(true);
    await handle.close();
    return;
  }
  const { startHttp } = await import('../../mcp/http.ts');
  const mintId = () => toBase64Url(systemRandom.bytes(32));
  const bridge = await startHttp({ clock: systemClock, mintId, onError }, factory, {
    ...addressOf(options.http),
    allowRemote: options.allowRemote ?? false,
    hostNames: options.hostName,
  });
  changed = (list) => {
    if (list === 'tools') bridge.notify.toolsChanged();
    else bridge.notify.promptsChanged();
  };
  remark(`listening at ${bridge.url}`);
  project().catch(onError);
  await ended(false);
  await bridge.close();
}

async function mcp(options: Options): Promise<void> {
  const { createGateway } = await import('../../mcp/compose.ts');
  const policy = await policyOf(options.policy);
  if (policy === undefined) remark('no --policy: tools are listed, but every call is refused');
  const gateway = createGateway({
    nodes: options.node,
    trustFile: options.trust,
    // Over stdio the host runs as this user anyhow; over HTTP a folder must be named.
    ...(options.http === undefined ? { logicFolder: options.logic ?? process.cwd() } : {}),
    ...(options.logic === undefined ? {} : { logicFolder: options.logic }),
    audit: (event) => {
      const at = new Date(systemClock.nowMs()).toISOString();
      const line = JSON.stringify({ event: 'call', at, ...event });
      remark(line);
      if (options.audit !== undefined) appendFileSync(options.audit, `${line}\n`, { mode: 0o600 });
    },
    ...(policy === undefined ? {} : { policy }),
  });
  try {
    await serve(options, gateway);
  } finally {
    await gateway.close();
  }
}

const collect = (value: string, all: readonly string[]) => [...all, value];

export const registerMcp: Register = (program) => {
  program
    .command('mcp')
    .description('Bridge for an MCP host: six tools over stdio; each answer verified here.')
    .option('--node <address>', 'node to use, and no others (repeatable)', collect, [])
    .option('--policy <file>', 'what you trust; without it every call is refused')
    .option('--trust <file>', 'where approvals and pins are kept', TRUST_FILE)
    .option('--audit <file>', 'append a line for each call: code, ids and hashes, no data')
    .option(
      '--logic <folder>',
      'folder from which logic files may be named; default: this one, over HTTP none',
    )
    .option('--http <host:port>', 'streamable HTTP instead of stdio')
    .option('--allow-remote', 'with --http: listen where other machines can call')
    .option(
      '--host-name <name>',
      'with --http: name by which others call (repeatable)',
      collect,
      [],
    )
    .option(
      '--project <capability>',
      'offer this installed capability as a tool of its own too (repeatable)',
      collect,
      [],
    )
    .option('--fixture', 'offer the tools of the MCP conformance suite besides')
    .action(mcp);
};
