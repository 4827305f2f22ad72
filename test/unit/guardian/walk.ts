/** The own decoder and the walk over the code alone: no authority that would refuse the same. */
import { COST_OP, type CodeFacts } from '../../../enclave/guardian/code-facts.ts';
import { decodeModule } from '../../../enclave/guardian/decode-module.ts';
import { emptyModule, type ModuleInfo } from '../../../enclave/guardian/module-info.ts';
import { Stop } from '../../../enclave/guardian/reader.ts';
import { walkCode } from '../../../enclave/guardian/walk-code.ts';
import { build, EXTERNREF, FUNCREF, type Func, I32, I64, i32, type ModuleSpec } from './build.ts';

export const LIMITS = { nesting: 1024, brTable: 65_520, locals: 50_000 };

export interface Walked {
  readonly info: ModuleInfo;
  readonly code: CodeFacts;
}

/** What stopped it, and where. */
export type Stopped = readonly [kind: string, offset: number];

export function walk(wasm: Uint8Array, limits = LIMITS): Walked | Stopped {
  const info = emptyModule();
  try {
    decodeModule(wasm, info, 0, wasm.length, 0);
    return { info, code: walkCode(wasm, info, limits) };
  } catch (error) {
    if (error instanceof Stop) return [error.kind, error.offset];
    throw error;
  }
}

/** @throws if the walk stops */
export function walked(wasm: Uint8Array, limits = LIMITS): Walked {
  const result = walk(wasm, limits);
  if ('code' in result) return result;
  throw new Error(`${result[0]} at ${result[1]}`);
}

const NAMES = Object.entries(COST_OP).map(([name]) => name);

/** The cost program of a function: `fuel 3, loop, fuel 2, loopEnd 0`. */
export function programOf({ program, programStart }: CodeFacts, index = 0): string {
  const out: string[] = [];
  for (let at = programStart[index] ?? 0; at < (programStart[index + 1] ?? 0); at += 2) {
    const name = NAMES[program.data[at] as number] ?? '?';
    const plain = ['loop', 'if', 'else', 'ifEnd', 'bulk'].includes(name);
    out.push(plain ? name : `${name} ${program.data[at + 1]}`);
  }
  return out.join(', ');
}

/** Function 0 of a module that has two or three of everything. */
export function around(
  code: readonly number[],
  locals: Func['locals'] = [[4, I32]],
  type = 0,
): ModuleSpec {
  return {
    types: [
      [[], []],
      [[I32], [I32]],
      [[I32, I32], [I64]],
      [[], [I32, I64]],
      [[I32, I32, I32], []],
    ],
    funcs: [
      { type, locals, code },
      { type: 1, code: [0x20, 0] },
      { type: 2, code: [0x42, 0] },
    ],
    tables: [
      [FUNCREF, 0, 4],
      [EXTERNREF, 0, 4],
    ],
    memories: [[0, 1]],
    globals: [
      [I32, 1, ...i32(0), 0x0b],
      [I64, 1, 0x42, 0, 0x0b],
    ],
    elements: [
      [0, ...i32(0), 0x0b, 1, 1],
      [1, 0, 1, 2],
    ],
    dataCount: 2,
    data: [{ bytes: [1] }, { bytes: [2] }],
  };
}

export const walkOf = (code: readonly number[], locals?: Func['locals'], type?: number) =>
  walked(build(around(code, locals, type)));
