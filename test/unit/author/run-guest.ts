/**
 * Runs a module of the pure ABI on V8, as a host would: allocate, copy, run, read.
 * @param behind bytes that lie behind the input in the guest's memory
 */
export async function runGuest(
  bytes: Uint8Array<ArrayBuffer>,
  input: Uint8Array,
  behind: Uint8Array = new Uint8Array(0),
): Promise<string> {
  const { instance } = await WebAssembly.instantiate(bytes);
  const { memory, nmp_alloc: alloc, nmp_run: run } = instance.exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError('no memory');
  if (typeof alloc !== 'function' || typeof run !== 'function') throw new TypeError('no functions');
  const pointer = Number(alloc(input.length + behind.length));
  new Uint8Array(memory.buffer).set(input, pointer);
  new Uint8Array(memory.buffer).set(behind, pointer + input.length);
  const result = BigInt.asUintN(64, BigInt(run(pointer, input.length)));
  const start = Number(result >> 32n);
  const length = Number(result & 0xffff_ffffn);
  return new TextDecoder('utf-8', { fatal: true }).decode(
    new Uint8Array(memory.buffer, start, length),
  );
}
