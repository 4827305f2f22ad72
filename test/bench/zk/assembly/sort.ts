import { Input, JsonObject } from 'nmp';

export function run(input: Input): JsonObject {
  const rows = input.table('payments');
  const cents = rows.integers('cents');
  const sorted = new StaticArray<i32>(rows.rows);
  for (let i = 0; i < rows.rows; i++) sorted[i] = cents[i];
  sorted.sort();
  return new JsonObject().set('median', sorted[rows.rows / 2]);
}
