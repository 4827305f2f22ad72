/** Builds an enclave image from pinned parts: the same parts give the same bytes anywhere. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { utf8 } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import type { Profile } from './bundle.ts';
import { type Contents, type ContentsInit, imageContents } from './contents.ts';
import { byPath } from './cpio.ts';
import { type FileFacts, fileFacts, type PartFacts, sha256Hex } from './describe.ts';
import { type EifSigner, signEif } from './eif-signature.ts';
import { writeEif } from './eif-write.ts';
import { type ImagePcrs, measureImage } from './measure.ts';
import { type ImageEntry, type Origin, withoutOrigin } from './origin.ts';
import { KERNEL } from './pins.ts';
import { packRamdisk } from './ramdisk.ts';

export interface BuildInit extends ContentsInit {
  /** bzImage that scripts/image/kernel.sh built. */
  readonly kernel: string;
  readonly signer?: EifSigner;
}

/** Content of pcrs.json. */
export interface ImageManifest {
  readonly version: 1;
  readonly profile: Profile;
  readonly arch: 'x86_64';
  readonly hashAlgorithm: 'SHA384';
  readonly pcrs: ImagePcrs;
  readonly image: PartFacts;
  readonly kernel: PartFacts & { readonly package: string; readonly version: string };
  readonly cmdline: string;
  readonly ramdisks: readonly (PartFacts & {
    readonly name: string;
    readonly files: readonly (FileFacts & Origin)[];
  })[];
}

export interface BuiltImage {
  readonly eif: Uint8Array;
  readonly manifest: ImageManifest;
  readonly contents: Contents;
}

/** AWS's line without its keyboard options, whose driver this kernel lacks. */
const COMMON = 'reboot=k panic=30 pci=off nomodules random.trust_cpu=on';
/** A release has no console at all: its serial port is switched off. */
const CMDLINE: Readonly<Record<Profile, string>> = {
  release: `${COMMON} quiet loglevel=0 8250.nr_uarts=0`,
  sim: `${COMMON} console=ttyS0`,
};

async function kernelBytes(path: string): Promise<Uint8Array> {
  const bytes = Uint8Array.from(await readFile(path));
  if (createHash('sha256').update(bytes).digest('hex') === KERNEL.sha256) return bytes;
  throw new NmpError(
    'IMAGE_KERNEL',
    `The kernel differs from the pinned one: ${sha256Hex(bytes)}, not ${KERNEL.sha256}.`,
  );
}

/** Not measured; fixed all the same, so that images are equal as files. */
function metadataOf(version: string, profile: Profile): Uint8Array {
  return utf8(
    JSON.stringify({
      ImageName: 'nmp-enclave',
      ImageVersion: version,
      BuildMetadata: {
        BuildTime: '1970-01-01T00:00:00Z',
        BuildTool: 'nmp-enclave',
        BuildToolVersion: version,
        OperatingSystem: 'Linux',
        KernelVersion: KERNEL.version,
      },
      DockerInfo: {},
      CustomMetadata: { profile },
    }),
  );
}

function described(name: string, entries: readonly ImageEntry[], bytes: Uint8Array) {
  const files = entries
    .toSorted(byPath)
    .map((entry) => ({ ...fileFacts(withoutOrigin(entry)), ...entry.origin }));
  return { name, bytes: bytes.length, sha256: sha256Hex(bytes), files };
}

/** @throws NmpError IMAGE_INPUT, IMAGE_KERNEL, CONFIG_INVALID, EIF_SIGNER, EIF_CERTIFICATE */
export async function buildImage(
  { clock }: { readonly clock: Clock },
  init: BuildInit,
): Promise<BuiltImage> {
  const kernel = await kernelBytes(init.kernel);
  const contents = await imageContents(init);
  const parts = {
    arch: 'x86_64',
    kernel,
    cmdline: utf8(CMDLINE[init.profile]),
    metadata: metadataOf(init.version, init.profile),
    ramdisks: [contents.boot, contents.application].map((entries) =>
      packRamdisk(entries.map(withoutOrigin)),
    ),
  } as const;
  const unsigned = measureImage(parts);
  const signed = init.signer && (await signEif({ clock, signer: init.signer }, unsigned.PCR0));
  const eif = writeEif({ ...parts, ...(signed && { signature: signed.section }) });
  const [boot = new Uint8Array(0), application = new Uint8Array(0)] = parts.ramdisks;
  return {
    eif,
    contents,
    manifest: {
      version: 1,
      profile: init.profile,
      arch: 'x86_64',
      hashAlgorithm: 'SHA384',
      pcrs: measureImage({ ...parts, ...(signed && { certificate: signed.certificate }) }),
      image: { bytes: eif.length, sha256: sha256Hex(eif) },
      kernel: {
        bytes: kernel.length,
        sha256: sha256Hex(kernel),
        package: KERNEL.package,
        version: KERNEL.version,
      },
      cmdline: CMDLINE[init.profile],
      ramdisks: [
        described('boot', contents.boot, boot),
        described('application', contents.application, application),
      ],
    },
  };
}
