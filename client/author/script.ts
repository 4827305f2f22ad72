/**
 * Checks a text of plain JavaScript logic as far as that goes without running it: that the engine
 * of the nodes parses it, and that it exports `run` and imports nothing. The engine runs here on V8.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { toHex } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { SCRIPT_BYTES_MAX, SCRIPT_ENGINE_SHA256 } from '../../shared/script/engine.ts';
import { encodeScriptInput } from '../../shared/script/script-input.ts';

const ENGINE = new URL('../../shared/script/engine.wasm', import.meta.url);

interface EngineExports {
  readonly memory: WebAssembly.Memory;
  readonly alloc: (length: number) => unknown;
  readonly diagnose: (at: number, length: number) => unknown;
}

/** The pinned engine's module. @throws NmpError BUILD_FAILED if another lies in its place */
export async function readScriptEngine(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(await readFile(ENGINE));
  if (toHex(createHash('sha256').update(bytes).digest()) !== SCRIPT_ENGINE_SHA256) {
    throw new NmpError('BUILD_FAILED', 'the JavaScript engine of this installation was changed');
  }
  return bytes;
}

async function startEngine(): Promise<EngineExports> {
  const { instance } = await WebAssembly.instantiate(await readScriptEngine());
  const { memory, nmp_alloc: alloc, nmp_diagnose: diagnose } = instance.exports;
  if (
    !(memory instanceof WebAssembly.Memory) ||
    typeof alloc !== 'function' ||
    typeof diagnose !== 'function'
  ) {
    throw new NmpError('BUILD_FAILED', 'the JavaScript engine of this installation was changed');
  }
  return {
    memory,
    alloc: (length) => alloc(length),
    diagnose: (at, length) => diagnose(at, length),
  };
}

/** What is wrong with a text; empty if nothing is. None of it is run. */
async function diagnoseScript(text: Uint8Array): Promise<string> {
  const { memory, alloc, diagnose } = await startEngine();
  const input = encodeScriptInput(text, new Uint8Array(0));
  const at = Number(alloc(input.length));
  new Uint8Array(memory.buffer).set(input, at);
  let packed: bigint;
  try {
    packed = BigInt.asUintN(64, BigInt(String(diagnose(at, input.length))));
  } catch {
    return 'the text ends the parser: it nests too deep';
  }
  return new TextDecoder().decode(
    new Uint8Array(memory.buffer, Number(packed >> 32n), Number(packed & 0xffff_ffffn)),
  );
}

/** @throws NmpError BUILD_FAILED with what the engine has to say, `place` before it */
export async function checkText(text: Uint8Array, place: string): Promise<void> {
  if (text.length > SCRIPT_BYTES_MAX) {
    throw new NmpError('BUILD_FAILED', `${place}: longer than 256 KiB`);
  }
  const wrong = await diagnoseScript(text);
  if (wrong !== '') throw new NmpError('BUILD_FAILED', `${place}: ${wrong.trimEnd()}`);
}

/**
 * @param file path of a file that exports `run(input)`
 * @returns its bytes, which are what a call sends
 * @throws NmpError BUILD_FAILED with what the engine has to say
 */
export async function checkScript(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const size = await stat(file).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined || size > SCRIPT_BYTES_MAX) {
    throw new NmpError('BUILD_FAILED', `${file}: no such file, or longer than 256 KiB`);
  }
  const text = Uint8Array.from(await readFile(file));
  await checkText(text, file);
  return text;
}
