/**
 * Runs ProVerif on the models of docs/formal, where every claim must hold, and on mutants of each,
 * where the claim that the removed part carries must fail. Usage: node scripts/prove.ts [MODEL …]
 * ProVerif 2.05 or newer is taken from $PROVERIF or the path; it is in no registry of packages.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ELICITATION_HANDSHAKE } from './prove/elicitation-handshake.ts';
import type { Model } from './prove/model.ts';
import { MUTUAL_ATTESTATION } from './prove/mutual-attestation.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'formal');
const TIMEOUT_MS = 900_000;

const MODELS: readonly Model[] = [ELICITATION_HANDSHAKE, MUTUAL_ATTESTATION];

/** True, false or neither, by the text of each query. */
function results(model: string): Map<string, boolean | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-prove-'));
  const file = join(folder, 'model.pv');
  writeFileSync(file, model);
  const { stdout, status, error } = spawnSync(process.env.PROVERIF ?? 'proverif', [file], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: 1 << 28,
  });
  rmSync(folder, { recursive: true });
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
    process.stderr.write('ProVerif is missing: set PROVERIF or put it into the path.\n');
    process.exit(2);
  }
  if (status !== 0) throw new Error(`ProVerif failed: ${stdout.slice(-500)}`);
  const found = new Map<string, boolean | undefined>();
  for (const [, query = '', result] of stdout.matchAll(
    /^RESULT ([^(].*) (is true|is false|cannot be proved)\.$/gm,
  )) {
    found.set(query, result === 'is true' ? true : result === 'is false' ? false : undefined);
  }
  return found;
}

let failed = false;
function report(holds: boolean, text: string): void {
  failed ||= !holds;
  process.stdout.write(`${holds ? 'ok  ' : 'FAIL'}  ${text}\n`);
}

function prove({ name, results: expected, mutants }: Model): void {
  const text = readFileSync(join(FOLDER, `${name}.pv`), 'utf8');
  const claims = results(text);
  report(claims.size === expected, `${name} has ${claims.size} results`);
  for (const [query, result] of claims) {
    // A query that a run can happen is written as its negation, and must be refuted.
    report(result === !query.startsWith('not event('), query);
  }
  for (const { name: removed, changes, breaks } of mutants) {
    let mutant = text;
    for (const [from, to] of changes) {
      if (mutant.search(from) < 0) throw new Error(`mutant changes nothing: ${removed}`);
      mutant = mutant.replace(from, to);
    }
    const broken = [...results(mutant)].filter(([, result]) => result === false);
    const found = broken.filter(([query]) => breaks.some((start) => query.startsWith(start)));
    report(found.length > 0, `mutant: ${removed}: ${found.length} claims refuted`);
  }
}

const wanted = process.argv.slice(2);
const chosen = MODELS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (chosen.length === 0) throw new Error(`no such model: ${wanted.join(', ')}`);
for (const model of chosen) prove(model);
process.exit(failed ? 1 : 0);
