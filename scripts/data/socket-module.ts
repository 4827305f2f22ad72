/**
 * Writes examples/logic/sockets.wasm: a module of the pure ABI that also imports WASI preview 1's
 * `sock_send`, so that it could phone home. No compiler of ours makes such a module, hence bytes.
 * Usage: node scripts/data/socket-module.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const I32 = 0x7f;
const I64 = 0x7e;
const FUNCTION = 0x00;
const MEMORY = 0x02;

/** A vector of fewer than 128 items (WebAssembly 2.0, section 5.1.3). */
const vector = (items: readonly (readonly number[])[]) => [items.length, ...items.flat()];
const name = (text: string) => vector([...new TextEncoder().encode(text)].map((byte) => [byte]));
const section = (id: number, content: readonly number[]) => [id, content.length, ...content];
const type = (params: readonly number[], results: readonly number[]) => [
  0x60,
  ...vector(params.map((value) => [value])),
  ...vector(results.map((value) => [value])),
];
const body = (...code: readonly number[]) => [code.length + 2, 0, ...code, 0x0b];

export function socketModule(): Uint8Array {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      vector([type([I32, I32, I32, I32, I32], [I32]), type([I32], [I32]), type([I32, I32], [I64])]),
    ),
    ...section(2, vector([[...name('wasi_snapshot_preview1'), ...name('sock_send'), FUNCTION, 0]])),
    ...section(3, vector([[1], [2]])),
    ...section(5, vector([[0x00, 2]])),
    ...section(
      7,
      vector([
        [...name('memory'), MEMORY, 0],
        [...name('nmp_alloc'), FUNCTION, 1],
        [...name('nmp_run'), FUNCTION, 2],
      ]),
    ),
    ...section(
      10,
      vector([
        // i32.const 1024
        body(0x41, 0x80, 0x08),
        // sock_send(3, pointer, 1, 0, 0), then an empty output
        body(0x41, 3, 0x20, 0, 0x41, 1, 0x41, 0, 0x41, 0, 0x10, 0, 0x1a, 0x42, 0),
      ]),
    ),
  ]);
}

export const SOCKET_MODULE_FILE = join(import.meta.dirname, '../../examples/logic/sockets.wasm');

if (import.meta.main) writeFileSync(SOCKET_MODULE_FILE, socketModule());
