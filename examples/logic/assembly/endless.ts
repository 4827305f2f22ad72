/** Hostile: never ends; only the fuel limit stops it. */
import { Input, JsonObject } from 'nmp';

export function run(input: Input): JsonObject {
  let steps: u64 = 1;
  while (steps != 0) steps += 2;
  return new JsonObject().set('note', steps.toString());
}
