/** Bundles what runs in browsers. Usage: node scripts/bundle.ts [folder], default dist */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** Licences of the packages that went into a bundle: most ask to travel with copies. */
function notice({ inputs }: Metafile): string {
  const names = Object.keys(inputs).flatMap((file) => {
    const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
    return found?.[1] ?? [];
  });
  return [...new Set(names)]
    .toSorted()
    .map((name) => {
      const folder = join(root, 'node_modules', name);
      const { version, license }: { version: string; license?: string } = JSON.parse(
        readFileSync(join(folder, 'package.json'), 'utf8'),
      );
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
      return `${name} ${version} (${license ?? 'see below'})\n\n${text}\n`;
    })
    .join('\n---\n\n');
}

const out = process.argv[2] ?? join(root, 'dist');
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
} as const;

const WITHIN_BROWSERS: Plugin = {
  name: 'within-browsers',
  setup(hooks) {
    hooks.onResolve({ filter: /mesh\/client-node\.ts$/ }, () => ({
      path: join(root, 'client', 'mesh', 'browser-node.ts'),
    }));
    // zod brings its messages in 50 languages; an error here is a code, and English.
    hooks.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      resolveDir: join(root, 'node_modules', 'zod', 'v4', 'locales'),
    }));
  },
};

/** `nmp-enclave/browser`: the client, and in a chunk of its own what verifies receipts. */
async function buildBrowser(): Promise<void> {
  const folder = join(out, 'browser');
  const { metafile } = await build({
    ...common,
    entryPoints: { client: 'client/browser.ts' },
    outdir: folder,
    splitting: true,
    plugins: [WITHIN_BROWSERS],
  });
  const wasm = 'receipt-verifier.wasm';
  copyFileSync(join(root, 'shared', 'receipt', wasm), join(folder, wasm));
  writeFileSync(join(folder, 'NOTICE'), notice(metafile));
}

/** The console's page; its style is uPlot's. */
async function buildConsole(): Promise<void> {
  const folder = join(out, 'console');
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    ...common,
    entryPoints: { app: 'client/console/app/main.ts' },
    outdir: folder,
    plugins: [WITHIN_BROWSERS],
  });
  const style = join(root, 'node_modules', 'uplot', 'dist', 'uPlot.min.css');
  writeFileSync(join(folder, 'app.css'), readFileSync(style, 'utf8'));
  writeFileSync(join(folder, 'NOTICE'), notice(metafile));
}

await buildConsole();
await buildBrowser();
