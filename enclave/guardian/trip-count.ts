/**
 * How often a counted loop's body can run: an i32 counter changes by a constant step exactly once
 * a round, and the round repeats only while a comparison of the counter with a constant holds.
 */

const TWO_32 = 2 ** 32;

/** i32 comparison opcodes; `NE_ZERO` conditions are written as NE with limit 0. */
export const COMPARE = {
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  gtU: 0x4b,
  leS: 0x4c,
  leU: 0x4d,
  geS: 0x4e,
  geU: 0x4f,
} as const;

/** `!(a op b)` as an opcode. */
export function negate(op: number): number {
  switch (op) {
    case COMPARE.eq:
      return COMPARE.ne;
    case COMPARE.ne:
      return COMPARE.eq;
    case COMPARE.ltS:
      return COMPARE.geS;
    case COMPARE.ltU:
      return COMPARE.geU;
    case COMPARE.gtS:
      return COMPARE.leS;
    case COMPARE.gtU:
      return COMPARE.leU;
    case COMPARE.leS:
      return COMPARE.gtS;
    case COMPARE.leU:
      return COMPARE.gtU;
    case COMPARE.geS:
      return COMPARE.ltS;
    default:
      return COMPARE.ltU;
  }
}

/** `b op a` as the opcode for `a op' b`. */
export function mirror(op: number): number {
  switch (op) {
    case COMPARE.ltS:
      return COMPARE.gtS;
    case COMPARE.ltU:
      return COMPARE.gtU;
    case COMPARE.gtS:
      return COMPARE.ltS;
    case COMPARE.gtU:
      return COMPARE.ltU;
    case COMPARE.leS:
      return COMPARE.geS;
    case COMPARE.leU:
      return COMPARE.geU;
    case COMPARE.geS:
      return COMPARE.leS;
    case COMPARE.geU:
      return COMPARE.leU;
    default:
      return op;
  }
}

/**
 * Most rounds of the loop, the last one (whose comparison fails) included; -1 if none can be
 * claimed. `first` is the counter at the first comparison (any i32 reading), undefined if unknown.
 * Sound: where the counter could wrap around before the comparison fails, nothing is claimed.
 */
export function tripCount(
  op: number,
  limit: number,
  step: number,
  first: number | undefined,
): number {
  if (step === 0) return -1;
  if (op === COMPARE.eq) return 2;
  if (op === COMPARE.ne) return tripsUntilEqual(limit, step, first);
  const unsigned =
    op === COMPARE.ltU || op === COMPARE.leU || op === COMPARE.gtU || op === COMPARE.geU;
  const low = unsigned ? 0 : -(2 ** 31);
  const high = low + TWO_32 - 1;
  const read = (value: number) => (unsigned ? value >>> 0 : value | 0);
  const bound = read(limit);
  const from = first === undefined ? undefined : read(first);
  const upwards =
    op === COMPARE.ltS || op === COMPARE.ltU || op === COMPARE.leS || op === COMPARE.leU;
  if (upwards !== step > 0) return -1;
  if (upwards) {
    // Repeats while counter < stop.
    const stop = op === COMPARE.leS || op === COMPARE.leU ? bound + 1 : bound;
    if (stop - 1 + step > high) return -1;
    return Math.max(0, Math.ceil((stop - (from ?? low)) / step)) + 1;
  }
  // Repeats while counter > stop.
  const stop = op === COMPARE.geS || op === COMPARE.geU ? bound - 1 : bound;
  if (stop + 1 + step < low) return -1;
  return Math.max(0, Math.ceil(((from ?? high) - stop) / -step)) + 1;
}

/** `counter != limit`: the least k with first + k * step = limit modulo 2^32, if steps hit it. */
function tripsUntilEqual(limit: number, step: number, first: number | undefined): number {
  const stride = Math.abs(step);
  if (first === undefined) return stride === 1 ? TWO_32 : -1;
  const distance = (step > 0 ? limit - first : first - limit) >>> 0;
  return distance % stride === 0 ? distance / stride + 1 : -1;
}
