/** What the walk over the code leaves behind for policy and mathematics. */

/** Operations of the cost program; each is followed by one argument. */
export const COST_OP = {
  /** Fuel of straight-line code. */
  fuel: 0,
  /** Call of a function index. */
  call: 1,
  /** Call through a table; the argument is the signature's group. */
  indirect: 2,
  loop: 3,
  /** Argument: index into `trips`. */
  loopEnd: 4,
  if: 5,
  else: 6,
  ifEnd: 7,
  /** Work charged by the element or byte, of unknown length: up to 2^32 - 1. */
  bulk: 8,
} as const;

/** A list of number pairs that grows without boxing and copies seldom. */
export class CostProgram {
  /** Operation, argument, operation, argument, …; what lies at `length` and beyond is stale. */
  data = new Float64Array(16_384);
  length = 0;

  push(op: number, argument: number): void {
    if (this.length === this.data.length) {
      const grown = new Float64Array(4 * this.data.length);
      grown.set(this.data);
      this.data = grown;
    }
    this.data[this.length] = op;
    this.data[this.length + 1] = argument;
    this.length += 2;
  }

  /** Straight-line code, if it costs anything. */
  pushFuel(fuel: number): void {
    if (fuel > 0) this.push(COST_OP.fuel, fuel);
  }
}

export interface CodeFacts {
  /** Cost program of all functions. */
  readonly program: CostProgram;
  /** Start of each defined function's part of `program`; one more for the end. */
  readonly programStart: number[];
  /** Rounds of each loop; -1 if unbounded. */
  readonly trips: number[];
  /** Offset of the first unbounded loop of each defined function; 0 if none. */
  readonly unboundedAt: number[];
  /** Parameters, locals and most operands of each defined function: slots of its frame. */
  readonly frameSlots: number[];
  instructions: number;
  loops: number;
  boundedLoops: number;
  maxNesting: number;
  maxBrTable: number;
  maxLocals: number;
  maxOperands: number;
  makesNan: boolean;
  /** There is a memory.grow: memory may become larger than it starts. */
  growsMemory: boolean;
  /** Functions that look like a hash's inner loop. */
  mixingFunctions: number;
  nestingExceeded: boolean;
  brTableExceeded: boolean;
  localsExceeded: boolean;
  feature: boolean;
}

export interface CodeLimits {
  readonly nesting: number;
  readonly brTable: number;
  readonly locals: number;
}

export function emptyCode(): CodeFacts {
  return {
    program: new CostProgram(),
    programStart: [],
    trips: [],
    unboundedAt: [],
    frameSlots: [],
    instructions: 0,
    loops: 0,
    boundedLoops: 0,
    maxNesting: 0,
    maxBrTable: 0,
    maxLocals: 0,
    maxOperands: 0,
    makesNan: false,
    growsMemory: false,
    mixingFunctions: 0,
    nestingExceeded: false,
    brTableExceeded: false,
    localsExceeded: false,
    feature: false,
  };
}
