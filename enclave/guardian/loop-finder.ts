/**
 * Recognises counted loops while the code is walked, in constant time an instruction.
 *
 * Claim of a bound for loop L with its one back edge at instruction q: a local i is written once
 * in L before q, by i = i + step; a comparison of i with a constant decides whether q is reached
 * or taken; both stand in frames that are still open at q (so each runs exactly once a round,
 * since wasm enters a frame only at its head), and no other loop is open between L and q. Code
 * after q cannot run before q in the same round. `trip-count.ts` then bounds the rounds.
 */
import { COMPARE, mirror, negate, tripCount } from './trip-count.ts';

const OP = { get: 0x20, set: 0x21, tee: 0x22, const: 0x41, add: 0x6a, sub: 0x6b } as const;
const CONTROL = 0x02;

/** Locals beyond this index are not followed; policy refuses such functions by default. */
const LOCALS_FOLLOWED = 65_536;

/** What is known of one write to a local. */
const WRITE = { other: 0, constant: 1, step: 2 } as const;

/** Numbers a write has: kind, value, frame, depth, epoch, sequence, earlier write to the local. */
const COLUMNS = 7;
const KIND = 0;
const VALUE = 1;
const UID = 2;
const DEPTH = 3;
const EPOCH = 4;
const SEQ = 5;
/** Index of the write to the same local before this one; -1 if none. */
const BEFORE = 6;

export class LoopFinder {
  // The last eight instructions; nop excepted, it changes nothing.
  readonly #ops = new Uint8Array(8);
  readonly #args = new Int32Array(8);
  #last = 0;

  /** Writes of the current function, {@link COLUMNS} numbers each; grown, never shrunk. */
  #writes = new Int32Array(1024 * COLUMNS);
  #writeCount = 0;
  /** Last write of each local; valid if its stamp is the current function's. */
  readonly #lastWrite = new Int32Array(LOCALS_FOLLOWED);
  readonly #stamp = new Int32Array(LOCALS_FOLLOWED);
  #function = 0;

  // Comparisons in frames still open, as a stack.
  /** How many of the guards below hold; what lies beyond is stale. */
  #guards = 0;
  #guardLocal: number[] = [];
  #guardOp: number[] = [];
  #guardLimit: number[] = [];
  #guardSeq: number[] = [];
  #guardDepth: number[] = [];
  /** Frame that the guard leaves to when it fails; -1 if it decides an arm instead. */
  #guardExit: number[] = [];

  // Columns by depth of the control stack.
  readonly #uid: Int32Array;
  readonly #innerLoop: Int32Array;
  readonly #loopSeq: Int32Array;
  readonly #loopWrites: Int32Array;
  readonly #loopEpoch: Int32Array;
  readonly #loopAt: Int32Array;
  readonly #backEdges: Int32Array;
  readonly #trips: Float64Array;
  readonly #ifOp: Int32Array;
  readonly #ifLocal: Int32Array;
  readonly #ifLimit: Int32Array;
  readonly #ifSeq: Int32Array;

  #uids = 0;
  #seq = 0;
  /** Grows where paths join: constants known before are forgotten. */
  #epoch = 0;
  #params = 0;

  // The condition last read by #condition.
  #local = 0;
  #op = 0;
  #limit = 0;

  constructor(frames: number) {
    const column = () => new Int32Array(frames);
    this.#uid = column();
    this.#innerLoop = column();
    this.#loopSeq = column();
    this.#loopWrites = column();
    this.#loopEpoch = column();
    this.#loopAt = column();
    this.#backEdges = column();
    this.#trips = new Float64Array(frames);
    this.#ifOp = column();
    this.#ifLocal = column();
    this.#ifLimit = column();
    this.#ifSeq = column();
  }

  begin(params: number): void {
    this.#writeCount = 0;
    this.#dropGuards(0);
    this.#function++;
    this.#epoch = 0;
    this.#seq = 0;
    this.#params = params;
    this.#uid[0] = ++this.#uids;
    this.#innerLoop[0] = -1;
    this.note(CONTROL, 0);
  }

  note(op: number, arg: number): void {
    const at = ++this.#last & 7;
    this.#ops[at] = op;
    this.#args[at] = arg;
  }

  #opAt(back: number): number {
    return this.#ops[(this.#last - back) & 7] as number;
  }

  #argAt(back: number): number {
    return this.#args[(this.#last - back) & 7] as number;
  }

  /** The constant that the last instruction pushed (unsigned), if it did. */
  constantOnTop(): number | undefined {
    return this.#opAt(0) === OP.const ? this.#argAt(0) >>> 0 : undefined;
  }

  /** local.set or local.tee in reachable code. */
  write(op: number, local: number, depth: number): void {
    if (local < LOCALS_FOLLOWED) {
      let kind: number = WRITE.other;
      let value = 0;
      const op0 = this.#opAt(0);
      if (op0 === OP.const) {
        kind = WRITE.constant;
        value = this.#argAt(0);
      } else if (op0 === OP.add || op0 === OP.sub) {
        const fromLeft =
          this.#opAt(2) === OP.get && this.#argAt(2) === local && this.#opAt(1) === OP.const;
        const fromRight =
          this.#opAt(1) === OP.get && this.#argAt(1) === local && this.#opAt(2) === OP.const;
        if (fromLeft) {
          kind = WRITE.step;
          value = op0 === OP.add ? this.#argAt(1) : -this.#argAt(1) | 0;
        } else if (fromRight && op0 === OP.add) {
          kind = WRITE.step;
          value = this.#argAt(2);
        }
      }
      const at = this.#writeCount * COLUMNS;
      if (at === this.#writes.length) {
        const grown = new Int32Array(2 * at);
        grown.set(this.#writes);
        this.#writes = grown;
      }
      const writes = this.#writes;
      const known = this.#stamp[local] === this.#function;
      writes[at + KIND] = kind;
      writes[at + VALUE] = value;
      writes[at + UID] = this.#uid[depth] as number;
      writes[at + DEPTH] = depth;
      writes[at + EPOCH] = this.#epoch;
      writes[at + SEQ] = ++this.#seq;
      writes[at + BEFORE] = known ? (this.#lastWrite[local] as number) : -1;
      this.#stamp[local] = this.#function;
      this.#lastWrite[local] = this.#writeCount++;
    }
    this.note(op, local);
  }

  enter(depth: number, op: number): void {
    this.#uid[depth] = ++this.#uids;
    this.#innerLoop[depth] = this.#innerLoop[depth - 1] as number;
    this.note(op, 0);
  }

  enterLoop(depth: number, at: number): void {
    this.enter(depth, CONTROL);
    this.#innerLoop[depth] = depth;
    this.#loopSeq[depth] = ++this.#seq;
    this.#loopWrites[depth] = this.#writeCount;
    this.#loopEpoch[depth] = this.#epoch++;
    this.#loopAt[depth] = at;
    this.#backEdges[depth] = 0;
    this.#trips[depth] = 1;
  }

  enterIf(depth: number): void {
    this.#ifOp[depth] = this.#condition() ? this.#op : 0;
    this.#ifLocal[depth] = this.#local;
    this.#ifLimit[depth] = this.#limit;
    this.#ifSeq[depth] = ++this.#seq;
    this.enter(depth, CONTROL);
    this.#pushIfGuard(depth, this.#ifOp[depth] as number);
  }

  enterElse(depth: number): void {
    this.#dropGuards(depth);
    this.#epoch++;
    this.#uid[depth] = ++this.#uids;
    this.note(CONTROL, 0);
    const op = this.#ifOp[depth] as number;
    this.#pushIfGuard(depth, op === 0 ? 0 : negate(op));
  }

  /** After the `end` of a frame; `depth` is that of the closed frame. */
  leave(op: number, depth: number): void {
    this.#dropGuards(depth);
    this.#epoch++;
    this.note(op, 0);
  }

  /** Rounds of the loop that ends; -1 if unbounded. */
  leaveLoop(depth: number): number {
    return this.#trips[depth] as number;
  }

  loopOffset(depth: number): number {
    return this.#loopAt[depth] as number;
  }

  /** A jump to a loop's head that nothing is known of. */
  spoil(depth: number): void {
    this.#backEdges[depth] = 2;
    this.#trips[depth] = -1;
  }

  /** br (or br_if, if `conditional`) to the frame at depth `target`, in reachable code. */
  branch(target: number, depth: number, conditional: boolean, toLoop: boolean): void {
    const known = conditional && this.#condition();
    if (toLoop) {
      if (this.#backEdges[target] !== 0 || this.#innerLoop[depth] !== target) this.spoil(target);
      else {
        this.#backEdges[target] = 1;
        this.#trips[target] = this.#rounds(target, depth, known);
      }
    } else if (known) {
      this.#pushGuard(this.#local, negate(this.#op), this.#limit, ++this.#seq, depth, target);
    }
    this.note(CONTROL, 0);
  }

  /** Best bound that any guard gives for the loop whose back edge stands here. */
  #rounds(loop: number, here: number, condition: boolean): number {
    let best = -1;
    const take = (trips: number) => {
      if (trips >= 0 && (best < 0 || trips < best)) best = trips;
    };
    if (condition) take(this.#tripsBy(loop, here, this.#local, this.#op, this.#limit, ++this.#seq));
    const from = this.#loopSeq[loop] as number;
    for (let index = this.#guards - 1; index >= 0; index--) {
      const seq = this.#guardSeq[index] as number;
      if (seq < from) break;
      if ((this.#guardExit[index] as number) >= loop) continue;
      const local = this.#guardLocal[index] as number;
      take(
        this.#tripsBy(
          loop,
          here,
          local,
          this.#guardOp[index] as number,
          this.#guardLimit[index] as number,
          seq,
        ),
      );
    }
    return best;
  }

  /** Rounds while `local op limit` holds at the guard numbered `seq`; the back edge is `here` deep. */
  #tripsBy(
    loop: number,
    here: number,
    local: number,
    op: number,
    limit: number,
    seq: number,
  ): number {
    if (local >= LOCALS_FOLLOWED || this.#stamp[local] !== this.#function) return -1;
    const write = this.#lastWrite[local] as number;
    const before = this.#writes[write * COLUMNS + BEFORE] as number;
    const outside = this.#loopWrites[loop] as number;
    // Exactly one write in the loop so far, a step, in a frame that is still open.
    if (write < outside || before >= outside) return -1;
    if (this.#writes[write * COLUMNS + KIND] !== WRITE.step) return -1;
    const depth = this.#writes[write * COLUMNS + DEPTH] as number;
    if (depth < loop || depth > here || this.#uid[depth] !== this.#writes[write * COLUMNS + UID])
      return -1;
    const step = this.#writes[write * COLUMNS + VALUE] as number;
    const initial = this.#initial(loop, local, before);
    const stepFirst = (this.#writes[write * COLUMNS + SEQ] as number) < seq;
    const first = initial === undefined ? undefined : stepFirst ? (initial + step) | 0 : initial;
    return tripCount(op, limit, step, first);
  }

  /** Value of `local` when the loop is entered, if straight-line code before it says so. */
  #initial(loop: number, local: number, before: number): number | undefined {
    const epoch = this.#loopEpoch[loop] as number;
    if (before < 0) return epoch === 0 && local >= this.#params ? 0 : undefined;
    if (
      this.#writes[before * COLUMNS + EPOCH] !== epoch ||
      this.#writes[before * COLUMNS + KIND] !== WRITE.constant
    ) {
      return undefined;
    }
    return this.#writes[before * COLUMNS + VALUE] as number;
  }

  /** Reads a condition on a local from the last instructions into #local, #op, #limit. */
  #condition(): boolean {
    let back = 0;
    let inverted = false;
    while (this.#opAt(back) === COMPARE.eqz && back < 3) {
      inverted = !inverted;
      back++;
    }
    const op = this.#opAt(back);
    const isRead = (at: number) => this.#opAt(at) === OP.get || this.#opAt(at) === OP.tee;
    if (op >= COMPARE.eq && op <= COMPARE.geU) {
      // A const that follows a read, or a plain local.get that follows a const.
      if (this.#opAt(back + 1) === OP.const && isRead(back + 2)) {
        this.#local = this.#argAt(back + 2);
        this.#limit = this.#argAt(back + 1);
        this.#op = op;
      } else if (this.#opAt(back + 1) === OP.get && this.#opAt(back + 2) === OP.const) {
        this.#local = this.#argAt(back + 1);
        this.#limit = this.#argAt(back + 2);
        this.#op = mirror(op);
      } else return false;
    } else if (isRead(back)) {
      this.#local = this.#argAt(back);
      this.#limit = 0;
      this.#op = COMPARE.ne;
    } else return false;
    if (inverted) this.#op = negate(this.#op);
    return true;
  }

  #pushIfGuard(depth: number, op: number): void {
    if (op === 0) return;
    this.#pushGuard(
      this.#ifLocal[depth] as number,
      op,
      this.#ifLimit[depth] as number,
      this.#ifSeq[depth] as number,
      depth,
      -1,
    );
  }

  #pushGuard(
    local: number,
    op: number,
    limit: number,
    seq: number,
    depth: number,
    exit: number,
  ): void {
    const at = this.#guards++;
    this.#guardLocal[at] = local;
    this.#guardOp[at] = op;
    this.#guardLimit[at] = limit;
    this.#guardSeq[at] = seq;
    this.#guardDepth[at] = depth;
    this.#guardExit[at] = exit;
  }

  /** Forgets the guards in frames at `depth` or deeper: they no longer dominate what follows. */
  #dropGuards(depth: number): void {
    let count = this.#guards;
    while (count > 0 && (this.#guardDepth[count - 1] as number) >= depth) count--;
    this.#guards = count;
  }
}
