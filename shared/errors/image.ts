import type { ErrorEntry } from './entry.ts';

const otherImage = 'Get the image again, or build it anew with make eif.';

/** Reading, building, signing and starting an enclave image (docs/image.md). */
export const IMAGE_ERRORS = {
  EIF_SIZE: {
    stage: 'image',
    exit: 2,
    cause: 'The file is shorter than the header of an EIF or longer than an EIF may be.',
    remedy: otherImage,
  },
  EIF_MAGIC: {
    stage: 'image',
    exit: 2,
    cause: 'The file does not start as an EIF does.',
    remedy: 'Name a file that make eif or nitro-cli build-enclave wrote.',
  },
  EIF_VERSION: {
    stage: 'image',
    exit: 2,
    cause: 'The EIF is of another format version than 4, or sets flags that version 4 lacks.',
    remedy: 'Build it anew with make eif or a current nitro-cli.',
  },
  EIF_LAYOUT: {
    stage: 'image',
    exit: 2,
    cause: 'The sections of the EIF overlap, leave gaps, or differ from the table in its header.',
    remedy: otherImage,
  },
  EIF_SECTIONS: {
    stage: 'image',
    exit: 2,
    cause: 'A section of the EIF is missing, there twice, of an unknown type or out of order.',
    remedy: otherImage,
  },
  EIF_CRC: {
    stage: 'image',
    exit: 2,
    cause: 'The checksum of the EIF differs from its bytes.',
    remedy: otherImage,
  },
  EIF_CMDLINE: {
    stage: 'image',
    exit: 2,
    cause: 'The kernel command line is empty, too long or not printable ASCII.',
    remedy: otherImage,
  },
  EIF_METADATA: {
    stage: 'image',
    exit: 2,
    cause: 'The metadata of the EIF are not a JSON object of at most 64 KiB.',
    remedy: otherImage,
  },
  EIF_SIGNATURE: {
    stage: 'image',
    exit: 5,
    cause: 'The signature section is malformed or does not verify under its own certificate.',
    remedy: 'Sign the image anew, or get it again from who signed it.',
  },
  EIF_SIGNATURE_PCR: {
    stage: 'image',
    exit: 5,
    cause: 'The signature is over another PCR0 than that of the image.',
    remedy: 'The image was changed after it was signed: get it again from who signed it.',
  },
  EIF_CERTIFICATE: {
    stage: 'image',
    exit: 5,
    cause: 'The signing certificate is not a P-384 certificate that is valid now.',
    remedy: 'Sign with a certificate of a P-384 key within its period of validity.',
  },
  EIF_SIGNER: {
    stage: 'image',
    exit: 2,
    cause: 'The signing key or the external signer gave no P-384 signature for the certificate.',
    remedy: 'Give the key that belongs to the certificate, or mend the signer.',
  },
  RAMDISK_MALFORMED: {
    stage: 'image',
    exit: 2,
    cause: 'A ramdisk is not one newc cpio archive, plain or compressed with gzip or zstd.',
    remedy: otherImage,
  },
  RAMDISK_LIMIT: {
    stage: 'image',
    exit: 2,
    cause: 'A ramdisk unpacks to more bytes, files or longer names than are read.',
    remedy: 'Make the image smaller; docs/image.md gives the limits.',
  },
  RAMDISK_PATH: {
    stage: 'image',
    exit: 2,
    cause: 'A path of a ramdisk is absolute, empty, there twice, or steps out of the root.',
    remedy: otherImage,
  },
} as const satisfies Record<string, ErrorEntry>;
