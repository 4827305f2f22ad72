/** Writes docs/errors.md from the table of error codes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorEntry } from '../shared/errors.ts';

export function errorDocs(): string {
  const entries = Object.entries<ErrorEntry>(ERROR_CODES).sort(([a], [b]) => (a < b ? -1 : 1));
  const stages = [...new Set(entries.map(([, entry]) => entry.stage))].sort();
  const lines = [
    '# Error codes',
    '',
    'Every failure that this project names, by the stage it belongs to: cause, remedy and the exit',
    'code of the command line. Written from `shared/errors/` by `scripts/error-docs.ts`.',
    '',
  ];
  for (const stage of stages) {
    lines.push(`## ${stage}`, '', '| code | cause | remedy | exit |', '|---|---|---|---|');
    for (const [code, entry] of entries) {
      if (entry.stage !== stage) continue;
      lines.push(
        `| <a id="${code.toLowerCase()}"></a>\`${code}\` | ${entry.cause} | ${entry.remedy} | ${entry.exit} |`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '..', 'docs', 'errors.md');
  writeFileSync(file, errorDocs());
  process.stderr.write(`${readFileSync(file, 'utf8').split('\n').length} lines written\n`);
}
