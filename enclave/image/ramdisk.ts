/** Packs and unpacks a ramdisk: one newc cpio archive, compressed by the pinned Node's own zstd. */
import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { NmpError } from '../../shared/errors.ts';
import { type CpioEntry, readCpio, writeCpio } from './cpio.ts';

/** 19 would save a tenth of the size and cost twenty times the time. */
const ZSTD_LEVEL = 9;
/** Longest archive that is unpacked. */
const UNPACKED_BYTES_MAX = 1_073_741_824;
/** Linux's own limit on the window of a compressed ramdisk (lib/decompress_unzstd.c): 128 MiB. */
const WINDOW_LOG_MAX = 27;

export function packRamdisk(entries: readonly CpioEntry[]): Uint8Array {
  return plain(
    zstdCompressSync(writeCpio(entries), {
      params: {
        [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL,
        [constants.ZSTD_c_checksumFlag]: 0,
        [constants.ZSTD_c_contentSizeFlag]: 1,
        // More than one worker would split the input by the number of cores.
        [constants.ZSTD_c_nbWorkers]: 0,
      },
    }),
  );
}

function startsWith(bytes: Uint8Array, ...prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

/** The same bytes as no Buffer of Node, without a copy. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @throws NmpError RAMDISK_MALFORMED, RAMDISK_LIMIT */
function unpack(ramdisk: Uint8Array): Uint8Array {
  const limit = { maxOutputLength: UNPACKED_BYTES_MAX };
  try {
    if (startsWith(ramdisk, 0x1f, 0x8b)) return plain(gunzipSync(ramdisk, limit));
    if (startsWith(ramdisk, 0x28, 0xb5, 0x2f, 0xfd)) {
      const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX };
      return plain(zstdDecompressSync(ramdisk, { ...limit, params }));
    }
  } catch (cause) {
    const tooLong = cause instanceof RangeError;
    throw new NmpError(tooLong ? 'RAMDISK_LIMIT' : 'RAMDISK_MALFORMED', undefined, { cause });
  }
  return ramdisk;
}

/** @throws NmpError RAMDISK_MALFORMED, RAMDISK_LIMIT, RAMDISK_PATH */
export function unpackRamdisk(ramdisk: Uint8Array): CpioEntry[] {
  return readCpio(unpack(ramdisk));
}
