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
  IMAGE_INPUT: {
    stage: 'image',
    exit: 2,
    cause: 'A part of the image is missing, is not the pinned one, or cannot be in an image.',
    remedy: 'Mend what the message names; pins are in enclave/image/pins.ts.',
  },
  IMAGE_KERNEL: {
    stage: 'image',
    exit: 7,
    cause: 'The kernel is not the pinned one, so that the measurements would be others.',
    remedy:
      'Build with the compiler that docs/image.md names, or pin the new kernel as a new release.',
  },
  IMAGE_PCR: {
    stage: 'image',
    exit: 7,
    cause: 'The image is measured otherwise than expected.',
    remedy: 'Compare it with nmp pcrs diff, which names the files that differ.',
  },
  IMAGE_MEMORY: {
    stage: 'image',
    exit: 2,
    cause: 'The enclave would get less memory than the image needs.',
    remedy:
      'Give it as much as the message or nmp doctor --image says, and the allocator more than that.',
  },
  ENCLAVE_RUN: {
    stage: 'image',
    exit: 3,
    cause: 'The enclave could not be started: the program that runs it failed or is missing.',
    remedy: 'Run nmp doctor; it names what is missing and the line that mends it.',
  },
  CONTROL_MALFORMED: {
    stage: 'image',
    exit: 1,
    cause: 'A line of the control channel between enclave and parent is malformed.',
    remedy: 'Run parent and image of the same release.',
  },
  AGENT_MOUNT: {
    stage: 'image',
    exit: 1,
    cause: 'The enclave could not set up its file systems.',
    remedy: 'Give the enclave more memory; nmp doctor says how much the image needs.',
  },
  AGENT_ENTROPY: {
    stage: 'image',
    exit: 1,
    cause: 'The enclave found no Nitro Secure Module, or got no randomness from it.',
    remedy: 'Run the image in a Nitro enclave or in QEMU’s nitro-enclave machine.',
  },
  AGENT_CLOCK: {
    stage: 'image',
    exit: 1,
    cause: 'The Nitro Secure Module told no time to set the clock by.',
    remedy: 'Start the enclave again; if it happens again, the device is broken.',
  },
  AGENT_HEARTBEAT: {
    stage: 'image',
    exit: 1,
    cause: 'Nobody answered the boot heartbeat on vsock port 9000.',
    remedy: 'Start the enclave with nitro-cli or nmp start, which listen there.',
  },
  AGENT_BRIDGE: {
    stage: 'image',
    exit: 1,
    cause: 'The enclave could not listen on vsock or on its own sockets.',
    remedy: 'Start the enclave anew; report it with the release of the image.',
  },
  AGENT_START: {
    stage: 'image',
    exit: 1,
    cause: 'The node in the enclave could not be started.',
    remedy: 'Build the image anew with make eif: its command or program is missing.',
  },
  AGENT_NODE_ENDED: {
    stage: 'image',
    exit: 1,
    cause: 'The node in the enclave ended, and with it the enclave.',
    remedy:
      'Look at its exit code; below zero it is a signal, and -9 mostly means too little memory.',
  },
} as const satisfies Record<string, ErrorEntry>;
