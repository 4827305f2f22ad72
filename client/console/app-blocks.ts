/** The page's script and what it reads, embedded, and the policy under which a browser runs them. */
import { createHash } from 'node:crypto';
import { type AppData, BLOCKS } from './app/data.ts';
import type { ConsoleState } from './state.ts';

export interface ConsoleApp {
  readonly script: string;
  readonly style: string;
  /** receipt-verifier.wasm, gzipped, in base64. */
  readonly verifier: string;
}

/**
 * The Content Security Policy of the page: this very script by its hash and no other, WebAssembly,
 * no network. `data:` images and fonts are not needed.
 */
export function pagePolicy(app: ConsoleApp | undefined): string {
  const scripts =
    app === undefined
      ? ''
      : `script-src 'sha256-${createHash('sha256').update(app.script).digest('base64')}' 'wasm-unsafe-eval'; `;
  return `default-src 'none'; ${scripts}style-src 'unsafe-inline'; form-action 'self'`;
}

export function dataBlocks(app: ConsoleApp, { policy, history }: ConsoleState): string {
  const data: AppData = { policy: `${JSON.stringify(policy, undefined, 2)}\n`, history };
  // `<` would let a string end the block.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return [
    `<script type="application/json" id="${BLOCKS.data}">${json}</script>`,
    `<script type="text/plain" id="${BLOCKS.verifier}">${app.verifier}</script>`,
    `<script type="module">${app.script}</script>`,
  ].join('\n');
}
