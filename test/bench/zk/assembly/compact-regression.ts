/**
 * Slope of the last float64 column over the one before it, in thousandths; see compact-sum.ts. The
 * proven machine has no floating point: each operation is a routine of some hundred cycles.
 */
const BYTES: i32 = 400;

export function nmp_alloc(length: i32): i32 {
  return 1024;
}

export function nmp_run(pointer: i32, length: i32): i64 {
  const end = pointer + length - 8;
  const column = 2 * BYTES;
  let sumX: f64 = 0;
  let sumY: f64 = 0;
  let sumXX: f64 = 0;
  let sumXY: f64 = 0;
  for (let at = end - column; at < end; at += 8) {
    const x = load<f64>(at - column);
    const y = load<f64>(at);
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  const rows = <f64>(BYTES / 4);
  const slope = (rows * sumXY - sumX * sumY) / (rows * sumXX - sumX * sumX);
  const thousandths = <i32>Math.floor(slope * 1000 + 0.5);
  let rest: u32 = thousandths < 0 ? -thousandths : thousandths;
  let to = 64;
  store<u8>(to, 0x7d);
  do {
    store<u8>(--to, 0x30 + (rest % 10));
    rest /= 10;
  } while (rest > 0);
  if (thousandths < 0) store<u8>(--to, 0x2d);
  // {"t":
  store<u32>(to - 4, 0x3a227422);
  store<u8>(to - 5, 0x7b);
  return (<i64>(to - 5) << 32) | <i64>(70 - to);
}
