/**
 * A Kademlia mesh for simulation: identifiers, routing tables, who is dead and who lies. Tables are
 * drawn when they are first asked for, so that 100,000 nodes cost what the lookups touch.
 */

/** mulberry32: a small seeded generator; for simulation only. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Entries of a bucket and answers of a query; Maymounkov and Mazières' k. */
export const K = 20;
/** Identifiers have 48 bits here: enough to tell 100,000 nodes apart, exact in a number. */
const ID_BITS = 48;

/** XOR of two 48-bit identifiers, by halves. */
export function distance(a: number, b: number): number {
  const half = 2 ** 24;
  const high = (Math.floor(a / half) ^ Math.floor(b / half)) >>> 0;
  const low = ((a % half) ^ (b % half)) >>> 0;
  return high * half + low;
}

export interface MeshWorld {
  readonly ids: readonly number[];
  readonly dead: readonly boolean[];
  readonly hostile: readonly boolean[];
  /** Nodes that `node` has in its table, dead ones too. */
  table(node: number): readonly number[];
  /** The `count` nodes of `among` (default: all) nearest to `target`. */
  closest(target: number, count: number, among?: readonly number[]): number[];
}

export function createWorld(
  random: () => number,
  init: { readonly nodes: number; readonly churn: number; readonly hostile: number },
): MeshWorld {
  const ids = Array.from({ length: init.nodes }, () => Math.floor(random() * 2 ** ID_BITS)).sort(
    (a, b) => a - b,
  );
  const dead = ids.map(() => random() < init.churn);
  const hostile = ids.map(() => random() < init.hostile);
  const tables = new Map<number, number[]>();

  /** First index whose identifier is not below `id`. */
  const lowerBound = (id: number): number => {
    let [low, high] = [0, ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ids[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const table = (node: number): readonly number[] => {
    const known = tables.get(node);
    if (known !== undefined) return known;
    const own = ids[node] ?? 0;
    const entries: number[] = [];
    for (let bit = ID_BITS - 1; bit >= 0; bit--) {
      const size = 2 ** bit;
      const start = Math.floor(own / size) % 2 === 0 ? size : -size;
      const from = Math.floor(own / size) * size + start;
      const [first, end] = [lowerBound(from), lowerBound(from + size)];
      const bucket = new Set<number>();
      if (end - first <= K) for (let i = first; i < end; i++) bucket.add(i);
      else while (bucket.size < K) bucket.add(first + Math.floor(random() * (end - first)));
      entries.push(...bucket);
      // Deeper buckets are empty once nobody shares the prefix.
      const base = Math.floor(own / size) * size;
      if (lowerBound(base + size) - lowerBound(base) <= 1) break;
    }
    tables.set(node, entries);
    return entries;
  };

  const closest = (target: number, count: number, among?: readonly number[]): number[] => {
    const at = lowerBound(target);
    // XOR neighbours share prefixes: a window around the place holds them, but for rare borders.
    const pool =
      among ??
      Array.from({ length: 16 * count }, (_, i) => at - 8 * count + i).filter(
        (i) => i >= 0 && i < ids.length,
      );
    return [...pool]
      .sort((a, b) => distance(ids[a] ?? 0, target) - distance(ids[b] ?? 0, target))
      .slice(0, count);
  };
  return { ids, dead, hostile, table, closest };
}
