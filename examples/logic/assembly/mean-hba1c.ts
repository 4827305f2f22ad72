/** Mean haemoglobin A1c: short enough for a zero-knowledge receipt. */
import { Input, JsonObject, Mean } from 'nmp';

export function run(input: Input): JsonObject {
  const table = input.table('hba1c');
  const percent = table.numbers('percent');
  const mean = new Mean(1);
  for (let i = 0; i < table.rows; i++) if (percent.has(i)) mean.add(percent[i]);
  return new JsonObject().set('readings', mean.count).set('meanPercent', mean);
}
