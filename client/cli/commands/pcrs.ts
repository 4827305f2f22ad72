/** `nmp pcrs`: the measurements of an image, and in what two images differ. */
import { z } from 'zod';
import { EXIT, NmpError } from '../../../shared/errors.ts';
import { readJson } from '../files.ts';
import { loadImage } from '../node-side.ts';
import type { Register } from '../register.ts';
import { describeImage } from './inspect/eif.ts';

const pcr = z.string().regex(/^[0-9a-f]{96}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const part = z.object({ bytes: z.int().nonnegative(), sha256 });
const file = part.extend({
  path: z.string().max(1024),
  kind: z.enum(['file', 'folder', 'link', 'device']),
  mode: z.string().regex(/^[0-7]{4}$/),
});

/** What pcrs.json says that an EIF says, too; it may say more. */
const manifestSchema = z.object({
  arch: z.enum(['x86_64', 'arm64']),
  pcrs: z.object({ PCR0: pcr, PCR1: pcr, PCR2: pcr, PCR8: pcr.exactOptional() }),
  kernel: part,
  cmdline: z.string().max(4096),
  ramdisks: z.array(part.extend({ files: z.array(file).max(16_384).exactOptional() })).max(30),
});

/** @throws NmpError USAGE, EIF_*, RAMDISK_* */
async function readImage(path: string): Promise<z.infer<typeof manifestSchema>> {
  if (!path.endsWith('.json')) {
    const facts = await describeImage(path);
    const ramdisks = facts.ramdisks.map((ramdisk) => ({
      bytes: ramdisk.bytes,
      sha256: ramdisk.sha256,
      ...(ramdisk.files === undefined ? {} : { files: [...ramdisk.files] }),
    }));
    return { ...facts, ramdisks };
  }
  const parsed = manifestSchema.safeParse(await readJson(path));
  if (parsed.success) return parsed.data;
  throw new NmpError('USAGE', `${path}: not a pcrs.json`);
}

interface Options {
  readonly json?: boolean;
}

async function show(path: string, options: Options): Promise<void> {
  const { pcrs } = await readImage(path);
  const lines = Object.entries(pcrs).map(([name, value]) => `${name}  ${value}`);
  process.stdout.write(`${options.json === true ? JSON.stringify(pcrs) : lines.join('\n')}\n`);
}

async function diff(first: string, second: string, options: Options): Promise<void> {
  const { diffImages } = await loadImage();
  const differences = diffImages(await readImage(first), await readImage(second));
  if (options.json === true) process.stdout.write(`${JSON.stringify(differences)}\n`);
  else if (differences.length === 0) process.stdout.write('No difference: measured alike.\n');
  else {
    for (const { where, what, first: a, second: b } of differences) {
      process.stdout.write(`${JSON.stringify(where)} ${what}\n`);
      if (a !== undefined) process.stdout.write(`  first   ${JSON.stringify(a)}\n`);
      if (b !== undefined) process.stdout.write(`  second  ${JSON.stringify(b)}\n`);
    }
  }
  if (differences.length > 0) process.exitCode = EXIT.unknownMeasurement;
}

const ROLE = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

/**
 * The statement of a KMS key policy that lets exactly this image decrypt.
 * Source: AWS KMS developer guide, condition keys for attested platforms.
 */
async function kms(path: string, options: { readonly role: string }): Promise<void> {
  if (!ROLE.test(options.role)) throw new NmpError('USAGE', '--role takes the ARN of a role');
  const { pcrs } = await readImage(path);
  const conditions = Object.entries({
    ImageSha384: pcrs.PCR0,
    PCR1: pcrs.PCR1,
    PCR2: pcrs.PCR2,
    ...(pcrs.PCR8 === undefined ? {} : { PCR8: pcrs.PCR8 }),
  }).map(([name, value]) => [`kms:RecipientAttestation:${name}`, value]);
  const statement = {
    Sid: 'OnlyThisEnclaveImage',
    Effect: 'Allow',
    Principal: { AWS: options.role },
    Action: 'kms:Decrypt',
    Resource: '*',
    Condition: { StringEqualsIgnoreCase: Object.fromEntries(conditions) },
  };
  process.stdout.write(`${JSON.stringify(statement, null, 2)}\n`);
}

export const registerPcrs: Register = (program) => {
  const pcrs = program.command('pcrs').description('Measurements of enclave images.');
  pcrs
    .command('show')
    .description('Print the PCRs of an image.')
    .argument('<image>', 'an EIF, or its pcrs.json')
    .option('--json', 'one JSON object')
    .action(show);
  pcrs
    .command('diff')
    .description('Say in what two images differ, down to the files; exit code 7 if they do.')
    .argument('<first>', 'an EIF, or its pcrs.json')
    .argument('<second>', 'an EIF, or its pcrs.json')
    .option('--json', 'a JSON list')
    .action(diff);
  pcrs
    .command('kms')
    .description('Print the statement of a KMS key policy that lets only this image decrypt.')
    .argument('<image>', 'an EIF, or its pcrs.json')
    .requiredOption('--role <arn>', 'role of the instance')
    .action(kms);
};
