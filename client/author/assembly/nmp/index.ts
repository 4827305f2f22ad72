/** The guest library: what logic that travels to the data needs to read its input and answer. */
export { Flags, Integers, Numbers, Table, Texts } from './arrow';
export { decimal } from './decimal';
export { Input } from './input';
export { JsonArray, JsonObject, round } from './json-write';
export { Mean } from './mean';
export { Value } from './json-read';
