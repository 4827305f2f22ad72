/** Number and mean length of the stays in a ward. */
import { Input, JsonObject, Mean } from 'nmp';

export function run(input: Input): JsonObject {
  const ward = input.arguments['ward'].text;
  const stays = input.table('stays');
  const wards = stays.texts('ward');
  const days = stays.integers('days');
  const mean = new Mean(1);
  for (let i = 0; i < stays.rows; i++) {
    if (wards.is(i, ward) && days.has(i)) mean.add(days[i]);
  }
  return new JsonObject().set('stays', mean.count).set('meanDays', mean);
}
