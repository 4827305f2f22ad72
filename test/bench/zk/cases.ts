/** Runs that the receipts are measured and their vectors made with: modules over synthetic rows. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as asc from 'assemblyscript/asc';
import { buildLogic } from '../../../client/author/build.ts';
import { openDatasets } from '../../../enclave/data/open.ts';
import type { ProverRequest } from '../../../enclave/prove/prover-request.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { commitTo, INPUT_LABEL } from '../../../shared/receipt/commitment.ts';
import type { ReceiptOutcome } from '../../../shared/receipt/journal.ts';
import type { ReceiptRequest } from '../../../shared/receipt/verify.ts';
import { canonicalJson } from '../../../shared/wire/canonical-json.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { pureModule } from '../../support/modules.ts';

export interface ZkCase {
  readonly module: Uint8Array;
  readonly request: ProverRequest;
  /** What the receipt must be about; the image id comes from the guest. */
  readonly expected: Omit<ReceiptRequest, 'imageId'>;
}

/** The rows by a linear congruence, so that every machine has the same. */
function csvOf(rows: number): string {
  const lines = ['category,code,cents,age,amount'];
  let state = 12_345;
  for (let i = 0; i < rows; i++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const cents = state % 10_000;
    // The high bits: the low ones of such a sequence repeat early.
    const code = Math.floor(state / 2 ** 20) % 4;
    const category = ['food', 'rent', 'travel', 'gifts'][code] ?? '';
    lines.push(`${category},${code},${cents},${20 + (state % 60)},${cents / 100}`);
  }
  return `${lines.join('\n')}\n`;
}

function configOf() {
  const columns = [
    { name: 'category', type: 'utf8' },
    { name: 'code', type: 'int32' },
    { name: 'cents', type: 'int32' },
    { name: 'age', type: 'float64' },
    { name: 'amount', type: 'float64' },
  ];
  const dataset = { id: 'payments', format: 'csv', path: 'x.csv', columns, salt: '5a'.repeat(32) };
  const described = { ...dataset, classification: 'confidential', description: '' };
  return parseNodeConfig(
    JSON.stringify({ version: 1, datasets: [described], capabilities: [] }),
    'zk cases',
  );
}

async function caseOf(
  module: Uint8Array,
  run: {
    readonly args: { readonly [name: string]: number };
    readonly columns: readonly string[];
    readonly rows: number;
    readonly fuel: bigint;
    readonly output: string;
    readonly outcome: ReceiptOutcome;
  },
): Promise<ZkCase> {
  const suite = createNodeSuite();
  const store = await openDatasets(configOf(), {
    random: { bytes: (length) => new Uint8Array(length) },
    source: { read: async () => utf8(csvOf(run.rows)) },
  });
  const named = run.columns.length === 0 ? [] : ['payments'];
  const input = encodeGuestInput({
    arguments: run.args,
    tables: named.map((name) => ({ name, stream: store.project(name, run.columns) })),
  });
  const salts = { inputSalt: new Uint8Array(32).fill(2), outputSalt: new Uint8Array(32).fill(3) };
  const nonce = new Uint8Array(32).fill(1);
  const openings = named.map((name) => store.prove(name, run.columns));
  return {
    module,
    request: { translate: false, nonce, ...salts, fuel: run.fuel, module, input, openings },
    expected: {
      nonce,
      ...salts,
      fuel: run.fuel,
      arguments: utf8(canonicalJson(run.args)),
      inputCommitment: commitTo(suite, INPUT_LABEL, salts.inputSalt, input),
      datasets: named.map((id) => ({
        id,
        commitment: store.get(id).commitment,
        columns: run.columns,
      })),
      output: utf8(run.output),
      outcome: run.outcome,
    },
  };
}

/** Columns that each logic of `assembly/` reads; `compact-` ones do without the guest library. */
export const ZK_LOGIC = {
  'compact-sum': ['cents'],
  'compact-group-by': ['code', 'cents'],
  'compact-sort': ['cents'],
  'compact-regression': ['age', 'amount'],
  sum: ['cents'],
  sort: ['cents'],
  regression: ['age', 'amount'],
  'group-by': ['category', 'cents'],
} as const;

export type ZkLogic = keyof typeof ZK_LOGIC;

/** What the logic answers on the same rows, worked out without it. */
function answerOf(logic: ZkLogic, rows: number): string {
  const table = csvOf(rows)
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const cents = table.map((row) => Number(row[2]));
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const of = (wanted: readonly string[]) =>
    sum(cents.filter((_, at) => wanted.includes(table[at]?.[0] ?? '')));
  const median = () => cents.toSorted((a, b) => a - b)[Math.floor(rows / 2)] ?? 0;
  const slope = () => {
    const xs = table.map((row) => Number(row[3]));
    const ys = table.map((row) => Number(row[4]));
    const xy = sum(xs.map((x, at) => x * (ys[at] ?? 0)));
    const above = rows * xy - sum(xs) * sum(ys);
    return above / (rows * sum(xs.map((x) => x * x)) - sum(xs) ** 2);
  };
  switch (logic) {
    case 'compact-sum':
      return canonicalJson({ s: sum(cents) });
    case 'compact-group-by':
      return canonicalJson(['food', 'rent', 'travel', 'gifts'].map((category) => of([category])));
    case 'sum':
      return canonicalJson({ cents: sum(cents) });
    case 'sort':
      return canonicalJson({ median: median() });
    case 'compact-sort':
      return canonicalJson({ m: median() });
    case 'compact-regression':
      return canonicalJson({ t: Math.round(slope() * 1000) });
    case 'group-by':
      return `{"food":${of(['food'])},"rent":${of(['rent'])},"other":${of(['travel', 'gifts'])}}`;
    case 'regression':
      return `{"slope":${Math.round(slope() * 1000) / 1000}}`;
  }
}

/** A module that is its own entry, as small as the compiler makes it, for this many rows. */
async function compileAlone(file: string, rows: number): Promise<Uint8Array> {
  const sized = (source: string) =>
    source.replace(/const BYTES: i32 = \d+;/, `const BYTES: i32 = ${4 * rows};`);
  let bytes: Uint8Array | undefined;
  const { error } = await asc.main(
    [
      file,
      '--outFile',
      'out.wasm',
      '--runtime',
      'stub',
      '-Oz',
      '--initialMemory',
      '1',
      '--noAssert',
      '--use',
      'abort=',
    ],
    {
      stdout: asc.createMemoryStream(),
      stderr: asc.createMemoryStream(),
      readFile: (name, base) => readFile(resolve(base, name), 'utf8').then(sized, () => null),
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') bytes = Uint8Array.from(contents);
      },
      listFiles: () => [],
    },
  );
  if (error !== null || bytes === undefined) throw error ?? new Error('nothing compiled');
  return bytes;
}

export async function zkCase(logic: ZkLogic, rows: number): Promise<ZkCase> {
  const compact = logic.startsWith('compact-');
  const file = join(import.meta.dirname, 'assembly', `${logic}.ts`);
  const module = compact ? await compileAlone(file, rows) : (await buildLogic(file)).bytes;
  return caseOf(module, {
    args: { limit: 7 },
    columns: ZK_LOGIC[logic],
    rows,
    fuel: 10_000_000n,
    output: answerOf(logic, rows),
    outcome: 'ok',
  });
}

/** A module that only fails: at once, or by never ending. */
export async function failingCase(outcome: 'trap' | 'out-of-fuel'): Promise<ZkCase> {
  const unreachable = [0x00];
  // loop, branch to its start, end; then a result that is never reached.
  const endless = [0x03, 0x40, 0x0c, 0x00, 0x0b, 0x42, 0x00];
  return caseOf(pureModule({ run: outcome === 'trap' ? unreachable : endless }), {
    args: { limit: 7 },
    columns: [],
    rows: 1,
    fuel: 200n,
    output: '',
    outcome,
  });
}
