/** The pure guest ABI: what `nmp build` puts around the function `run` of a logic file. */
import { encode } from './json-write';

let output: ArrayBuffer = new ArrayBuffer(0);

/** Room for the input; lives as long as the instance, which serves one call. */
export function allocate(length: i32): i32 {
  if (length < 0) unreachable();
  return <i32>heap.alloc(length);
}

/** Pointer and length of the answer's JSON, packed as the host expects. */
export function answer<T>(value: T): i64 {
  output = String.UTF8.encode(encode(value), false, String.UTF8.ErrorMode.ERROR);
  return ((<i64>changetype<usize>(output)) << 32) | <i64>output.byteLength;
}
