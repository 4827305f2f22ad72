/** Evaluates one function's cost program: loops multiply, the dearer arm of an if counts. */
import { COST_OP } from './code-facts.ts';

/** Fuel counters are 64 bits; a bound that reaches their end says nothing. */
export const FUEL_SATURATED = 2n ** 64n - 1n;

/** Longest length that a bulk instruction can be given. */
const BULK_MOST = 2 ** 32 - 1;

/** Fuel of entering any function. */
const ENTRY_FUEL = 1;

/**
 * Fuel of one call of the function whose program is [from, to); undefined if it loops or calls
 * without bound. `cost` has every callee's fuel; table calls are nodes from `functions` on.
 */
export function evaluateFuel(
  program: Float64Array,
  from: number,
  to: number,
  trips: readonly number[],
  cost: readonly (number | bigint | undefined)[],
  functions: number,
): number | bigint | undefined {
  const exact = evaluateExact(program, from, to, trips, cost, functions);
  return exact === 'inexact' ? evaluateBig(program, from, to, trips, cost, functions) : exact;
}

/** With doubles while every figure is an exact integer; else 'inexact'. */
function evaluateExact(
  program: Float64Array,
  from: number,
  to: number,
  trips: readonly number[],
  cost: readonly (number | bigint | undefined)[],
  functions: number,
): number | 'inexact' | undefined {
  // Fuel before each open frame; for an else arm the other arm's fuel lies on top of it.
  const outer: number[] = [];
  let fuel = ENTRY_FUEL;
  for (let at = from; at < to; at += 2) {
    const argument = program[at + 1] as number;
    switch (program[at]) {
      case COST_OP.fuel:
        fuel += argument;
        break;
      case COST_OP.bulk:
        fuel += BULK_MOST;
        break;
      case COST_OP.call:
      case COST_OP.indirect: {
        const callee = cost[program[at] === COST_OP.call ? argument : functions + argument];
        if (callee === undefined) return undefined;
        if (typeof callee !== 'number') return 'inexact';
        fuel += callee;
        break;
      }
      case COST_OP.loop:
      case COST_OP.if:
        outer.push(fuel, -1);
        fuel = 0;
        break;
      case COST_OP.else:
        outer[outer.length - 1] = fuel;
        fuel = 0;
        break;
      case COST_OP.loopEnd: {
        outer.pop();
        const rounds = trips[argument] as number;
        if (rounds < 0) return undefined;
        fuel = (outer.pop() as number) + fuel * rounds;
        break;
      }
      default: {
        const other = outer.pop() as number;
        fuel = (outer.pop() as number) + Math.max(fuel, other);
      }
    }
    if (!Number.isSafeInteger(fuel)) return 'inexact';
  }
  return fuel;
}

function evaluateBig(
  program: Float64Array,
  from: number,
  to: number,
  trips: readonly number[],
  cost: readonly (number | bigint | undefined)[],
  functions: number,
): bigint | undefined {
  const outer: bigint[] = [];
  const least = (value: bigint) => (value > FUEL_SATURATED ? FUEL_SATURATED : value);
  let fuel = BigInt(ENTRY_FUEL);
  for (let at = from; at < to; at += 2) {
    const argument = program[at + 1] as number;
    switch (program[at]) {
      case COST_OP.fuel:
        fuel += BigInt(argument);
        break;
      case COST_OP.bulk:
        fuel += BigInt(BULK_MOST);
        break;
      case COST_OP.call:
      case COST_OP.indirect: {
        const callee = cost[program[at] === COST_OP.call ? argument : functions + argument];
        if (callee === undefined) return undefined;
        fuel += BigInt(callee);
        break;
      }
      case COST_OP.loop:
      case COST_OP.if:
        outer.push(fuel, -1n);
        fuel = 0n;
        break;
      case COST_OP.else:
        outer[outer.length - 1] = fuel;
        fuel = 0n;
        break;
      case COST_OP.loopEnd: {
        outer.pop();
        const rounds = trips[argument] as number;
        if (rounds < 0) return undefined;
        fuel = (outer.pop() as bigint) + fuel * BigInt(rounds);
        break;
      }
      default: {
        const other = outer.pop() as bigint;
        fuel = (outer.pop() as bigint) + (fuel > other ? fuel : other);
      }
    }
    fuel = least(fuel);
  }
  return fuel;
}
