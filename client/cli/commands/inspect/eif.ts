/** `nmp inspect eif`: what an enclave image holds, down to the files, and how it is measured. */
import { readBounded } from '../../files.ts';
import { loadImage } from '../../node-side.ts';
import type { Register } from '../../register.ts';

type Facts = ReturnType<Awaited<ReturnType<typeof loadImage>>['describeEif']>;

/** @throws NmpError USAGE, EIF_*, RAMDISK_* */
export async function describeImage(file: string): Promise<Facts> {
  const { EIF_BYTES_MAX, describeEif } = await loadImage();
  return describeEif(await readBounded(file, EIF_BYTES_MAX));
}

/** Paths and command lines come from the image: quoted, so that none can act on a terminal. */
function lines(facts: Facts): string[] {
  const { arch, image, pcrs, kernel, cmdline, metadata, signature, ramdisks } = facts;
  const out = [
    `image      ${image.bytes} bytes, ${arch}, SHA-256 ${image.sha256}`,
    ...Object.entries(pcrs).map(([name, value]) => `${name.padEnd(10)} ${value}`),
    `kernel     ${kernel.bytes} bytes, SHA-256 ${kernel.sha256}`,
    `cmdline    ${JSON.stringify(cmdline)}`,
    `metadata   ${JSON.stringify(metadata ?? null)} (not measured)`,
  ];
  if (signature === undefined) out.push('signature  none');
  else {
    const { subject, notBefore, notAfter, ofThisImage } = signature;
    out.push(
      `signature  ${ofThisImage ? 'of this image' : 'OF ANOTHER IMAGE'}, by ${JSON.stringify(subject)}, valid ${notBefore} to ${notAfter}`,
    );
  }
  ramdisks.forEach(({ bytes, sha256, files }, index) => {
    out.push(`ramdisk ${index + 1}  ${bytes} bytes, SHA-256 ${sha256}`);
    if (files === undefined) out.push('  in a form that is not read');
    for (const file of files ?? []) {
      const { path, kind, mode } = file;
      out.push(
        `  ${mode} ${kind.padEnd(6)} ${String(file.bytes).padStart(9)} ${JSON.stringify(path)}`,
      );
    }
  });
  return out;
}

export const registerInspectEif: Register = (inspect) => {
  inspect
    .command('eif')
    .description('Show the sections, measurements and files of an enclave image.')
    .argument('<file>', 'the image')
    .option('--json', 'one JSON object')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const facts = await describeImage(file);
      const text = options.json === true ? JSON.stringify(facts) : lines(facts).join('\n');
      process.stdout.write(`${text}\n`);
    });
};
