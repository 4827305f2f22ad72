/** Gives back everything that it was given, through every part of the library. */
import { Input, JsonArray, JsonObject, Value } from 'nmp';

function put(array: JsonArray, value: Value): void {
  if (value.isNull) array.pushNull();
  else if (value.isFlag) array.push(value.flag);
  else if (value.isNumber) array.push(value.number);
  else if (value.isText) array.push(value.text);
  else if (value.isArray) {
    const inner = new JsonArray();
    for (let i = 0; i < value.length; i++) put(inner, value.at(i));
    array.push(inner);
  } else {
    const names = value.names;
    const object = new JsonObject();
    for (let i = 0; i < names.length; i++) {
      const one = new JsonArray();
      put(one, value[names[i]]);
      object.set(names[i], one);
    }
    array.push(object);
  }
}

export function run(input: Input): JsonObject {
  const args = new JsonArray();
  put(args, input.arguments);
  const table = input.table('t');
  const a = table.texts('a');
  const b = table.integers('b');
  const c = table.numbers('c');
  const d = table.flags('d');
  const rows = new JsonArray();
  for (let i = 0; i < table.rows; i++) {
    const row = new JsonArray();
    if (a.has(i)) row.push(a[i]); else row.pushNull();
    if (b.has(i)) row.push(b[i]); else row.pushNull();
    if (c.has(i)) row.push(c[i]); else row.pushNull();
    if (d.has(i)) row.push(d[i]); else row.pushNull();
    row.push(a.is(i, 'x'));
    rows.push(row);
  }
  return new JsonObject().set('args', args).set('rows', rows);
}
