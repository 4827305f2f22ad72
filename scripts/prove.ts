/**
 * Runs ProVerif on docs/formal/elicitation-handshake.pv, where every claim must hold, and on mutants
 * of it, where the claim that the removed part carries must fail. Usage: node scripts/prove.ts
 * ProVerif 2.05 or newer is taken from $PROVERIF or the path; it is in no registry of packages.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MODEL = join(import.meta.dirname, '..', 'docs', 'formal', 'elicitation-handshake.pv');
const TIMEOUT_MS = 900_000;

interface Mutant {
  readonly name: string;
  readonly changes: readonly (readonly [from: RegExp, to: string])[];
  /** Starts of the results of which at least one must turn false. */
  readonly breaks: readonly string[];
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'the transcript is not in user_data',
    changes: [[/\(ours, nonce, t\)/g, '(ours, nonce, nonce)']],
    breaks: ['not attacker_p1(req'],
  },
  {
    name: 'the nonce is in neither document nor transcript',
    changes: [
      [/\(ours, nonce, t\)/g, '(ours, suite, t)'],
      [/\(suite, nonce\), \(token/g, '(suite, suite), (token'],
    ],
    breaks: ['inj-event(ClientTook'],
  },
  {
    name: 'the KEM key is not in the transcript',
    changes: [[/\(token, ek, suite, statement\), /g, '(token, suite, statement), ']],
    breaks: ['not attacker_p1(req'],
  },
  {
    name: "the client's signature is not checked",
    changes: [[/if verify\(peer, signature, [^=]*= true then/, 'if true then']],
    breaks: ['inj-event(NodeGot', 'not attacker_p1(resp'],
  },
  {
    name: 'a stream number is taken more than once',
    changes: [[/restriction [^.]*\./, '']],
    breaks: ['inj-event(NodeGot', 'inj-event(NodeLate'],
  },
  {
    name: 'the type of a record is not in its additional data',
    changes: [[/record\(k0\), a_part/g, 'record(k0), an_end']],
    breaks: ['inj-event(NodeGot'],
  },
  {
    name: "a watchdog's answers have no number",
    changes: [[/(seal\(k, |\(=?told, =?)second_look/g, '$1first_look']],
    breaks: ['inj-event(ClientTold'],
  },
  {
    name: 'a request that is sent again leaves its earlier stream open',
    changes: [[/event Entered\(t1, n1, b\);/, '']],
    breaks: ['inj-event(NodeRan'],
  },
];

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

const model = readFileSync(MODEL, 'utf8');
const claims = results(model);
report(claims.size === 17, `the model has ${claims.size} results`);
for (const [query, result] of claims) {
  // A query that a run can happen is written as its negation, and must be refuted.
  report(result === !query.startsWith('not event('), query);
}
for (const { name, changes, breaks } of MUTANTS) {
  let mutant = model;
  for (const [from, to] of changes) {
    if (mutant.search(from) < 0) throw new Error(`mutant changes nothing: ${name}`);
    mutant = mutant.replace(from, to);
  }
  const broken = [...results(mutant)].filter(([, result]) => result === false);
  const found = broken.filter(([query]) => breaks.some((start) => query.startsWith(start)));
  report(found.length > 0, `mutant: ${name}: ${found.length} claims refuted`);
}
process.exit(failed ? 1 : 0);
