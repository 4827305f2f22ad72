/** Fraud by merchant category: share of fraudulent payments and how their amounts differ. */
import { Input, JsonArray, JsonObject, Mean } from 'nmp';

export function run(input: Input): JsonObject {
  const minimum = input.arguments['minimumAmount'].number;
  const payments = input.table('transactions');
  const categories = payments.texts('category');
  const amounts = payments.numbers('amount');
  const fraud = payments.flags('is_fraud');
  const names = input.arguments['categories'];
  const features = new JsonArray();
  for (let c = 0; c < names.length; c++) {
    const name = names.at(c).text;
    const share = new Mean(4);
    const honest = new Mean(2);
    const stolen = new Mean(2);
    for (let i = 0; i < payments.rows; i++) {
      if (!categories.is(i, name) || amounts[i] < minimum) continue;
      share.add(fraud[i] ? 1 : 0);
      (fraud[i] ? stolen : honest).add(amounts[i]);
    }
    // The owner's schema lets no group of fewer than 25 payments out.
    if (share.count < 25) continue;
    features.push(new JsonObject().set('category', name).set('payments', share.count)
      .set('fraudShare', share).set('meanHonest', honest).set('meanFraud', stolen));
  }
  return new JsonObject().set('features', features);
}
