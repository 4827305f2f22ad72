/**
 * Worst-case cost in Wasmtime 48 fuel units and worst-case stack, over the call graph.
 *
 * Fuel (wasmtime-environ 48.0.8, tunables.rs): every instruction 1, but nop, drop, block, loop,
 * unreachable, return, else and end 0; 1 on entering a function; memory.copy, fill, init and the
 * table forms one more for each byte or element. Host functions burn none. Both bounds hold for
 * every input; where none can be proven the place that needs a meter is named.
 */

import { COST_OP, type CodeFacts } from './code-facts.ts';
import { evaluateFuel, FUEL_SATURATED } from './fuel.ts';
import type { ModuleInfo } from './module-info.ts';

type UnboundedCause = 'loop' | 'recursion' | 'table' | 'overflow';

/** A place for which nothing but a meter helps. */
interface Unbounded {
  readonly cause: UnboundedCause;
  /** Function index in the module's index space. */
  readonly function: number;
  /** Offset in the module's bytes. */
  readonly offset: number;
}

export interface CallAnalysis {
  /** Fuel of one call of each function; undefined if unbounded or not reached. */
  cost(functionIndex: number): bigint | undefined;
  /** Frames' slots below and including each function; undefined if unbounded or not reached. */
  stackSlots(functionIndex: number): number | undefined;
  callDepth(functionIndex: number): number | undefined;
  /** First unbounded place of each kind of trouble, at most {@link UNBOUNDED_SHOWN}. */
  readonly unbounded: readonly Unbounded[];
  /** Functions in cycles of the call graph. */
  readonly recursiveFunctions: number;
  /** Functions that no root reaches. */
  readonly unreached: number;
}

const UNBOUNDED_SHOWN = 16;

/**
 * Tarjan's strongly connected components without recursion, callees first; each node's figures
 * are computed when its component closes. Calls through a table can reach every function of the
 * signature whose reference the module ever takes; if a table is imported or exported, the host
 * could add others, so such a call is unbounded.
 */
export function analyseCalls(
  info: ModuleInfo,
  code: CodeFacts,
  roots: Iterable<number>,
): CallAnalysis {
  const functions = info.functions.length;
  const nodes = functions + info.typeGroups.size;
  const imported = info.importedFunctions;
  const openTable = info.importedTables > 0 || exportsTable(info);
  const targets = indirectTargets(info);
  const { programStart, frameSlots, unboundedAt } = code;
  const program = code.program.data;

  const order = new Int32Array(nodes);
  const low = new Int32Array(nodes);
  const cursor = new Int32Array(nodes);
  const onStack = new Uint8Array(nodes);
  const cost: (number | bigint | undefined)[] = new Array(nodes);
  const slots = new Float64Array(nodes).fill(-1);
  const depth = new Float64Array(nodes).fill(-1);
  const path: number[] = [];
  const component: number[] = [];
  const unbounded: Unbounded[] = [];
  let visited = 0;
  let recursiveFunctions = 0;

  const report = (cause: UnboundedCause, node: number, offset?: number) => {
    if (node >= functions || unbounded.length >= UNBOUNDED_SHOWN) return;
    const at = offset ?? (info.bodies[2 * (node - imported)] as number);
    unbounded.push({ cause, function: node, offset: at });
  };
  /** Next callee of `node` from its cursor on; -1 if none is left. */
  const next = (node: number): number => {
    let at = cursor[node] as number;
    if (node >= functions) {
      const list = targets[node - functions] as number[];
      cursor[node] = at + 1;
      return at < list.length ? (list[at] as number) : -1;
    }
    if (node < imported) return -1;
    const end = programStart[node - imported + 1] as number;
    while (at < end) {
      const op = program[at] as number;
      const argument = program[at + 1] as number;
      at += 2;
      if (op === COST_OP.call || op === COST_OP.indirect) {
        cursor[node] = at;
        return op === COST_OP.call ? argument : functions + argument;
      }
    }
    cursor[node] = at;
    return -1;
  };
  const open = (node: number) => {
    order[node] = low[node] = ++visited;
    cursor[node] =
      node >= imported && node < functions ? (programStart[node - imported] as number) : 0;
    onStack[node] = 1;
    path.push(node);
    component.push(node);
  };

  /** Figures of a node whose callees are all known. */
  const close = (node: number) => {
    if (node < imported) {
      cost[node] = 0;
      slots[node] = 0;
      depth[node] = 0;
      return;
    }
    let below = 0;
    let levels = 0;
    let bounded = true;
    let most: number | bigint | undefined = 0;
    cursor[node] = node < functions ? (programStart[node - imported] as number) : 0;
    for (let callee = next(node); callee >= 0; callee = next(node)) {
      if ((slots[callee] as number) < 0) bounded = false;
      below = Math.max(below, slots[callee] as number);
      levels = Math.max(levels, depth[callee] as number);
      if (node >= functions) {
        const other = cost[callee];
        if (other === undefined || most === undefined) most = undefined;
        else if (other > most) most = other;
      }
    }
    if (node >= functions) {
      if (openTable) bounded = false;
      cost[node] = openTable ? undefined : most;
      if (bounded) {
        slots[node] = below;
        depth[node] = levels;
      }
      return;
    }
    if (bounded) {
      slots[node] = below + (frameSlots[node - imported] as number);
      depth[node] = levels + 1;
    }
    const from = programStart[node - imported] as number;
    const to = programStart[node - imported + 1] as number;
    const loop = unboundedAt[node - imported] as number;
    if (loop !== 0) return report('loop', node, loop);
    if (openTable && usesTable(program, from, to)) return report('table', node);
    const fuel = evaluateFuel(program, from, to, code.trips, cost, functions);
    if (fuel === undefined) return;
    if (fuel >= FUEL_SATURATED) return report('overflow', node);
    cost[node] = fuel;
  };

  for (const root of roots) {
    if (order[root] !== 0) continue;
    open(root);
    while (path.length > 0) {
      const node = path[path.length - 1] as number;
      const callee = next(node);
      if (callee >= 0) {
        if (order[callee] === 0) open(callee);
        else if (onStack[callee] === 1)
          low[node] = Math.min(low[node] as number, order[callee] as number);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
      if (low[node] !== order[node]) continue;
      const members: number[] = [];
      let member: number;
      do {
        member = component.pop() as number;
        onStack[member] = 0;
        members.push(member);
      } while (member !== node);
      if (
        members.length === 1 &&
        !callsItself(node, next, cursor, programStart, imported, functions)
      ) {
        close(node);
        continue;
      }
      for (const one of members) {
        if (one < functions) recursiveFunctions++;
        report('recursion', one);
      }
    }
  }

  let reached = 0;
  for (let node = 0; node < functions; node++) if (order[node] !== 0) reached++;
  const known = (column: Float64Array, index: number) => {
    const value = column[index];
    return value === undefined || value < 0 ? undefined : value;
  };
  return {
    cost: (index) => {
      const value = cost[index];
      return value === undefined ? undefined : BigInt(value);
    },
    stackSlots: (index) => known(slots, index),
    callDepth: (index) => known(depth, index),
    unbounded,
    recursiveFunctions,
    unreached: functions - reached,
  };
}

function callsItself(
  node: number,
  next: (node: number) => number,
  cursor: Int32Array,
  programStart: readonly number[],
  imported: number,
  functions: number,
): boolean {
  if (node < imported) return false;
  cursor[node] = node < functions ? (programStart[node - imported] as number) : 0;
  for (let callee = next(node); callee >= 0; callee = next(node)) if (callee === node) return true;
  return false;
}

function usesTable(program: Float64Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 2) if (program[at] === COST_OP.indirect) return true;
  return false;
}

function exportsTable(info: ModuleInfo): boolean {
  for (const item of info.exports.values()) if (item.kind === 'table') return true;
  return false;
}

/** Address-taken functions of each signature. */
function indirectTargets(info: ModuleInfo): number[][] {
  const targets: number[][] = Array.from({ length: info.typeGroups.size }, () => []);
  for (const index of info.addressTaken) {
    const type = info.types[info.functions[index] as number];
    if (type !== undefined) targets[type.group]?.push(index);
  }
  return targets;
}
