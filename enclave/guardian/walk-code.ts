/**
 * Walks every code body once, without recursion: grammar of the instructions, limits, height of
 * the operand stack, and a compact program of costs, calls and loops for `cost.ts`.
 */

import { COST_OP, type CodeFacts, type CodeLimits, emptyCode } from './code-facts.ts';
import {
  readBlockType,
  readBulk,
  readLocals,
  readReferenceType,
  readValueType,
} from './code-immediates.ts';
import { LoopFinder } from './loop-finder.ts';
import type { FunctionType, ModuleInfo } from './module-info.ts';
import { MAKES_NAN, MIXES_BITS, OPCODE_SHAPE, SHAPE, STACK_EFFECT } from './opcodes.ts';
import { Reader, Stop } from './reader.ts';

/** A function of fewer instructions is never called a hash's inner loop. */
const MIXING_MIN = 96;

const FRAME = { block: 0, loop: 1, if: 2, else: 3 } as const;

export function walkCode(bytes: Uint8Array, info: ModuleInfo, limits: CodeLimits): CodeFacts {
  const facts = emptyCode();
  const walker = new Walker(bytes, info, limits, facts);
  for (let at = 0; at < info.bodies.length; at += 2) {
    walker.body(at >> 1, info.bodies[at] as number, info.bodies[at + 1] as number);
  }
  facts.programStart.push(facts.program.length);
  return facts;
}

class Walker {
  readonly #reader: Reader;
  readonly #info: ModuleInfo;
  readonly #limits: CodeLimits;
  readonly #facts: CodeFacts;
  readonly #finder: LoopFinder;
  // The control stack, as columns.
  readonly #kind: Uint8Array;
  readonly #base: Int32Array;
  readonly #params: Int32Array;
  readonly #results: Int32Array;
  /** 1 if the code before the frame was unreachable: nothing in it costs. */
  readonly #dead: Uint8Array;

  constructor(bytes: Uint8Array, info: ModuleInfo, limits: CodeLimits, facts: CodeFacts) {
    this.#reader = new Reader(bytes);
    this.#info = info;
    this.#limits = limits;
    this.#facts = facts;
    const frames = limits.nesting + 2;
    this.#finder = new LoopFinder(frames);
    this.#kind = new Uint8Array(frames);
    this.#base = new Int32Array(frames);
    this.#params = new Int32Array(frames);
    this.#results = new Int32Array(frames);
    this.#dead = new Uint8Array(frames);
  }

  body(index: number, start: number, end: number): void {
    const info = this.#info;
    const facts = this.#facts;
    const reader: Reader = this.#reader;
    reader.pos = start;
    reader.end = end;
    facts.programStart.push(facts.program.length);
    facts.unboundedAt.push(0);
    const type = info.types[info.functions[info.importedFunctions + index] as number];
    if (type === undefined) throw new Stop('INVALID', start);
    const locals = readLocals(reader, facts) + type.params;
    if (locals - type.params > this.#limits.locals) facts.localsExceeded = true;
    const operands = this.#instructions(index, type, locals);
    facts.frameSlots.push(locals + operands);
    if (operands > facts.maxOperands) facts.maxOperands = operands;
  }

  /** Opens a frame above `depth`; false if that is too deep. */
  #enter(
    depth: number,
    kind: number,
    block: FunctionType,
    height: number,
    unreachable: boolean,
  ): boolean {
    if (depth >= this.#limits.nesting) {
      this.#facts.nestingExceeded = true;
      return false;
    }
    const frame = depth + 1;
    if (frame > this.#facts.maxNesting) this.#facts.maxNesting = frame;
    this.#kind[frame] = kind;
    this.#base[frame] = Math.max(0, height - block.params);
    this.#params[frame] = block.params;
    this.#results[frame] = block.results;
    this.#dead[frame] = unreachable ? 1 : 0;
    return true;
  }

  /** Returns the most operands on the stack at once. */
  #instructions(functionIndex: number, type: FunctionType, locals: number): number {
    const reader: Reader = this.#reader;
    const bytes = reader.bytes;
    const info = this.#info;
    const facts = this.#facts;
    const finder = this.#finder;
    const program = facts.program;
    const { brTable } = this.#limits;
    const kind = this.#kind;
    const base = this.#base;
    const params = this.#params;
    const results = this.#results;
    const dead = this.#dead;
    finder.begin(type.params);
    let depth = 0;
    // All else of the function's own frame is zero, as it was made: a block upon an empty stack.
    results[0] = type.results;
    let height = 0;
    let highest = 0;
    // True after an unconditional branch, up to the end of the frame.
    let unreachable = false;
    let fuel = 0;
    let instructions = 0;
    let mixing = 0;

    for (;;) {
      if (reader.pos >= reader.end) reader.fail();
      const at = reader.pos;
      const opcode = bytes[reader.pos++] as number;
      instructions++;
      const shape = OPCODE_SHAPE[opcode];
      if (shape === SHAPE.plain) {
        height += STACK_EFFECT[opcode] as number;
        fuel++;
        if (MAKES_NAN[opcode] === 1) facts.makesNan = true;
        mixing += MIXES_BITS[opcode] as number;
        finder.note(opcode, 0);
        continue;
      }
      if (shape === SHAPE.memory) {
        // Bit 6 of the alignment announces a memory index (multi-memory).
        if (reader.u32() >= 0x40) reader.fail('FEATURE');
        reader.u32();
        height += STACK_EFFECT[opcode] as number;
        fuel++;
        finder.note(opcode, 0);
        continue;
      }
      if (shape !== SHAPE.own) {
        reader.pos = at;
        reader.fail(shape === SHAPE.feature ? 'FEATURE' : 'MALFORMED');
      }
      switch (opcode) {
        case 0x20: {
          const local = reader.u32();
          if (local >= locals) reader.fail('INVALID');
          height++;
          fuel++;
          finder.note(opcode, local);
          break;
        }
        case 0x21:
        case 0x22: {
          const local = reader.u32();
          if (local >= locals) reader.fail('INVALID');
          if (opcode === 0x21) height--;
          fuel++;
          if (!unreachable) finder.write(opcode, local, depth);
          break;
        }
        case 0x41:
          finder.note(opcode, reader.signed(32));
          height++;
          fuel++;
          break;
        case 0x42:
          reader.skipS64();
          height++;
          fuel++;
          finder.note(opcode, 0);
          break;
        case 0x43:
        case 0x44:
          reader.skip(opcode === 0x43 ? 4 : 8);
          height++;
          fuel++;
          finder.note(opcode, 0);
          break;
        case 0x23:
        case 0x24:
          if (reader.u32() >= info.globals) reader.fail('INVALID');
          height += opcode === 0x23 ? 1 : -1;
          fuel++;
          finder.note(opcode, 0);
          break;
        case 0x10: {
          const callee = reader.u32();
          const target = info.functions[callee];
          if (target === undefined) reader.fail('INVALID');
          const called = info.types[target];
          if (called === undefined) reader.fail('INVALID');
          height += called.results - called.params;
          fuel++;
          if (!unreachable) {
            program.pushFuel(fuel);
            fuel = 0;
            program.push(COST_OP.call, callee);
          }
          finder.note(opcode, 0);
          break;
        }
        case 0x11: {
          const called = info.types[reader.u32()];
          if (reader.u32() >= info.tables.length) reader.fail('INVALID');
          height--;
          if (called === undefined) reader.fail('INVALID');
          height += called.results - called.params;
          fuel++;
          if (!unreachable) {
            program.pushFuel(fuel);
            fuel = 0;
            program.push(COST_OP.indirect, called.group);
          }
          finder.note(opcode, 0);
          break;
        }
        case 0x00:
        case 0x0f:
          finder.note(opcode, 0);
          if (!unreachable) program.pushFuel(fuel);
          unreachable = true;
          height = base[depth] as number;
          break;
        case 0x01:
          break;
        case 0x02: {
          const block = readBlockType(reader, info, facts);
          if (!this.#enter(depth, FRAME.block, block, height, unreachable)) return highest;
          depth++;
          finder.enter(depth, opcode);
          break;
        }
        case 0x03: {
          const block = readBlockType(reader, info, facts);
          if (!this.#enter(depth, FRAME.loop, block, height, unreachable)) return highest;
          depth++;
          if (dead[depth] === 0) {
            program.pushFuel(fuel);
            fuel = 0;
            program.push(COST_OP.loop, 0);
            facts.loops++;
          }
          finder.enterLoop(depth, at);
          break;
        }
        case 0x04: {
          const block = readBlockType(reader, info, facts);
          height--;
          fuel++;
          if (!this.#enter(depth, FRAME.if, block, height, unreachable)) return highest;
          depth++;
          if (dead[depth] === 0) {
            program.pushFuel(fuel);
            fuel = 0;
            program.push(COST_OP.if, 0);
          }
          finder.enterIf(depth);
          break;
        }
        case 0x05:
          if (kind[depth] !== FRAME.if) reader.fail();
          if (dead[depth] === 0) {
            if (unreachable) fuel = 0;
            program.pushFuel(fuel);
            fuel = 0;
            program.push(COST_OP.else, 0);
          }
          kind[depth] = FRAME.else;
          height = (base[depth] as number) + (params[depth] as number);
          unreachable = dead[depth] === 1;
          finder.enterElse(depth);
          break;
        case 0x0b: {
          if (unreachable) fuel = 0;
          if (dead[depth] === 0) {
            const frame = kind[depth];
            if (frame !== FRAME.block) {
              program.pushFuel(fuel);
              fuel = 0;
            }
            if (frame === FRAME.loop) {
              const trips = finder.leaveLoop(depth);
              if (trips >= 0) facts.boundedLoops++;
              else if (facts.unboundedAt[functionIndex] === 0) {
                facts.unboundedAt[functionIndex] = finder.loopOffset(depth);
              }
              program.push(COST_OP.loopEnd, facts.trips.length);
              facts.trips.push(trips);
            } else if (frame !== FRAME.block) program.push(COST_OP.ifEnd, 0);
          }
          height = (base[depth] as number) + (results[depth] as number);
          unreachable = dead[depth] === 1;
          if (depth === 0) {
            if (reader.pos !== reader.end) reader.fail();
            program.pushFuel(fuel);
            facts.instructions += instructions;
            // A fifth of a sizeable function mixes bits: a guess, no proof.
            if (instructions >= MIXING_MIN && mixing * 5 >= instructions) facts.mixingFunctions++;
            return Math.max(highest, height);
          }
          depth--;
          finder.leave(opcode, depth + 1);
          break;
        }
        case 0x0c:
        case 0x0d: {
          const label = reader.u32();
          if (label > depth) reader.fail('INVALID');
          fuel++;
          if (opcode === 0x0d) height--;
          if (!unreachable) {
            finder.branch(
              depth - label,
              depth,
              opcode === 0x0d,
              kind[depth - label] === FRAME.loop,
            );
            if (opcode === 0x0c) program.pushFuel(fuel);
          }
          if (opcode === 0x0c) {
            unreachable = true;
            height = base[depth] as number;
          }
          break;
        }
        case 0x0e: {
          const targets = reader.count(1);
          if (targets > facts.maxBrTable) facts.maxBrTable = targets;
          if (targets > brTable) facts.brTableExceeded = true;
          height--;
          fuel++;
          for (let index = 0; index <= targets; index++) {
            const label = reader.u32();
            if (label > depth) reader.fail('INVALID');
            if (!unreachable && kind[depth - label] === FRAME.loop) finder.spoil(depth - label);
          }
          finder.note(opcode, 0);
          if (!unreachable) program.pushFuel(fuel);
          unreachable = true;
          height = base[depth] as number;
          break;
        }
        case 0x1a:
          height--;
          finder.note(opcode, 0);
          break;
        case 0x1b:
        case 0x1c:
          if (opcode === 0x1c) {
            for (let types = reader.count(1); types > 0; types--) readValueType(reader, facts);
          }
          height -= 2;
          fuel++;
          finder.note(opcode, 0);
          break;
        case 0x25:
        case 0x26:
          if (reader.u32() >= info.tables.length) reader.fail('INVALID');
          if (opcode === 0x26) height -= 2;
          fuel++;
          finder.note(opcode, 0);
          break;
        case 0x3f:
        case 0x40:
          // The byte is a memory index only under multi-memory.
          if (reader.u8() !== 0) reader.fail('FEATURE');
          if (opcode === 0x3f) height++;
          else facts.growsMemory = true;
          fuel++;
          finder.note(opcode, 0);
          break;
        case 0xd0:
          readReferenceType(reader);
          height++;
          fuel++;
          finder.note(opcode, 0);
          break;
        case 0xd1:
          fuel++;
          finder.note(opcode, 0);
          break;
        case 0xd2: {
          const target = reader.u32();
          if (target >= info.functions.length) reader.fail('INVALID');
          info.addressTaken.add(target);
          height++;
          fuel++;
          finder.note(opcode, 0);
          break;
        }
        default: {
          const sub = reader.u32();
          fuel++;
          if (sub >= 8) {
            height += readBulk(reader, info, sub);
            if (sub !== 9 && sub !== 13 && sub !== 16 && !unreachable) {
              // Charged one unit a byte or element; the length is the topmost operand.
              const length = finder.constantOnTop();
              if (length !== undefined) fuel += length;
              else {
                program.pushFuel(fuel);
                fuel = 0;
                program.push(COST_OP.bulk, 0);
              }
            }
          }
          finder.note(opcode, 0);
        }
      }
      if (unreachable) {
        fuel = 0;
        if (height < 0) height = 0;
      } else if (height > highest) highest = height;
    }
  }
}
