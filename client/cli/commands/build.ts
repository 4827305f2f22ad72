/** `nmp build`: from a logic file to what a call ships, and the verdict that a node would give on it. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { EXIT, NmpError } from '../../../shared/errors.ts';
import { SCRIPT_ENGINE_SHA256, SCRIPT_START_FUEL } from '../../../shared/script/engine.ts';
import { buildLogic, type GuestRuntime } from '../../author/build.ts';
import { checkScript, readScriptEngine } from '../../author/script.ts';
import { loadGuard } from '../node-side.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly out?: string;
  readonly runtime: string;
  readonly json?: boolean;
}

/** What is known of the fuel of a run before there is one. */
interface FuelEstimate {
  /** Units that every run takes at least. */
  readonly start: string;
  /** Units that no run exceeds; null if that depends on the data. */
  readonly bound: string | null;
}

interface Built {
  readonly module: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly engine?: string;
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly flags: readonly string[];
  readonly fuel: FuelEstimate;
}

const isRuntime = (text: string): text is GuestRuntime => text === 'stub' || text === 'incremental';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The guardian's bound for instantiation and call, where its mathematics found one. */
function fuelOf(facts: Readonly<Record<string, unknown>>): FuelEstimate {
  const { cost } = facts;
  const known = (typeof cost === 'object' && cost !== null ? cost : {}) as Record<string, unknown>;
  const { instantiation, total } = known;
  return {
    start: typeof instantiation === 'string' ? instantiation : '0',
    bound: typeof total === 'string' ? total : null,
  };
}

async function buildModule(file: string, options: Options): Promise<Built> {
  if (!isRuntime(options.runtime)) {
    throw new NmpError('USAGE', '--runtime takes stub or incremental');
  }
  const { bytes, warnings } = await buildLogic(file, { runtime: options.runtime });
  if (warnings !== '') process.stderr.write(`${warnings}\n`);
  const module = options.out ?? file.replace(/(\.ts)?$/, '.wasm');
  await mkdir(dirname(module), { recursive: true });
  await writeFile(module, bytes);
  const { authority, createGuardian, DEFAULT_POLICY, manifestOf } = await loadGuard();
  const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
  const { verdict, reasons, flags, facts } = guardian.judge(bytes, manifestOf('pure', []));
  const judged = { verdict, reasons, flags, fuel: fuelOf(facts) };
  return { module, bytes: bytes.length, sha256: sha256(bytes), ...judged };
}

/** A text is shipped as it is: nothing is written. */
async function judgeText(file: string, options: Options): Promise<Built> {
  if (options.out !== undefined) {
    throw new NmpError('USAGE', 'a .js file is sent as it is; --out is for AssemblyScript');
  }
  const text = await checkScript(file);
  const engine = await readScriptEngine();
  const { authority, createGuardian, DEFAULT_POLICY, judgeScript, manifestOf } = await loadGuard();
  const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
  const judged = judgeScript(guardian.judge(engine, manifestOf('pure', [])), text);
  const { verdict, reasons, flags } = judged;
  return {
    ...{ module: file, bytes: text.length, sha256: sha256(text), engine: SCRIPT_ENGINE_SHA256 },
    ...{ verdict, reasons, flags, fuel: { start: SCRIPT_START_FUEL.toString(), bound: null } },
  };
}

/** A bound from here on is that of a copy or fill whose length is known at run time only: no figure. */
const TELLS_NOTHING = 1n << 32n;

export function describeFuel({ start, bound }: FuelEstimate): string {
  if (bound !== null) return `at most ${bound}`;
  const first = BigInt(start) < TELLS_NOTHING ? `${start} to start, then as` : 'as';
  return `${first} the data has it: the capability's limit decides`;
}

async function build(file: string, options: Options): Promise<void> {
  const built = file.endsWith('.js')
    ? await judgeText(file, options)
    : await buildModule(file, options);
  if (options.json) process.stdout.write(`${JSON.stringify(built)}\n`);
  else {
    const { module, bytes, engine, verdict, reasons, flags, fuel } = built;
    process.stdout.write(
      [
        module,
        `  size     ${bytes} bytes`,
        `  sha256   ${built.sha256}`,
        ...(engine === undefined ? [] : [`  engine   ${engine}`]),
        `  guardian ${verdict} ${[...reasons, ...flags].join(' ')}`,
        `  fuel     ${describeFuel(fuel)}\n`,
      ].join('\n'),
    );
  }
  if (built.verdict === 'reject') process.exitCode = EXIT.blocked;
}

export const registerBuild: Register = (program: Command) => {
  program
    .command('build')
    .description('Compile AssemblyScript, or check plain JavaScript, and judge it as a node would.')
    .argument('<logic>', '.ts: AssemblyScript, compiled; .js: plain JavaScript, checked')
    .option('-o, --out <file>', 'where the module goes; default: beside the source')
    .option('--runtime <kind>', 'stub (small, never frees) or incremental (collects)', 'stub')
    .option('--json', 'one JSON object')
    .action(build);
};
