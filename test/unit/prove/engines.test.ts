/**
 * The same modules on Wasmtime, on V8, in the proven interpreter and translated: equal outcomes and
 * outputs. Executes without proving; NMP_ZK_MODULES=200 for the larger run (`make zk-engines`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeProverRequest } from '../../../enclave/prove/prover-request.ts';
import type { RunResult, SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { fromHex, toHex } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { commitTo, OUTPUT_LABEL } from '../../../shared/receipt/commitment.ts';
import {
  decodeJournal,
  RECEIPT_PROFILE,
  TRANSLATED_PROFILE,
} from '../../../shared/receipt/journal.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { ZK_LOGIC, type ZkLogic, zkCase } from '../../bench/zk/cases.ts';
import { constantModule, endlessModule, trappingModule } from '../../support/modules.ts';
import { GUEST_IMAGE } from '../../support/receipts.ts';
import { oracleProgram, oracleRecords } from '../guardian/oracle.ts';
import { V8Oracle } from '../guardian/v8.ts';
import { withPureAbi } from './with-pure-abi.ts';

const MODULES = Number(process.env.NMP_ZK_MODULES ?? 20);
const NATIVE = join(import.meta.dirname, '..', '..', '..', 'build', 'native');
const PROVER = join(NATIVE, 'nmp-zk-prover');
/** The guest's own limit of memory; its cycles end a run before this fuel does elsewhere. */
const LIMITS = {
  fuel: 2_000_000n,
  memoryBytes: 16 * 1024 * 1024,
  deadlineMs: 20_000,
  outputBytes: 1024 * 1024,
};
const ZK_FUEL = 10_000_000n;
const suite = createNodeSuite();
const outputSalt = new Uint8Array(32).fill(3);

interface Subject {
  readonly name: string;
  readonly wasm: Uint8Array;
  readonly input: Uint8Array;
  readonly openings: Parameters<typeof encodeProverRequest>[0]['openings'];
}

const bare = { input: encodeGuestInput({ arguments: { limit: 7 }, tables: [] }), openings: [] };

/** The logic of the benchmarks on the rows of a dataset. */
async function logicSubjects(): Promise<readonly Subject[]> {
  return Promise.all(
    (Object.keys(ZK_LOGIC) as ZkLogic[]).map(async (logic) => {
      const { module, request } = await zkCase(logic, 20);
      return { name: logic, wasm: module, input: request.input, openings: request.openings };
    }),
  );
}

function ownSubjects(): readonly Subject[] {
  return [
    { name: 'constant', wasm: constantModule('{"n":1}'), ...bare },
    { name: 'trapping', wasm: trappingModule(), ...bare },
    { name: 'endless', wasm: endlessModule(), ...bare },
  ];
}

/** More than are wanted: some run too long to be compared. */
function* generatedSubjects(count: number): Generator<Subject> {
  for (const { note, wasm } of oracleRecords<{ seed: number }>('smith', '0', String(count * 3))) {
    // Every fourth has imports, and no export of the ABI.
    if (note.seed % 4 === 0) continue;
    yield { name: `smith ${note.seed}`, wasm: Uint8Array.from(wasm), ...bare };
  }
}

interface SuiteNote {
  readonly suite: string;
  readonly file: string;
  readonly line: number;
  readonly expect: string;
}

/**
 * Modules of the specification's suite with the ABI put around them: `count` spread evenly over it,
 * then those between them.
 */
function suiteSubjects(count: number): readonly Subject[] {
  const all = [...oracleRecords<SuiteNote>('testsuite')]
    .filter(({ note }) => note.expect === 'valid' && (note.suite === 'v1' || note.suite === 'v2'))
    .flatMap(({ note, wasm }) => {
      const wrapped = withPureAbi(wasm);
      const name = `${note.suite}/${note.file}:${note.line}`;
      return wrapped === undefined ? [] : [{ name, wasm: wrapped, ...bare }];
    });
  const step = all.length / count / 2;
  const at = (i: number) => all[Math.floor(i * step)];
  const spread = Array.from({ length: count }, (_, i) => at(2 * i));
  const between = Array.from({ length: count }, (_, i) => at(2 * i + 1));
  return [...spread, ...between].filter((subject) => subject !== undefined);
}

describe.skipIf(!existsSync(PROVER))('one module on four engines', () => {
  let engine: SandboxEngine;
  const v8 = new V8Oracle();
  beforeAll(async () => {
    engine = await createProcessEngine({ program: join(NATIVE, 'nmp-sandbox'), processes: 1 });
  });
  afterAll(() => Promise.all([engine.stop(), v8.stop()]));

  it('ends alike, with the same output', { timeout: 1_200_000 }, async () => {
    const seen = {
      ...{ compared: 0, ok: 0, trap: 0, cutOff: 0, tooLong: 0, refused: 0 },
      ...{ onV8: 0, onAll: 0, notTranslated: 0 },
    };
    const wrong: string[] = [];

    // The program itself, which also executes what is too long for a receipt (up to 64 segments).
    const proven = ({ wasm, input, openings }: Subject, translate: boolean) => {
      const salts = { nonce: new Uint8Array(32), inputSalt: new Uint8Array(32), outputSalt };
      const request = { translate, ...salts, fuel: ZK_FUEL, module: wasm, input, openings };
      const run = spawnSync(PROVER, ['quote', GUEST_IMAGE], {
        input: encodeProverRequest(request),
        encoding: 'utf8',
      });
      if (run.status !== 0 && /session limit exceeded/i.test(run.stderr)) return undefined;
      if (run.status !== 0) throw new Error(`the guest did not end: ${run.stderr}`);
      const quote = JSON.parse(run.stdout) as {
        readonly program: string;
        readonly journal: string;
      };
      const journal = decodeJournal(fromHex(quote.journal) ?? new Uint8Array(0));
      const translated = quote.program === 'translated';
      expect(journal.profile).toBe(translated ? TRANSLATED_PROFILE : RECEIPT_PROFILE);
      return { ...journal, translated };
    };

    /** Whether it ran translated; what differs from the other engines is written down. */
    const compareTranslated = (subject: Subject, result: RunResult) => {
      const journal = proven(subject, true);
      if (journal === undefined || journal.outcome === 'out-of-fuel') return false;
      if (!journal.translated) {
        seen.notTranslated++;
        return false;
      }
      if (journal.outcome !== result.outcome) {
        wrong.push(`${subject.name}: ${result.outcome} on Wasmtime, ${journal.outcome} translated`);
      }
      const output = commitTo(suite, OUTPUT_LABEL, outputSalt, result.output);
      if (result.outcome === 'ok' && toHex(output) !== toHex(journal.outputCommitment)) {
        wrong.push(`${subject.name}: output differs, translated`);
      }
      return true;
    };

    const check = async (subject: Subject) => {
      const { name, wasm, input } = subject;
      const prepared = await engine
        .prepare(wasm, { abi: 'pure', deadlineMs: 20_000 })
        .catch((error: unknown) => {
          if (isNmpError(error)) return undefined;
          throw error;
        });
      if (prepared === undefined) {
        // A feature that is off: neither engine may run it.
        seen.refused++;
        for (const translate of [false, true]) {
          const outcome = proven(subject, translate)?.outcome;
          if (outcome !== 'not-a-module') wrong.push(`${name}: refused, but ${outcome} proven`);
        }
        return undefined;
      }
      const result = await engine.run(prepared, input, LIMITS);
      const journal = proven(subject, false);
      // Each engine has a meter of its own: a run that one of them cut off says nothing.
      if (journal === undefined) return seen.tooLong++;
      if (journal.outcome === 'out-of-fuel' || result.outcome === 'out-of-fuel') {
        return seen.cutOff++;
      }
      if (result.outcome === 'out-of-memory') return seen.cutOff++;
      seen.compared++;
      if (journal.outcome !== result.outcome) {
        return wrong.push(`${name}: ${result.outcome} on Wasmtime, ${journal.outcome} proven`);
      }
      if (result.outcome === 'trap') seen.trap++;
      if (result.outcome === 'ok') {
        seen.ok++;
        const output = commitTo(suite, OUTPUT_LABEL, outputSalt, result.output);
        if (toHex(output) !== toHex(journal.outputCommitment))
          wrong.push(`${name}: output differs`);
      }
      const translated = compareTranslated(subject, result);
      const other = await v8.run({ wasm, input, limits: LIMITS });
      if (other === undefined) return undefined;
      seen.onV8++;
      if (translated) seen.onAll++;
      if (other.outcome !== result.outcome || Buffer.compare(other.output, result.output) !== 0) {
        wrong.push(`${name}: ${other.outcome} on V8, ${result.outcome} on Wasmtime`);
      }
      return undefined;
    };

    const own = [...ownSubjects(), ...(await logicSubjects())];
    for (const subject of own) await check(subject);
    // The part of this project is compared even where foreign code cannot be built.
    expect(seen.ok).toBeGreaterThanOrEqual(7);
    if (oracleProgram() !== undefined) {
      // In the place of each module that an engine cut off comes another: MODULES ran on all four.
      const half = seen.onAll + Math.ceil((MODULES - seen.onAll) / 2);
      const wanted = MODULES - seen.onAll;
      for (const [goal, subjects] of [
        [half, generatedSubjects(wanted)],
        [MODULES, suiteSubjects(wanted)],
      ] as const) {
        for (const subject of subjects) {
          if (seen.onAll >= goal) break;
          await check(subject);
        }
      }
      expect(seen.onAll).toBe(MODULES);
    }
    process.stderr.write(`four engines: ${JSON.stringify(seen)}\n`);
    expect(wrong).toEqual([]);
  });
});
