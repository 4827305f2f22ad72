/** Bytes that are not code: entropy by windows, magic numbers, and names that lie. */
import { describe, expect, it } from 'vitest';
import type { Findings } from '../../../enclave/guardian/codes.ts';
import { inspectData } from '../../../enclave/guardian/heuristics.ts';
import { emptyModule } from '../../../enclave/guardian/module-info.ts';
import { nameSectionLies } from '../../../enclave/guardian/name-section.ts';
import { leb, name } from './build.ts';

type Bytes = readonly number[] | Uint8Array;

/** Data segments, then custom sections, one behind the other. */
function inspect(data: readonly Bytes[], customs: readonly Bytes[] = []) {
  const info = emptyModule();
  // Something before the first, so that no range starts at zero.
  const all: number[] = [0xaa];
  const put = (content: Bytes) => {
    const start = all.length;
    for (const byte of content) all.push(byte);
    return { start, end: all.length };
  };
  for (const content of data) info.dataRanges.push(put(content));
  for (const content of customs) info.customs.push({ ...put(content), name: 'x', size: 0 });
  const findings: Findings = { reasons: new Set(), flags: new Set() };
  const facts = inspectData(Uint8Array.from(all), info, findings);
  expect([...findings.reasons]).toEqual([]);
  return { ...facts, flags: [...findings.flags].sort() };
}
const latin1 = (text: string) => [...Buffer.from(text, 'latin1')];
/** A window of `distinct` values as even as they can be. */
const even = (distinct: number, length = 1024) => Array.from({ length }, (_, at) => at % distinct);
const NOISE = ['ENTROPY', 'HIGH_ENTROPY_DATA'];

describe('entropy', () => {
  it('is counted by whole windows of 1,024 bytes', () => {
    const windows = (length: number) => inspect([even(256, length)]).highEntropyWindows;
    expect(windows(1023)).toBe(0);
    expect(windows(1024)).toBe(1);
    expect(windows(2047)).toBe(1);
    expect(windows(2048)).toBe(2);
    expect(inspect([even(256), even(256)]).highEntropyWindows).toBe(2);
    const mixed = inspect([[...even(256), ...even(2), ...even(256)]]);
    expect(mixed.highEntropyWindows).toBe(2);
  });

  it('is high from 7.5 bits on', () => {
    // log2 of 182 is 7.51, of 181 is 7.49; what is uneven has less.
    expect(inspect([even(256)]).flags).toEqual(NOISE);
    expect(inspect([even(190)]).flags).toEqual(NOISE);
    expect(inspect([even(180)]).flags).toEqual([]);
    const uneven = [...even(200, 700), ...new Array<number>(324).fill(0)];
    expect(inspect([uneven]).flags).toEqual([]);
  });

  it('is told of data and of custom sections apart', () => {
    expect(inspect([], [even(256)])).toEqual({
      highEntropyWindows: 1,
      dataBytes: 0,
      flags: ['ENTROPY'],
    });
    expect(inspect([even(256)], [even(256)])).toMatchObject({
      highEntropyWindows: 2,
      dataBytes: 1024,
      flags: NOISE,
    });
    expect(inspect([[1], [2, 3], []], [[4]])).toEqual({
      highEntropyWindows: 0,
      dataBytes: 3,
      flags: [],
    });
  });
});

describe('an executable', () => {
  const found = (content: Bytes) => inspect([content]).flags.includes('EMBEDDED_EXECUTABLE');
  /** `MZ`, and at 60 where the header lies. */
  const stub = (offset: number, length: number, header = 'PE\0\0') => {
    const out = Buffer.alloc(length, 0x20);
    out.write('MZ', 0, 'latin1');
    out.writeUInt32LE(offset, 60);
    out.write(header, length - 4, 'latin1');
    return out;
  };

  it('is told by its first bytes, wherever they lie', () => {
    for (const magic of [
      '\x7fELF',
      '\0asm\x01\0\0\0',
      '\0asm\x0d\0\x01\0',
      '\xcf\xfa\xed\xfe',
      '\xce\xfa\xed\xfe',
    ]) {
      expect(found(latin1(magic))).toBe(true);
      expect(found(latin1(`xx${magic}xx`))).toBe(true);
      expect(found(latin1(magic.slice(0, -1)))).toBe(false);
    }
    // Two ranges side by side are not one.
    expect(inspect([latin1('\x7fE'), latin1('LF')]).flags).toEqual([]);
    expect(inspect([], [latin1('\x7fELF')]).flags).toEqual(['EMBEDDED_EXECUTABLE']);
  });

  it('of Windows has its header where its stub says', () => {
    expect(found(stub(64, 68))).toBe(true);
    expect(found(stub(63, 68))).toBe(false);
    expect(found(stub(65, 68))).toBe(false);
    expect(found(stub(0xffff_ffff, 68))).toBe(false);
    expect(found(stub(64, 68, 'PE\0x'))).toBe(false);
    expect(found([...latin1('MZ..'), ...stub(64, 68)])).toBe(true);
    expect(found([...stub(9, 68), ...stub(64, 68)])).toBe(true);
    expect(found(latin1('MZ PE\0\0'))).toBe(false);
    // The header before its stub, 64 bytes of stub at the very end.
    expect(found([...latin1('PE\0\0'), ...stub(60, 64, '    ')])).toBe(false);
    expect(found([...latin1('PE\0\0'), ...stub(60, 63 + 1).subarray(0, 63)])).toBe(false);
  });

  it('is not what mines', () => {
    for (const text of ['stratum+tcp', 'stratum+ssl', 'mining.subscribe', 'mining.submit']) {
      expect(inspect([latin1(`a ${text} b`)]).flags).toEqual(['MINING_HEURISTIC']);
      expect(inspect([latin1(text.slice(0, -1))]).flags).toEqual([]);
    }
  });
});

describe('a name section', () => {
  const map = (...items: readonly (readonly [number, string])[]) => [
    ...leb(items.length),
    ...items.flatMap(([index, text]) => [...leb(index), ...name(text)]),
  ];
  const part = (id: number, content: Bytes) => [id, ...leb(content.length), ...content];
  const names = (...items: readonly (readonly [number, string])[]) => part(1, map(...items));

  /** Of a module of two imports and two functions of its own; a global is imported between. */
  function lies(...sections: readonly Bytes[]): boolean {
    const info = emptyModule();
    info.imports.push(
      { module: 'w', name: 'fd_read', kind: 'func', type: 0 },
      { module: 'w', name: 'g', kind: 'global', type: -1 },
      { module: 'w', name: 'fd_write', kind: 'func', type: 0 },
    );
    info.functions.push(0, 0, 0, 0);
    info.customs.push({ name: 'other', start: 0, end: 1, size: 1 });
    const all: number[] = [0xff];
    for (const content of sections) {
      const start = all.length;
      all.push(...content);
      info.customs.push({ name: 'name', start, end: all.length, size: 0 });
    }
    // What lies behind must not be read.
    all.push(1, 1, 0);
    return nameSectionLies(Uint8Array.from(all), info);
  }

  it('may say nothing, or what is so', () => {
    expect(lies()).toBe(false);
    expect(lies([])).toBe(false);
    expect(lies(names())).toBe(false);
    expect(lies(names([0, 'a'], [3, 'b']))).toBe(false);
    expect(lies(names([0, 'fd_read'], [1, 'fd_write']))).toBe(false);
    expect(
      lies([...part(0, [9, 9, 9]), ...names([2, 'x']), ...part(2, [9]), ...part(200, [])]),
    ).toBe(false);
  });

  it('lies about functions that are not there, or not that', () => {
    expect(lies(names([4, 'a']))).toBe(true);
    expect(lies(names([1, 'a'], [1, 'b']))).toBe(true);
    expect(lies(names([2, 'a'], [1, 'b']))).toBe(true);
    expect(lies(names([1, 'fd_read']))).toBe(true);
    expect(lies(names([2, 'fd_write']))).toBe(true);
    expect(lies(names([0, 'proc_exit']))).toBe(true);
  });

  it('lies if it stands twice, or its parts do', () => {
    expect(lies([], [])).toBe(true);
    expect(lies([...names(), ...names()])).toBe(true);
    expect(lies([...part(2, []), ...names()])).toBe(true);
  });

  it('lies if it is cut, or holds more than it says', () => {
    expect(lies([1])).toBe(true);
    expect(lies([1, 1])).toBe(true);
    expect(lies([2, 1])).toBe(true);
    expect(lies(part(1, [0, 0]))).toBe(true);
    expect(lies(part(1, [1, 0]))).toBe(true);
    expect(lies(part(1, [2, 0, 1, 0x61]))).toBe(true);
    expect(lies(part(1, [1, 0, 1, 0xff]))).toBe(true);
    expect(lies(part(1, [1, 0, 9, 0x61]))).toBe(true);
  });
});
