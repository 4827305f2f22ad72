import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../enclave/image/describe.ts';
import {
  AT,
  type EifSections,
  HEADER_BYTES,
  SECTION_HEADER_BYTES,
} from '../../../enclave/image/eif-format.ts';
import { readEif } from '../../../enclave/image/eif-read.ts';
import { eifCrc, writeEif } from '../../../enclave/image/eif-write.ts';
import { measureImage } from '../../../enclave/image/measure.ts';
import { fromHex, utf8 } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { seededRandom } from '../../support/clock.ts';
import { codeOf } from '../../support/code-of.ts';

interface Vector {
  readonly name: string;
  readonly kernel: string;
  readonly cmdline: string;
  readonly metadata: string;
  readonly ramdisks: readonly string[];
  readonly eif: { readonly bytes: number; readonly sha256: string };
  readonly pcrs: { readonly PCR0: string; readonly PCR1: string; readonly PCR2: string };
}
const vectors: readonly Vector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'eif.json'), 'utf8'),
).vectors;

const hex = (text: string) => fromHex(text) ?? new Uint8Array(0);
const sections: EifSections = {
  arch: 'x86_64',
  kernel: utf8('kernel bytes'),
  cmdline: utf8('console=ttyS0'),
  metadata: utf8('{"ImageName":"x"}'),
  ramdisks: [utf8('first'), utf8('second!')],
};
const good = writeEif(sections);

/** A copy with some bytes set and the checksum mended. */
function edited(edit: (view: DataView, bytes: Uint8Array) => void, mend = true): Uint8Array {
  const copy = Uint8Array.from(good);
  const view = new DataView(copy.buffer);
  edit(view, copy);
  if (mend) view.setUint32(AT.crc, eifCrc(copy));
  return copy;
}
/** Where section `index` starts in `good`. */
function startOf(index: number): number {
  return Number(new DataView(good.buffer).getBigUint64(AT.sectionOffsets + 8 * index));
}

describe('the EIF writer', () => {
  it.each(vectors)('writes and measures what AWS’s builder does: $name', (vector) => {
    const parts: EifSections = {
      arch: 'x86_64',
      kernel: hex(vector.kernel),
      cmdline: utf8(vector.cmdline),
      metadata: utf8(vector.metadata),
      ramdisks: vector.ramdisks.map(hex),
    };
    const eif = writeEif(parts);
    expect(eif.length).toBe(vector.eif.bytes);
    expect(sha256Hex(eif)).toBe(vector.eif.sha256);
    expect(measureImage(parts)).toEqual(vector.pcrs);
    expect(readEif(eif)).toEqual(parts);
  });

  it('puts every field where the format says', () => {
    const view = new DataView(good.buffer);
    expect(Buffer.from(good.subarray(0, 4)).toString()).toBe('.eif');
    expect(view.getUint16(4)).toBe(4);
    expect(view.getBigUint64(8)).toBe(1_073_741_824n);
    expect(view.getBigUint64(16)).toBe(2n);
    expect(view.getUint16(26)).toBe(5);
    expect(view.getBigUint64(28)).toBe(548n);
    expect(view.getBigUint64(284)).toBe(12n);
    expect(view.getUint16(548)).toBe(1);
    expect(Buffer.from(good.subarray(560, 572)).toString()).toBe('kernel bytes');
    const types = [0, 1, 2, 3, 4].map((index) => view.getUint16(startOf(index)));
    expect(types).toEqual([1, 2, 5, 3, 3]);
    // zlib's own CRC-32 over the file without the field.
    expect(view.getUint32(544)).toBe(eifCrc(good));
    expect(good.length).toBe(
      HEADER_BYTES +
        5 * SECTION_HEADER_BYTES +
        'kernel bytesconsole=ttyS0{"ImageName":"x"}firstsecond!'.length,
    );
  });

  it('marks arm64 by its flag and refuses an image without a ramdisk', () => {
    const arm = writeEif({ ...sections, arch: 'arm64' });
    expect(readEif(arm).arch).toBe('arm64');
    expect(codeOf(() => writeEif({ ...sections, ramdisks: [] }))).toBe('EIF_SECTIONS');
    const many = Array.from({ length: 31 }, () => utf8('r'));
    expect(codeOf(() => writeEif({ ...sections, ramdisks: many }))).toBe('EIF_SECTIONS');
  });
});

describe('the EIF reader refuses', () => {
  const cases: readonly [string, string, () => Uint8Array][] = [
    ['an empty file', 'EIF_SIZE', () => new Uint8Array(0)],
    ['a cut header', 'EIF_SIZE', () => good.subarray(0, HEADER_BYTES - 1)],
    ['another magic', 'EIF_MAGIC', () => edited((view) => view.setUint8(0, 0x2f))],
    ['version 3', 'EIF_VERSION', () => edited((view) => view.setUint16(AT.version, 3))],
    ['an unknown flag', 'EIF_VERSION', () => edited((view) => view.setUint16(AT.flags, 2))],
    [
      'a reserved field in use',
      'EIF_LAYOUT',
      () => edited((view) => view.setUint16(AT.reserved, 1)),
    ],
    ['the unused field in use', 'EIF_LAYOUT', () => edited((view) => view.setUint32(AT.unused, 1))],
    ['a wrong checksum', 'EIF_CRC', () => edited((view) => view.setUint32(AT.crc, 0), false)],
    ['one flipped bit', 'EIF_CRC', () => edited((_, bytes) => bytes.fill(1, 570, 571), false)],
    ['33 sections', 'EIF_LAYOUT', () => edited((view) => view.setUint16(AT.sectionCount, 33))],
    ['no section', 'EIF_LAYOUT', () => edited((view) => view.setUint16(AT.sectionCount, 0))],
    ['a trailing byte', 'EIF_LAYOUT', () => trailing()],
    [
      'an offset into another section',
      'EIF_LAYOUT',
      () => edited((view) => view.setBigUint64(AT.sectionOffsets + 8, 548n)),
    ],
    [
      'a size past the end',
      'EIF_LAYOUT',
      () => edited((view) => view.setBigUint64(AT.sectionSizes + 32, 0xffff_ffff_ffff_ffffn)),
    ],
    [
      'a size that its own header denies',
      'EIF_LAYOUT',
      () => edited((view) => view.setBigUint64(startOf(0) + 4, 11n)),
    ],
    [
      'a section’s flags in use',
      'EIF_LAYOUT',
      () => edited((view) => view.setUint16(startOf(0) + 2, 1)),
    ],
    ['an unknown type', 'EIF_SECTIONS', () => edited((view) => view.setUint16(startOf(2), 9))],
    ['two kernels', 'EIF_SECTIONS', () => edited((view) => view.setUint16(startOf(3), 1))],
    ['no command line', 'EIF_SECTIONS', () => edited((view) => view.setUint16(startOf(1), 5))],
    ['two metadata', 'EIF_SECTIONS', () => edited((view) => view.setUint16(startOf(4), 5))],
    ['an empty kernel', 'EIF_SECTIONS', () => writeEif({ ...sections, kernel: new Uint8Array(0) })],
    ['ramdisks before the command line', 'EIF_SECTIONS', () => swapped()],
    ['an empty command line', 'EIF_CMDLINE', () => writeEif({ ...sections, cmdline: utf8('') })],
    [
      'a command line of two',
      'EIF_CMDLINE',
      () => writeEif({ ...sections, cmdline: utf8('a\0b') }),
    ],
    [
      'a command line that Linux would cut',
      'EIF_CMDLINE',
      () => writeEif({ ...sections, cmdline: utf8('a'.repeat(2048)) }),
    ],
    ['metadata in an array', 'EIF_METADATA', () => writeEif({ ...sections, metadata: utf8('[]') })],
    ['metadata cut off', 'EIF_METADATA', () => writeEif({ ...sections, metadata: utf8('{') })],
    [
      'metadata without end',
      'EIF_METADATA',
      () => writeEif({ ...sections, metadata: utf8(`{"a":"${'x'.repeat(70_000)}"}`) }),
    ],
    [
      'a signature without end',
      'EIF_SIGNATURE',
      () => writeEif({ ...sections, signature: new Uint8Array(40_000) }),
    ],
  ];

  function trailing(): Uint8Array {
    const longer = new Uint8Array(good.length + 1);
    longer.set(good);
    new DataView(longer.buffer).setUint32(AT.crc, eifCrc(longer));
    return longer;
  }
  function swapped(): Uint8Array {
    return edited((view) => {
      view.setUint16(startOf(1), 3);
      view.setUint16(startOf(3), 2);
    });
  }

  it.each(cases)('%s with %s', (_, code, make) => {
    const bytes = make();
    expect(codeOf(() => readEif(bytes))).toBe(code);
  });
});

it('reads 100,000 mutated images without any failure but a coded one', () => {
  const random = seededRandom(8);
  const below = (max: number) => Buffer.from(random.bytes(4)).readUInt32BE(0) % max;
  let accepted = 0;
  for (let round = 0; round < 100_000; round++) {
    let copy = Uint8Array.from(good);
    for (let edits = 1 + below(3); edits > 0; edits--) {
      // Half of the edits go where the structure is.
      const at = below(2) === 0 ? below(copy.length) : below(AT.sectionOffsets + 48);
      copy[at] = below(4) === 0 ? below(256) : (copy[at] ?? 0) ^ (1 << below(8));
    }
    if (below(16) === 0) copy = copy.subarray(0, below(copy.length));
    // Most are given their checksum, or nothing behind it would be reached.
    if (below(8) !== 0 && copy.length > HEADER_BYTES) {
      new DataView(copy.buffer, copy.byteOffset).setUint32(AT.crc, eifCrc(copy));
    }
    try {
      const read = readEif(copy);
      accepted++;
      // What is accepted says the same when it is written again, in as many bytes.
      const again = writeEif(read);
      expect(again.length).toBe(copy.length);
      if (accepted % 64 === 0) expect(readEif(again)).toEqual(read);
    } catch (error) {
      if (!(error instanceof NmpError)) throw error;
      expect(error.code).toMatch(/^EIF_/);
    }
  }
  // Edits of hints, kernel and ramdisk bytes are images, too.
  expect(accepted).toBeGreaterThan(1000);
});
