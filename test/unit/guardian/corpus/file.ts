import { CORPUS } from './all.ts';

/** Longer modules are left out; they are made by repetition and say nothing that short ones do not. */
const WASM_BYTES_MAX = 2048;

/** The corpus as JSON: theme, name, module in base64, manifest, changed policy members, verdict. */
export function corpusFile(): string {
  const rows = Object.entries(CORPUS).flatMap(([theme, cases]) =>
    cases
      .filter(({ wasm }) => wasm.length <= WASM_BYTES_MAX)
      .map((one) =>
        JSON.stringify({
          theme,
          name: one.name,
          wasm: Buffer.from(one.wasm).toString('base64'),
          manifest: one.manifest ?? { capabilities: [] },
          policy: one.policy ?? {},
          reasons: [...one.reasons].sort(),
          flags: one.flags ?? [],
          notFlags: one.notFlags ?? [],
        }),
      ),
  );
  return `[\n${rows.join(',\n')}\n]\n`;
}
