/** The seam to the bytes of a dataset: a plain file here, a sealed one beside it. */
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { NmpError } from '../../shared/errors.ts';
import type { DatasetConfig } from '../../shared/policy/node-config.ts';

export interface DatasetSource {
  /**
   * The whole plaintext of the dataset.
   * @throws NmpError DATA_UNREADABLE; DATA_LIMIT before more than `maxBytes` are read
   */
  read(dataset: DatasetConfig, maxBytes: number): Promise<Uint8Array>;
}

async function readBounded(file: FileHandle, name: string, maxBytes: number): Promise<Uint8Array> {
  const { size } = await file.stat();
  if (size > maxBytes) throw new NmpError('DATA_LIMIT', `${name}: longer than ${maxBytes} bytes`);
  const out = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(out, at, size - at);
    if (bytesRead === 0) throw new NmpError('DATA_UNREADABLE', `${name}: became shorter`);
    at += bytesRead;
  }
  return out;
}

/** Files below `folder`, the folder of the configuration. */
export function createFileSource({ folder }: { readonly folder: string }): DatasetSource {
  return {
    async read(dataset, maxBytes) {
      let file: FileHandle;
      try {
        file = await open(resolve(folder, dataset.path), 'r');
      } catch (cause) {
        throw new NmpError('DATA_UNREADABLE', `${dataset.path}: cannot be opened`, { cause });
      }
      try {
        return await readBounded(file, dataset.path, maxBytes);
      } catch (cause) {
        if (cause instanceof NmpError) throw cause;
        throw new NmpError('DATA_UNREADABLE', `${dataset.path}: cannot be read`, { cause });
      } finally {
        await file.close();
      }
    },
  };
}
