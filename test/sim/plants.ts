/**
 * Bugs planted on purpose, each as a change of one line of the production code while it is loaded:
 * a simulation that did not find them would be worth nothing.
 */
import { registerHooks } from 'node:module';

const PLANTS = {
  'skip-a-check': {
    file: '/shared/attestation/verify.ts',
    line: "return checkBytes('binding', 'ATTESTATION_BINDING', expected?.userData, userData);",
    instead: "return skipped('binding', 'planted');",
  },
  'reuse-a-nonce': {
    file: '/shared/wire/record-key.ts',
    line: 'return this.#sequence++;',
    instead: 'return this.#sequence;',
  },
  'release-before-verify': {
    file: '/client/one-call.ts',
    line: 'if (failure !== undefined) throw failure;',
    instead: 'void failure;',
  },
  'take-any-receipt': {
    file: '/shared/receipt/verify.ts',
    line: 'if (wrong !== undefined) throw new NmpError(wrong);',
    instead: 'void wrong;',
  },
  'take-any-spool': {
    file: '/enclave/prove/spool.ts',
    line: 'if (opened.sequence < least) throw fault();',
    instead: 'void least;',
  },
} as const;

/** Puts seal.ts of this folder in the place of the verifier of STARKs, for what is loaded from then on. */
export function standInForSeals(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const meant = specifier === './seal.ts' && context.parentURL?.endsWith('/receipt/verify.ts');
      return next(meant ? new URL('seal.ts', import.meta.url).href : specifier, context);
    },
  });
}

export type Plant = keyof typeof PLANTS;
export const PLANT_NAMES = Object.keys(PLANTS) as Plant[];

/** Plants a bug into what is loaded from then on. @throws Error if the line is not there */
export function plant(name: Plant): void {
  const { file, line, instead } = PLANTS[name];
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.endsWith(file)) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      if (source.split(line).length !== 2) throw new Error(`${file} has no single line: ${line}`);
      return { ...loaded, source: source.replace(line, instead) };
    },
  });
}
