import { Input, JsonObject } from 'nmp';

export function run(input: Input): JsonObject {
  const rows = input.table('payments');
  const cents = rows.integers('cents');
  let sum: i32 = 0;
  for (let i = 0; i < rows.rows; i++) sum += cents[i];
  return new JsonObject().set('cents', sum);
}
