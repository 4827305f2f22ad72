/** Small modules of the pure ABI, byte by byte, for tests that need no compiler. */

const leb = (value: number): number[] => {
  const out: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    out.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return out;
};
const vector = (items: readonly (readonly number[])[]) => [...leb(items.length), ...items.flat()];
const section = (id: number, content: readonly number[]) => [
  id,
  ...leb(content.length),
  ...content,
];
const name = (text: string) => [...leb(text.length), ...Buffer.from(text)];
const body = (locals: readonly number[], code: readonly number[]) => {
  const content = [...locals, ...code, 0x0b];
  return [...leb(content.length), ...content];
};

const I32 = 0x7f;
const I64 = 0x7e;

export interface PureModule {
  /** Code of `nmp_run(ptr, len) -> i64` without its `end`. */
  readonly run: readonly number[];
  /** Code of `nmp_alloc(len) -> i32` without its `end`; default: address 1024. */
  readonly alloc?: readonly number[];
  readonly pages?: number;
  /** Placed at address 0. */
  readonly data?: string;
}

/** A module with exports `memory`, `nmp_alloc`, `nmp_run` and no imports. */
export function pureModule({ run, alloc, pages = 2, data }: PureModule): Uint8Array<ArrayBuffer> {
  const types = vector([
    [0x60, 1, I32, 1, I32],
    [0x60, 2, I32, I32, 1, I64],
  ]);
  const exports = vector([
    [...name('memory'), 2, 0],
    [...name('nmp_alloc'), 0, 0],
    [...name('nmp_run'), 0, 1],
  ]);
  const code = vector([body([0], alloc ?? [0x41, ...leb(1024)]), body([0], run)]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(3, vector([[0], [1]])),
    ...section(5, vector([[0, ...leb(pages)]])),
    ...section(7, exports),
    ...section(10, code),
    ...(data === undefined
      ? []
      : section(11, vector([[0, 0x41, 0, 0x0b, ...leb(data.length), ...Buffer.from(data)]]))),
  ]);
}

/** i64.const with a signed LEB128 of a small value. */
function i64(value: bigint): number[] {
  const out: number[] = [0x42];
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0)) {
      out.push(byte);
      return out;
    }
    out.push(byte | 0x80);
  }
}

/** Answers the fixed text `output`. */
export const constantModule = (output: string) =>
  pureModule({ run: i64(BigInt(output.length)), data: output });
/** Claims an output of `length` bytes at `pointer`. */
export const claimingModule = (pointer: number, length: number) =>
  pureModule({ run: i64((BigInt(pointer) << 32n) | BigInt(length)) });
/** loop; br 0 */
export const endlessModule = () => pureModule({ run: [0x03, 0x40, 0x0c, 0, 0x0b, ...i64(0n)] });
/** unreachable */
export const trappingModule = () => pureModule({ run: [0x00] });
/** Calls itself for ever. */
export const recursingModule = () => pureModule({ run: [0x20, 0, 0x20, 1, 0x10, 1] });
/**
 * Grows memory by `pages`; answers `t` if it got them, else traps.
 */
export const growingModule = (pages: number, initial = 1) =>
  pureModule({
    pages: initial,
    data: 't',
    // memory.grow pages; -1 == → unreachable
    run: [0x41, ...leb(pages), 0x40, 0, 0x41, 0x7f, 0x46, 0x04, 0x40, 0x00, 0x0b, ...i64(1n)],
    alloc: [0x41, 32],
  });

/** A WASI preview 1 command with fd_read (0) and fd_write (1). */
function command(code: readonly number[], data: readonly number[]): Uint8Array<ArrayBuffer> {
  const imported = (what: string) => [...name('wasi_snapshot_preview1'), ...name(what), 0, 0];
  const types = vector([
    [0x60, 4, I32, I32, I32, I32, 1, I32],
    [0x60, 0, 0],
  ]);
  const exports = vector([
    [...name('memory'), 2, 0],
    [...name('_start'), 0, 2],
  ]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, vector([imported('fd_read'), imported('fd_write')])),
    ...section(3, vector([[1]])),
    ...section(5, vector([[0, 1]])),
    ...section(7, exports),
    ...section(10, vector([body([0], code)])),
    ...section(11, vector([[0, 0x41, 0, 0x0b, ...leb(data.length), ...data]])),
  ]);
}

/** fd_write(1, 0, 1, 8) */
const WRITE = [0x41, 1, 0x41, 0, 0x41, 1, 0x41, 8, 0x10, 1, 0x1a];

/** A command that copies up to 1 KiB of standard input to standard output. */
export const echoCommand = () =>
  command(
    [
      // An iovec {64, 1024} at 0; fd_read(0, 0, 1, 8); its length to 4.
      ...[0x41, 0, 0x41, 0, 0x41, 1, 0x41, 8, 0x10, 0, 0x1a],
      ...[0x41, 0, 0x41, 8, 0x28, 2, 0, 0x36, 2, 4],
      ...WRITE,
    ],
    [64, 0, 0, 0, 0, 4, 0, 0],
  );

/** A command that reads the first 128 bytes of its input and writes a text of less than 128 characters. */
export const peekCommand = (text: string) =>
  command(
    [
      // Iovecs {2048, 128} at 0 and then {16, length}.
      ...[0x41, 0, 0x41, 0, 0x41, 1, 0x41, 8, 0x10, 0, 0x1a],
      ...[0x41, 0, 0x41, 16, 0x36, 2, 0],
      ...[0x41, 4, 0x41, ...leb(text.length), 0x36, 2, 0],
      ...WRITE,
    ],
    [0, 8, 0, 0, 128, 0, 0, 0, ...new Uint8Array(8), ...Buffer.from(text)],
  );

/** A command that writes a text of less than 128 characters. */
export const constantCommand = (text: string) =>
  command(WRITE, [16, 0, 0, 0, text.length, 0, 0, 0, ...new Uint8Array(8), ...Buffer.from(text)]);
