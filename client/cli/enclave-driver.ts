/** From the options of `nmp start` to what boots the image; the image is checked first. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { NmpError } from '../../shared/errors.ts';
import { systemClock } from '../../shared/runtime.ts';
import { readBounded, readJson } from './files.ts';
import { loadImage, loadMachines } from './node-side.ts';
import { packageFolder } from './package-folder.ts';

export interface ImageOptions {
  readonly image?: string;
  readonly pcrs?: string;
  readonly memory: string;
  readonly cpus: string;
  readonly debug?: boolean;
  readonly qemu?: string;
  readonly nitroCli: string;
  readonly agent?: string;
}

const POLL_MS = 5_000;
/** Smaller machines boot nothing, larger ones do not exist. */
const MEMORY_MIB = { min: 64, max: 4_194_304 } as const;
const CPUS_MAX = 1024;

const pcr = z.string().regex(/^[0-9a-f]{96}$/);
const pcrsSchema = z.object({
  pcrs: z.object({ PCR0: pcr, PCR1: pcr, PCR2: pcr, PCR8: pcr.exactOptional() }),
});

export function addImageOptions(command: Command): void {
  command
    .option('--image <eif>', 'run this image as a Nitro enclave')
    .option('--pcrs <file>', 'pcrs.json that the image must fit')
    .option('--memory <MiB>', 'memory of the enclave', '2048')
    .option('--cpus <n>', 'CPUs of the enclave', '2')
    .option('--debug', 'with a console, and PCRs of zero: no client accepts it unless told to')
    .option('--nitro-cli <program>', 'the program that runs enclaves', 'nitro-cli')
    .option('--qemu <folder>', 'run the image on QEMU instead: folder of scripts/image/qemu.sh')
    .option('--agent <program>', 'nmp-agent; default: the one that was built here');
}

/** @throws NmpError USAGE */
export function wholeNumber(text: string, name: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new NmpError('USAGE', `${name} takes a whole number from ${min} to ${max}`);
}

async function expectedPcrs(file: string | undefined) {
  if (file === undefined) return {};
  const parsed = pcrsSchema.safeParse(await readJson(file));
  if (!parsed.success) throw new NmpError('USAGE', `${file}: not a pcrs.json`);
  return { expected: parsed.data.pcrs };
}

/**
 * Undefined without `--image`: local mode.
 *
 * @throws NmpError USAGE, EIF_*, RAMDISK_*, IMAGE_PCR, IMAGE_MEMORY
 */
export async function driverOf(options: ImageOptions) {
  const { image } = options;
  if (image === undefined) return undefined;
  const memoryMiB = wholeNumber(options.memory, '--memory', MEMORY_MIB.min, MEMORY_MIB.max);
  const cpus = wholeNumber(options.cpus, '--cpus', 1, CPUS_MAX);
  const { EIF_BYTES_MAX, checkImage } = await loadImage();
  const init = { memoryMiB, ...(await expectedPcrs(options.pcrs)) };
  checkImage({ clock: systemClock }, await readBounded(image, EIF_BYTES_MAX), init);

  const { createNitroCli, createNitroDriver, createQemuDriver } = await loadMachines();
  const agent = options.agent ?? join(packageFolder(), 'build', 'native', 'nmp-agent');
  if (options.qemu !== undefined) {
    return createQemuDriver({ image, tools: options.qemu, agent, memoryMiB, cpus });
  }
  const cli = createNitroCli(options.nitroCli);
  const debug = options.debug === true;
  return createNitroDriver({ cli }, { image, agent, memoryMiB, cpus, debug, pollMs: POLL_MS });
}
