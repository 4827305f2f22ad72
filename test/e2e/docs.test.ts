/** The commands of the documentation, run as they stand there; those that need AWS are parsed. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Command, type CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commandsFor } from '../../client/cli/commands.ts';
import { connectHost } from '../support/mcp-host.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
let home: string;

/** A folder that looks like the repository, whose `npx` runs the sources. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nmp-docs-'));
  home = join(folder, 'home');
  for (const made of ['build', 'home', 'bin']) mkdirSync(join(folder, made));
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  for (const linked of ['node_modules', 'client', 'docs']) {
    symlinkSync(join(root, linked), join(folder, linked));
  }
  const nmp = `'${process.execPath}' '${join(root, 'client', 'cli', 'main.ts')}'`;
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const npmStart = scripts.start.replace(/^node \S+/, nmp);
  for (const [name, body] of Object.entries({
    nmp: `exec ${nmp} "$@"`,
    npm: `[ "$*" = start ] && exec ${npmStart}; exit 99`,
    npx: `program="$1"; shift
case "$program" in
  nmp) exec ${nmp} "$@" ;;
  node) exec '${process.execPath}' "$@" ;;
  *) echo "npx $program is not known here" >&2; exit 99 ;;
esac`,
  })) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${body}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function blocks(file: string, language: string): readonly string[] {
  const text = readFileSync(join(root, file === 'README.md' ? '' : 'docs', file), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** `make` targets are tested by running them; here they must exist. */
function isMade(line: string): boolean {
  const target = /^make ([a-z-]+)$/.exec(line)?.[1];
  if (target === undefined) return false;
  expect(readFileSync(join(root, 'Makefile'), 'utf8')).toMatch(new RegExp(`^${target}:`, 'm'));
  return true;
}

/** The shell lines of a page. */
function shellLines(file: string): readonly string[] {
  return blocks(file, 'sh').flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
}

/** Runs the shell blocks of a page in one shell that stops at the first failure. */
async function runPage(file: string): Promise<{ stdout: string; stderr: string }> {
  return runLines(shellLines(file));
}

async function runLines(given: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const lines = given.filter((line) => line !== '' && !isMade(line));
  let script = ['set -e -m', ...lines].join('\n');
  // Ports that something of the reader's may hold are replaced, in the example's files as well.
  for (const port of new Set(script.match(/\b(47|87)\d\d\b/g))) {
    const free = String(await freePort());
    script = script.replaceAll(port, free);
  }
  const ports = [...script.matchAll(/tcp\/(\d+)/g)].map((match) => Number(match[1]));
  for (const config of readdirSync(join(folder, 'examples'), {
    recursive: true,
    encoding: 'utf8',
  })) {
    if (!config.endsWith('nmp.node.json') || !script.includes(`examples/${config}`)) continue;
    const path = join(folder, 'examples', config);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/"port": \d+/, `"port": ${ports[0] ?? 0}`));
  }
  return promisify(execFile)('bash', ['-c', script], {
    cwd: folder,
    timeout: 110_000,
    env: {
      ...process.env,
      HOME: home,
      PATH: `${join(folder, 'bin')}:${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
    },
  });
}

/** Whether the command line takes these words; nothing is run. */
async function parses(words: readonly string[]): Promise<boolean> {
  const program = new Command('nmp');
  for (const register of await commandsFor(words)) register(program);
  let ran = false;
  const tame = (command: Command) => {
    command
      .exitOverride()
      .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0)
      command.action(() => {
        ran = true;
      });
    command.commands.forEach(tame);
  };
  tame(program);
  return program.parseAsync([...words], { from: 'user' }).then(
    () => ran,
    (error: CommanderError) => error.code === 'commander.helpDisplayed',
  );
}

describe('the documentation', { timeout: 120_000 }, () => {
  it('leads from nothing to a verified answer, and to a blocked leak', async () => {
    const { stdout, stderr } = await runPage('quickstart.md');
    expect(stdout).toContain('"meanAge"');
    expect(stderr).toContain('PASS: every check that was asked for holds.');
    expect(stderr).toContain('EGRESS_BLOCKED');
    expect(stdout).toContain('--policy');
  });

  it('uses a node as the front page says', async () => {
    rmSync(join(folder, 'build', 'client-policy.json'), { force: true });
    const lines = shellLines('README.md').filter((line) => !line.startsWith('make '));
    const started = lines.map((line) =>
      line.startsWith('npm start')
        ? 'npm start & until [ -s build/client-policy.json ]; do sleep 0.2; done; : examples/nmp.node.json'
        : line,
    );
    expect(started).not.toEqual(lines);
    const { stdout, stderr } = await runLines([...started, 'kill %1']);
    expect(stdout).toContain('"meanAge"');
    expect(stderr).toContain('PASS: every check that was asked for holds.');
  });

  it('verifies a receipt without node or network', async () => {
    for (const name of ['receipt.bin', 'module.wasm', 'request.json']) {
      cpSync(join(root, 'test', 'vectors', 'receipts', 'sum', name), join(folder, name));
    }
    const { stdout } = await runPage('receipts.md');
    const [verified, inspected] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(verified).toMatchObject({ verified: true, outcome: 'ok' });
    expect(inspected).toMatchObject({ segments: 1 });
  });

  it('seals a dataset with a key from a file', async () => {
    const table = 'id,value\n1,a value that chance does not write\n';
    writeFileSync(join(folder, 'lab-results.csv'), table);
    // The other way asks a key service, and has a test of its own (e2e/kms).
    const lines = shellLines('sealed-datasets.md').filter((line) =>
      /^openssl|--key-file/.test(line),
    );
    expect(lines).toHaveLength(2);
    await runLines(lines);
    expect(readFileSync(join(folder, 'lab-results.sealed')).includes('that chance')).toBe(false);
  });

  it('names only commands and options that there are', async () => {
    const pages = [
      'README.md',
      ...readdirSync(join(root, 'docs')).filter((f) => f.endsWith('.md')),
    ];
    const lines = pages.flatMap((page) => shellLines(page).map((line) => ({ page, line })));
    const commands = lines.flatMap(({ page, line }) => {
      const words = /^(?:! )?(?:npx )?nmp (.*?)(?: *[#&<|>].*)?$/.exec(line.trim())?.[1];
      return words === undefined ? [] : [{ page, words: words.trim().split(/ +/) }];
    });
    expect(commands.length).toBeGreaterThan(20);
    for (const { page, words } of commands) {
      expect(await parses(words), `${page}: nmp ${words.join(' ')}`).toBe(true);
    }
    expect(await parses(['run', '--nod', 'x'])).toBe(false);
  });

  it('has two whole examples: sealed FHIR resources, and fraud counts until the budget is spent', async () => {
    const { stdout, stderr } = await runPage('examples.md');
    expect(stdout.match(/"meanSystolic"/g)).toHaveLength(2);
    expect(stdout.match(/"frauds"/g)).toHaveLength(3);
    expect(stderr.match(/PASS: every check that was asked for holds\./g)).toHaveLength(4);
    expect(stderr.match(/EGRESS_QUOTA/g)).toHaveLength(1);
    // Nothing of the plaintext lies where the node was started from.
    const sealed = readFileSync(join(folder, 'build', 'fhir-cohort', 'patients.sealed'), 'latin1');
    expect(sealed).not.toContain('resourceType');
  });

  it('shows an egress policy that lint finds nothing weak in', async () => {
    const { stdout } = await runPage('policies.md');
    expect(stdout).toContain('$.canaries');
    expect(stdout).not.toContain('weak');
  });

  it('shows commands of the bridge that run', async () => {
    const { stdout, stderr } = await runPage('mcp.md');
    expect(stderr).toContain('120 rows of stays written');
    expect(stdout).toContain('"stays": 40');
  });

  it('teaches to write logic that builds, and that runs where the data is', async () => {
    for (const language of ['ts', 'js']) {
      const [logic = ''] = blocks('write-logic.md', language);
      writeFileSync(join(folder, `mean-amount.${language}`), logic);
    }
    rmSync(join(folder, 'build', 'client-policy.json'), { force: true });
    const { stdout, stderr } = await runPage('write-logic.md');
    expect(stdout).toMatch(/mean-amount\.wasm\n.*\n.*\n {2}guardian accept/);
    expect(stdout).toMatch(/mean-amount\.js\n.*\n.*\n {2}engine .*\n {2}guardian accept/);
    expect(stdout).toContain('"fraudShare"');
    expect(stderr).toContain('PASS: every check that was asked for holds.');
  });

  it('has lines for hosts that start the bridge', async () => {
    const server = z.object({ command: z.string(), args: z.array(z.string()) });
    const host = z.union([
      z.object({ mcpServers: z.object({ nmp: server }) }).transform((v) => v.mcpServers.nmp),
      z.object({ servers: z.object({ nmp: server }) }).transform((v) => v.servers.nmp),
    ]);
    const policy = join(folder, 'policy.json');
    const hex = (digit: string) => digit.repeat(96);
    const releases = [{ pcr0: hex('a'), pcr1: hex('b'), pcr2: hex('c') }];
    writeFileSync(policy, JSON.stringify({ version: 1, releases }));
    const snippets = blocks('mcp.md', 'json').filter((block) => block.includes('"command"'));
    expect(snippets).toHaveLength(2);
    for (const snippet of snippets) {
      const { command, args } = host.parse(JSON.parse(snippet));
      expect(command).toBe('/path/to/nmp-enclave/node_modules/.bin/node');
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: args.map((arg) =>
          arg
            .replace(
              '/path/to/nmp-enclave/dist/client/cli/main.js',
              join(root, 'client/cli/main.ts'),
            )
            .replace('/path/to/client-policy.json', policy)
            .replace('/path/to/folder-with-logic', folder),
        ),
        env: { ...process.env, HOME: home },
        stderr: 'ignore',
      });
      const connected = await connectHost(transport);
      expect((await connected.client.listTools()).tools).toHaveLength(6);
      await connected.close();
    }
  });
});
