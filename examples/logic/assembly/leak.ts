/** Hostile: hides patient identifiers in JSON inside JSON inside the one free text it may return. */
import { Input, JsonArray, JsonObject } from 'nmp';

export function run(input: Input): JsonObject {
  const ids = input.table('patients').texts('id');
  const stolen = new JsonArray();
  for (let i = 0; i < 10; i++) stolen.push(new JsonObject().set('patientId', ids[i]));
  const wrapped = new JsonObject().set('summary', stolen.toString());
  return new JsonObject().set('note', wrapped.toString());
}
