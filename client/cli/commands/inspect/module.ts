/** `nmp inspect module`: sections, imports and exports of a module or component, as decoded. */

import { loadGuard } from '../../node-side.ts';
import type { Register } from '../../register.ts';
import { readModule } from '../guard.ts';

const CORE_SECTIONS = [
  'custom',
  'type',
  'import',
  'function',
  'table',
  'memory',
  'global',
  'export',
  'start',
  'element',
  'code',
  'data',
  'data count',
];
const COMPONENT_SECTIONS = [
  'custom',
  'core module',
  'core instance',
  'core type',
  'component',
  'instance',
  'alias',
  'type',
  'canon',
  'start',
  'import',
  'export',
];
/** Numbers a section record has: depth, id, start, end, count. */
const RECORD = 5;

interface Row {
  readonly depth: number;
  readonly id: number;
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

function rows(sections: readonly number[]): Row[] {
  return Array.from({ length: sections.length / RECORD }, (_, index) => {
    const [depth = 0, id = 0, start = 0, end = 0, count = 0] = sections.slice(
      index * RECORD,
      (index + 1) * RECORD,
    );
    return { depth, id, start, end, count };
  });
}

export const registerInspectModule: Register = (inspect) => {
  inspect
    .command('module')
    .description('Show the sections, imports and exports of a WebAssembly module or component.')
    .argument('<file>', 'module or component')
    .option('--json', 'one JSON object')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const guard = await loadGuard();
      const bytes = await readModule(file);
      const component = guard.isComponent(bytes);
      const info = component ? guard.emptyComponent() : guard.emptyModule();
      // What was read before a break in the grammar is shown all the same; the verdict tells of it.
      let whole = true;
      try {
        if ('modules' in info) guard.decodeComponent(bytes, info);
        else guard.decodeModule(bytes, info, 0, bytes.length, 0);
      } catch {
        whole = false;
      }
      const { verdict, reasons } = guard
        .createGuardian({ authority: guard.authority }, { policy: guard.DEFAULT_POLICY })
        .judge(bytes, { capabilities: [] });
      const imports = info.imports.map(({ name, kind, ...rest }) =>
        'module' in rest ? { module: rest.module, name, kind } : { name, kind },
      );
      const exports =
        info.exports instanceof Map
          ? [...info.exports].map(([name, { kind }]) => ({ name, kind }))
          : info.exports.map(({ name, kind }) => ({ name, kind }));
      const sections = rows(info.sections);
      const kind = component ? 'component' : 'module';
      if (options.json === true) {
        const out = {
          file,
          kind,
          bytes: bytes.length,
          whole,
          verdict,
          reasons,
          sections,
          imports,
          exports,
        };
        process.stdout.write(`${JSON.stringify(out)}\n`);
        return;
      }
      const lines = [
        `${kind} of ${bytes.length} bytes; without capabilities: ${verdict} ${reasons.join(' ')}`,
      ];
      for (const { depth, id, start, end, count } of sections) {
        const names = component && depth === 0 ? COMPONENT_SECTIONS : CORE_SECTIONS;
        const title = component && depth > 0 ? `section ${id}` : (names[id] ?? `section ${id}`);
        lines.push(`${'  '.repeat(depth + 1)}${title.padEnd(14)} ${start}..${end}  ${count}`);
      }
      // Names come from the module: quoted, so that none can act on a terminal.
      for (const item of imports) lines.push(`  import ${JSON.stringify(item)}`);
      for (const item of exports) lines.push(`  export ${JSON.stringify(item)}`);
      process.stdout.write(`${lines.join('\n')}\n`);
    });
};
