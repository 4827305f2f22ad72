/** A verifier that is not ours, or does what ours never does, proves nothing. */
import { describe, expect, it } from 'vitest';
import { askVerifier } from '../../../shared/receipt/seal.ts';
import { codeOf } from '../../support/code-of.ts';

const image = new Uint8Array(32).fill(7);
const receipt = Uint8Array.of(1, 2, 3);

/** Says of every receipt that it ends with `status`; its memory is all of one byte. */
function saying(status: number, over: Record<string, unknown> = {}) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Uint8Array(memory.buffer).fill(9);
  const exports = {
    memory,
    nmp_alloc: () => 64,
    nmp_verify: () => status,
    nmp_journal: () => 128,
    nmp_journal_len: () => 4,
    nmp_image: () => 256,
    nmp_segments: () => 1,
    ...over,
  };
  return { exports } as unknown as Pick<WebAssembly.Instance, 'exports'>;
}
const asked = (instance: ReturnType<typeof saying>) => askVerifier(instance, receipt, image);

describe('what a verifier says', () => {
  it.each([
    [0, undefined],
    [1, 'RECEIPT_MALFORMED'],
    [2, 'RECEIPT_KIND'],
    [3, 'RECEIPT_IMAGE'],
    [4, 'RECEIPT_SEAL'],
    [5, 'RECEIPT_JOURNAL_DIGEST'],
    [6, 'RECEIPT_SEAL'],
    [-1, 'RECEIPT_SEAL'],
    [2 ** 31, 'RECEIPT_SEAL'],
  ])('%i is %s', (status, failure) => {
    const report = asked(saying(status));
    expect(report.failure).toBe(failure);
    expect(report.journal).toEqual(new Uint8Array(4).fill(9));
    expect(report.image).toEqual(new Uint8Array(32).fill(9));
  });

  it.each(['nmp_alloc', 'nmp_verify', 'nmp_journal', 'nmp_image', 'nmp_segments', 'memory'])(
    'is nothing without its export %s',
    (name) => {
      expect(codeOf(() => asked(saying(0, { [name]: undefined })))).toBe('RECEIPT_VERIFIER');
      expect(codeOf(() => asked(saying(0, { [name]: 7 })))).toBe('RECEIPT_VERIFIER');
    },
  );

  it('is nothing if it points out of its memory', () => {
    for (const name of ['nmp_alloc', 'nmp_journal', 'nmp_image']) {
      expect(() => asked(saying(0, { [name]: () => 65_536 }))).toThrow(RangeError);
    }
  });
});
