import { Input, JsonObject, round } from 'nmp';

export function run(input: Input): JsonObject {
  const table = input.table('payments');
  const xs = table.numbers('age');
  const ys = table.numbers('amount');
  let x: f64 = 0;
  let y: f64 = 0;
  let xx: f64 = 0;
  let xy: f64 = 0;
  for (let i = 0; i < table.rows; i++) {
    x += xs[i];
    y += ys[i];
    xx += xs[i] * xs[i];
    xy += xs[i] * ys[i];
  }
  const n = <f64>table.rows;
  const slope = (n * xy - x * y) / (n * xx - x * x);
  return new JsonObject().set('slope', round(slope, 3));
}
