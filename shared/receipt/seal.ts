/**
 * Drives the verifier of native/zk/verifier: WebAssembly without imports, the same bytes in Node
 * and browsers. Each receipt gets an instance of its own, so that nothing outlives a hostile one.
 */
import { toHex } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { type ErrorCode, NmpError } from '../errors.ts';
import { VERIFIER_SHA256 } from './images.ts';

/** 16 segments of about 250 KB each fit. */
export const RECEIPT_BYTES_MAX = 8 * 1024 * 1024;

/** The translator takes no larger module, bytes. */
const TRANSLATED_MODULE_BYTES_MAX = 1024 * 1024;

/** Status codes of `nmp_verify`, in the order of its checks; 0 is no failure. */
const STATUS = [
  undefined,
  'RECEIPT_MALFORMED',
  'RECEIPT_KIND',
  'RECEIPT_IMAGE',
  'RECEIPT_SEAL',
  'RECEIPT_JOURNAL_DIGEST',
] as const satisfies readonly (ErrorCode | undefined)[];

export interface SealReport {
  /** The first check that failed; undefined if the seal proves the journal for the image. */
  readonly failure: ErrorCode | undefined;
  /** Empty after RECEIPT_MALFORMED and RECEIPT_KIND; unproven after any other failure. */
  readonly journal: Uint8Array;
  readonly image: Uint8Array;
  readonly segments: number;
}

export interface SealVerifier {
  /** @param image image id, 32 bytes; never throws for what `receipt` holds */
  check(receipt: Uint8Array, image: Uint8Array): Promise<SealReport>;
  /** Image id of a guest program (guest.bin), 32 bytes; undefined if it is none. */
  imageId(program: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * Image id of a module that was translated, 32 bytes: worked out from the module alone. Undefined
   * for what the translator does not take; never throws for what `module` holds.
   */
  translatedImageId(module: Uint8Array): Promise<Uint8Array | undefined>;
}

function refusal(failure: ErrorCode): SealReport {
  return { failure, journal: new Uint8Array(0), image: new Uint8Array(0), segments: 0 };
}

/** The exports of an instance, called by name. */
class Exports {
  readonly #exports: WebAssembly.Exports;

  constructor(instance: Pick<WebAssembly.Instance, 'exports'>) {
    this.#exports = instance.exports;
  }

  call(name: string, ...values: readonly number[]): number {
    const found = this.#exports[name];
    if (typeof found !== 'function') throw new NmpError('RECEIPT_VERIFIER');
    return Number(Reflect.apply(found, undefined, values)) >>> 0;
  }

  /** A view that holds until the next call. */
  view(pointer: number, length: number): Uint8Array {
    const { memory } = this.#exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new NmpError('RECEIPT_VERIFIER');
    return new Uint8Array(memory.buffer, pointer, length);
  }

  place(bytes: Uint8Array): number {
    const pointer = this.call('nmp_alloc', bytes.length);
    this.view(pointer, bytes.length).set(bytes);
    return pointer;
  }
}

/**
 * Asks one instance. What is not as our verifier is, or answers as it never does, proves nothing.
 * @throws NmpError RECEIPT_VERIFIER without its exports; whatever a trap throws
 */
export function askVerifier(
  instance: Pick<WebAssembly.Instance, 'exports'>,
  receipt: Uint8Array,
  image: Uint8Array,
): SealReport {
  const wasm = new Exports(instance);
  const at = { receipt: wasm.place(receipt), image: wasm.place(image) };
  const status = wasm.call('nmp_verify', at.receipt, receipt.length, at.image);
  const failure = status < STATUS.length ? STATUS[status] : 'RECEIPT_SEAL';
  return {
    failure,
    journal: wasm.view(wasm.call('nmp_journal'), wasm.call('nmp_journal_len')).slice(),
    image: wasm.view(wasm.call('nmp_image'), 32).slice(),
    segments: wasm.call('nmp_segments'),
  };
}

/**
 * @param wasm the committed receipt-verifier.wasm
 * @throws NmpError RECEIPT_VERIFIER if it is another file
 */
export async function createSealVerifier(
  suite: CryptoSuite,
  wasm: Uint8Array,
): Promise<SealVerifier> {
  if (toHex(suite.sha256(wasm)) !== VERIFIER_SHA256) throw new NmpError('RECEIPT_VERIFIER');
  const module = await WebAssembly.compile(Uint8Array.from(wasm));
  const imageBy = async (name: 'nmp_image_id' | 'nmp_translated_image_id', bytes: Uint8Array) => {
    const wasm = new Exports(await WebAssembly.instantiate(module, {}));
    const at = wasm.call(name, wasm.place(bytes), bytes.length);
    return at === 0 ? undefined : wasm.view(at, 32).slice();
  };
  return {
    check: async (receipt, image) => {
      if (receipt.length === 0 || receipt.length > RECEIPT_BYTES_MAX) {
        return refusal('RECEIPT_MALFORMED');
      }
      if (image.length !== 32) return refusal('RECEIPT_IMAGE');
      try {
        return askVerifier(await WebAssembly.instantiate(module, {}), receipt, image);
      } catch (error) {
        if (error instanceof NmpError) throw error;
        // A trap of the verifier, whatever it came from, proves nothing.
        return refusal('RECEIPT_MALFORMED');
      }
    },
    imageId: (program) => imageBy('nmp_image_id', program),
    translatedImageId: async (wasm) => {
      if (wasm.length > TRANSLATED_MODULE_BYTES_MAX) return undefined;
      try {
        return await imageBy('nmp_translated_image_id', wasm);
      } catch (error) {
        if (error instanceof NmpError) throw error;
        // A trap of the translator: there is no such image.
        return undefined;
      }
    },
  };
}
