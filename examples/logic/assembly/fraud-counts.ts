/** Payments of a category from an amount on, and how many of them were fraud. */
import { Input, JsonObject } from 'nmp';

export function run(input: Input): JsonObject {
  const minimum = input.arguments['minimumAmount'].number;
  const category = input.arguments['category'].text;
  const table = input.table('transactions');
  const categories = table.texts('category');
  const amounts = table.numbers('amount');
  const fraud = table.flags('is_fraud');
  let payments = 0;
  let frauds = 0;
  for (let i = 0; i < table.rows; i++) {
    if (!categories.is(i, category) || amounts[i] < minimum) continue;
    payments++;
    if (fraud[i]) frauds++;
  }
  return new JsonObject().set('payments', payments).set('frauds', frauds);
}
