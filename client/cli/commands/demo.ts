/** `nmp demo`: the whole promise on this machine, with synthetic records and simulated hardware. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pc from 'picocolors';
import { EXIT } from '../../../shared/errors.ts';
import { parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { renderHtml } from '../../verify/render-html.ts';
import type { ProvingNode } from '../demo/receipt.ts';
import { playScenes, type SceneResult } from '../demo/scene.ts';
import { scenesOf } from '../demo/scenes.ts';
import { readText } from '../files.ts';
import { loadParent } from '../node-side.ts';
import { remark, stdoutTakesColor } from '../output.ts';
import { packageFolder } from '../package-folder.ts';
import type { Register } from '../register.ts';
import { localPolicy } from './start.ts';

interface Options {
  readonly out: string;
  readonly json?: boolean;
  readonly storedProof?: boolean;
}

function sceneLine(result: SceneResult, elapsedMs: number): string {
  const colors = pc.createColors(stdoutTakesColor());
  const mark = result.held ? colors.green('✓') : colors.red('✗');
  return `${mark} ${result.title}\n    ${result.verdict}  (${elapsedMs.toFixed(0)} ms)`;
}

/** A node beside the first one, of the example whose capability offers proofs. */
async function startProving(folder: string, stateDirectory: string): Promise<ProvingNode> {
  remark('proving: some 12 s where the processor has AVX-512, minutes where it has no vectors …');
  const configFile = join(folder, 'receipt', 'nmp.node.json');
  const config = {
    ...parseNodeConfig(await readText(configFile), configFile),
    listen: { host: '127.0.0.1', port: 0 },
  };
  const { startParent } = await loadParent();
  const parent = await startParent({ config, configFile, stateDirectory });
  const policy = parseClientPolicy(JSON.stringify(localPolicy(parent)), 'demo policy');
  return { address: parent.address, policy, stop: () => parent.stop() };
}

/** Whether this package has what a node proves with; a published one has not. */
function canProve(): boolean {
  const files = [join('build', 'native', 'nmp-zk-prover'), join('native', 'zk', 'guest.bin')];
  return files.every((file) => existsSync(join(packageFolder(), file)));
}

async function demo(options: Options): Promise<void> {
  const folder = join(packageFolder(), 'examples');
  const configFile = join(folder, 'nmp.node.json');
  // Any free port: a node of the reader's own may hold the usual one.
  const config = {
    ...parseNodeConfig(await readText(configFile), configFile),
    listen: { host: '127.0.0.1', port: 0 },
  };
  const stateDirectory = await mkdtemp(join(tmpdir(), 'nmp-demo-'));
  const { startParent } = await loadParent();
  remark('SIMULATED: everything runs on this machine, no hardware stands behind the evidence.');
  remark('starting parent, enclave process and sandbox …');
  const parent = await startParent({ config, configFile, stateDirectory });
  try {
    const port = Number(/\/tcp\/(\d+)\//.exec(parent.address)?.[1]);
    const policy = parseClientPolicy(JSON.stringify(localPolicy(parent)), 'demo policy');
    const stage = {
      ...{ folder, address: parent.address, host: '127.0.0.1', port, policy },
      startProving:
        options.storedProof || !canProve()
          ? undefined
          : () => startProving(folder, join(stateDirectory, 'proving')),
    };
    const results = await playScenes(
      scenesOf(stage),
      (result, elapsedMs) => {
        if (!options.json) process.stdout.write(`${sceneLine(result, elapsedMs)}\n`);
      },
      () => systemClock.monotonicMs(),
    );
    const page = renderHtml(
      results.map(({ title, verdict, held, report }) => ({
        title: `${held ? '✓' : '✗'} ${title}`,
        summary: verdict,
        ...(report === undefined ? {} : { report }),
      })),
    );
    const report = resolve(options.out);
    await mkdir(dirname(report), { recursive: true });
    await writeFile(report, page);
    const held = results.every((result) => result.held);
    if (options.json) {
      process.stdout.write(
        `${JSON.stringify({ simulated: true, held, report, scenes: results })}\n`,
      );
    } else {
      process.stdout.write(`report: ${report}\n`);
    }
    process.exitCode = held ? EXIT.ok : EXIT.internal;
  } finally {
    await parent.stop();
    await rm(stateDirectory, { recursive: true, force: true });
  }
}

export const registerDemo: Register = (program) => {
  program
    .command('demo')
    .description('Show the whole promise on synthetic records (SIMULATED).')
    .option('--out <file>', 'where the HTML report goes', join('build', 'demo-report.html'))
    .option('--stored-proof', 'show the stored ZK receipt even if a prover is built')
    .option('--json', 'one JSON object')
    .action(demo);
};
