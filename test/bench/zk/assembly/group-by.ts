import { Input, JsonObject } from 'nmp';

export function run(input: Input): JsonObject {
  const rows = input.table('payments');
  const category = rows.texts('category');
  const cents = rows.integers('cents');
  let food: i32 = 0;
  let rent: i32 = 0;
  let other: i32 = 0;
  for (let i = 0; i < rows.rows; i++) {
    if (category.is(i, 'food')) food += cents[i];
    else if (category.is(i, 'rent')) rent += cents[i];
    else other += cents[i];
  }
  return new JsonObject().set('food', food).set('rent', rent).set('other', other);
}
