/** `nmp scan`: what the egress filter's detectors find in documents, one JSON line each. */
import { createInterface } from 'node:readline';
import { EXIT, NmpError } from '../../../shared/errors.ts';
import { parseEgressPolicy } from '../../../shared/policy/egress-policy.ts';
import { bodyOf } from '../documents.ts';
import { readBounded } from '../files.ts';
import { loadEgress } from '../node-side.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly policy?: string;
  readonly table?: string;
  readonly json?: boolean;
}

const TABLE_BYTES_MAX = 256 * 1024 * 1024;
const POLICY_BYTES_MAX = 1024 * 1024;

/** Keys that the policy restricts beyond the strict default. */
async function keysOf(file: string | undefined): Promise<readonly string[]> {
  if (file === undefined) return [];
  const bytes = await readBounded(file, POLICY_BYTES_MAX);
  return parseEgressPolicy(new TextDecoder().decode(bytes), file).restrictedKeys ?? [];
}

/** Every scalar of the rows as text, and the row of each. */
async function cellsOf(file: string): Promise<{ cells: string[]; rows: Uint32Array }> {
  const text = new TextDecoder().decode(await readBounded(file, TABLE_BYTES_MAX));
  const cells: string[] = [];
  const rows: number[] = [];
  text.split('\n').forEach((line, at) => {
    if (line.trim() === '') return;
    try {
      const pending: unknown[] = [JSON.parse(line)];
      for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
        if (typeof value === 'object' && value !== null) pending.push(...Object.values(value));
        else if (typeof value === 'string' || typeof value === 'number') {
          cells.push(String(value));
          rows.push(at);
        }
      }
    } catch (cause) {
      throw new NmpError('USAGE', `${file}: line ${at + 1}: not JSON`, { cause });
    }
  });
  return { cells, rows: Uint32Array.from(rows) };
}

async function scan(options: Options): Promise<void> {
  const { loadScanner } = await loadEgress();
  const scanner = loadScanner();
  const keys = await keysOf(options.policy);
  const table = options.table === undefined ? undefined : await cellsOf(options.table);
  const index = table === undefined ? undefined : scanner.indexCells(table.cells, table.rows);
  let at = 0;
  let anyBlocked = false;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    at++;
    if (line.trim() === '') continue;
    const { id, body } = bodyOf(line, at);
    const { findings, undecodable } = scanner.scan(body, keys, index === undefined ? [] : [index]);
    const types = [...new Set(findings.map((finding) => finding.kind))].sort();
    if (undecodable) types.push('UNDECODABLE');
    const blocked = types.length > 0;
    anyBlocked ||= blocked;
    const path = findings[0]?.path ?? null;
    process.stdout.write(`${JSON.stringify({ id, blocked, types, path })}\n`);
  }
  process.exitCode = anyBlocked ? EXIT.blocked : EXIT.ok;
}

export const registerScan: Register = (program) => {
  program
    .command('scan')
    .description(
      'Scan documents from standard input ({id, body | body_b64} a line) as a node would.',
    )
    .option('--policy <file>', 'egress policy; default: the strict health-and-finance one')
    .option('--table <file>', 'rows, JSON a line, whose cells must not leave')
    .option('--json', 'one JSON line a document; this is the form anyway')
    .action(scan);
};
