/** Debian packages by name, version and hash, fetched with the machine's own apt. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NmpError } from '../../shared/errors.ts';
import type { DebianPin } from './pins.ts';

const run = promisify(execFile);

async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

async function download(pin: DebianPin, folder: string): Promise<string> {
  const get = () =>
    run('apt-get', ['download', '-q', `${pin.package}=${pin.version}`], { cwd: folder });
  try {
    // Lists may be missing or old on a fresh machine; only root can renew them.
    await get().catch(async () => {
      await run('apt-get', ['update', '-q']);
      return get();
    });
  } catch (cause) {
    throw new NmpError('IMAGE_INPUT', `Debian no longer offers ${pin.package} ${pin.version}.`, {
      cause,
    });
  }
  const [name] = await readdir(folder);
  return join(folder, name ?? '');
}

/**
 * The folder in which the package's files lie, unpacked once for all builds of this machine.
 *
 * @throws NmpError IMAGE_INPUT if the package is gone or another one
 */
export async function unpackDebian(pin: DebianPin, cache: string): Promise<string> {
  const out = join(cache, 'debian', `${pin.package}-${pin.sha256.slice(0, 16)}`);
  const there = await readdir(out).catch(() => []);
  if (there.length > 0) return out;
  await mkdir(join(cache, 'debian'), { recursive: true });
  const work = await mkdtemp(join(cache, 'debian', '.new-'));
  try {
    await mkdir(join(work, 'deb'));
    const file = await download(pin, join(work, 'deb'));
    if ((await sha256Of(file)) !== pin.sha256) {
      throw new NmpError('IMAGE_INPUT', `${pin.package} ${pin.version} is not the pinned file.`);
    }
    await run('dpkg-deb', ['-x', file, join(work, 'files')]);
    // Another build may have been faster; its files are the same.
    await rename(join(work, 'files'), out).catch(() => undefined);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return out;
}
