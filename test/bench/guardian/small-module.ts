import { build, DROP, get, I32, I64, i32, set } from '../../unit/guardian/build.ts';

/** A pure module of about 25 kB: 38 functions of plain arithmetic; `scale` times as many. */
export function small(scale = 1): Uint8Array {
  const code = Array.from({ length: 40 }, (_, index) => [
    ...get(0),
    ...i32(index * 7919),
    0x6a,
    ...set(0),
    ...get(0),
    ...i32(index),
    0x73,
    ...DROP,
  ]).flat();
  const functions = 38 * scale;
  return build({
    types: [
      [[I32], []],
      [[I32, I32], [I64]],
    ],
    funcs: [
      ...Array.from({ length: functions }, () => ({ type: 0, code })),
      { type: 1, code: [...get(0), 0x10, 0, 0x42, 0] },
    ],
    memories: [[0, 2]],
    exports: [['nmp_run', 0, functions]],
    data: [{ offset: i32(0), bytes: new Uint8Array(2000) }],
  });
}
