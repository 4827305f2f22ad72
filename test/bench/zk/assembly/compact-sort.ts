/** Median of the last int32 column, by a shell sort where it lies; see compact-sum.ts. */
const BYTES: i32 = 400;

export function nmp_alloc(length: i32): i32 {
  return 1024;
}

export function nmp_run(pointer: i32, length: i32): i64 {
  const end = pointer + length - 8;
  const start = end - BYTES;
  // Gaps of the sequence 3 g + 1, in bytes.
  let gap = 4;
  while (gap < BYTES / 3) gap = gap * 3 + 4;
  for (; gap >= 4; gap = (gap - 4) / 3) {
    for (let from = start + gap; from < end; from += 4) {
      const value = load<u32>(from);
      let at = from;
      while (at >= start + gap && load<u32>(at - gap) > value) {
        store<u32>(at, load<u32>(at - gap));
        at -= gap;
      }
      store<u32>(at, value);
    }
  }
  let median = load<u32>(start + ((BYTES / 2) & ~3));
  let to = 64;
  store<u8>(to, 0x7d);
  do {
    store<u8>(--to, 0x30 + (median % 10));
    median /= 10;
  } while (median > 0);
  // {"m":
  store<u32>(to - 4, 0x3a226d22);
  store<u8>(to - 5, 0x7b);
  return (<i64>(to - 5) << 32) | <i64>(70 - to);
}
