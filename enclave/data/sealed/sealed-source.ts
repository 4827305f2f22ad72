/** Datasets that the configuration calls sealed; every other one goes to the source behind. */
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { NmpError } from '../../../shared/errors.ts';
import type { DatasetConfig, SealedConfig } from '../../../shared/policy/node-config.ts';
import type { DatasetSource } from '../source.ts';
import type { DataKeys } from './keys.ts';
import { readHeader, type SealedInput, unsealBytes } from './stream.ts';

async function fileInput(file: FileHandle, name: string): Promise<SealedInput> {
  const { size } = await file.stat();
  return {
    size,
    async read(at, length) {
      const out = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(out, done, length - done, at + done);
        if (bytesRead === 0) throw new NmpError('DATA_UNREADABLE', `${name}: became shorter`);
        done += bytesRead;
      }
      return out;
    },
  };
}

async function unseal(
  keys: DataKeys,
  input: SealedInput,
  dataset: DatasetConfig,
  sealed: SealedConfig,
  maxBytes: number,
): Promise<Uint8Array> {
  const { header } = await readHeader(input);
  if (header.name !== dataset.id || header.format !== dataset.format) {
    throw new NmpError('SEALED_MISMATCH');
  }
  const dataKey = await keys.open(header, sealed);
  try {
    return await unsealBytes(input, dataKey, maxBytes);
  } finally {
    dataKey.fill(0);
  }
}

/** Sealed files below `folder`, opened into memory; their plaintext is never written anywhere. */
export function createSealedSource(
  { plain, keys }: { readonly plain: DatasetSource; readonly keys: DataKeys },
  { folder }: { readonly folder: string },
): DatasetSource {
  return {
    async read(dataset, maxBytes) {
      const { sealed } = dataset;
      if (sealed === undefined) return plain.read(dataset, maxBytes);
      let file: FileHandle;
      try {
        file = await open(resolve(folder, dataset.path), 'r');
      } catch (cause) {
        throw new NmpError('DATA_UNREADABLE', `${dataset.path}: cannot be opened`, { cause });
      }
      try {
        return await unseal(keys, await fileInput(file, dataset.path), dataset, sealed, maxBytes);
      } catch (cause) {
        if (cause instanceof NmpError) {
          // Which of many datasets it was: the path is the owner's own word.
          throw new NmpError(cause.code, `${dataset.path}: ${cause.message}`, { cause });
        }
        throw new NmpError('DATA_UNREADABLE', `${dataset.path}: cannot be read`, { cause });
      } finally {
        await file.close();
      }
    },
  };
}
