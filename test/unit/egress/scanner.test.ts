import { createHash } from 'node:crypto';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadScanner } from '../../../enclave/egress/scanner.ts';
import { seededRandom } from '../../support/clock.ts';
import { CARRIERS, drawFrom, HARMLESS, LAYERS, SECRETS } from './corpus.ts';

const scanner = loadScanner();
const scan = (output: string | Uint8Array) =>
  scanner.scan(typeof output === 'string' ? Buffer.from(output) : output, []);
const blocked = (output: string | Uint8Array) => {
  const { findings, undecodable } = scan(output);
  return undecodable || findings.length > 0;
};
const carry = (value: Buffer | string) => JSON.stringify({ note: value.toString() });

describe('the scanner on a seeded corpus', () => {
  const draw = drawFrom(seededRandom(20_261_123));
  const rounds = 12;

  it.each(Object.entries(SECRETS))('finds every plain %s', (_type, make) => {
    for (let i = 0; i < 40; i++) {
      const value = make(draw);
      expect(blocked(value), value).toBe(true);
    }
  });

  it.each(Object.entries(CARRIERS))('finds restricted keys carried as %s', (_name, carrier) => {
    const values = {
      patientId: 'PT-48213',
      mrn: 'MRN0048213',
      dob: '1974-03-02',
      password: 'Tr0ub4dor3',
    };
    for (const [key, value] of Object.entries(values)) {
      const text = carrier(key, value);
      expect(blocked(text), text).toBe(true);
    }
  });

  it.each(Object.entries(LAYERS))('finds at least 97 of 100 behind %s', (_name, layer) => {
    let found = 0;
    let total = 0;
    for (const make of Object.values(SECRETS)) {
      for (let i = 0; i < rounds; i++, total++) {
        if (blocked(carry(layer(Buffer.from(make(draw)))))) found++;
      }
    }
    expect(found / total).toBeGreaterThanOrEqual(0.97);
  });

  it('finds at least 95 of 100 behind two or three layers', () => {
    const layers = Object.values(LAYERS);
    let found = 0;
    let total = 0;
    for (const make of Object.values(SECRETS)) {
      for (let i = 0; i < rounds; i++, total++) {
        let value: Buffer = Buffer.from(make(draw));
        for (let n = 2 + draw.int(2); n > 0; n--) value = Buffer.from(draw.pick(layers)(value));
        if (blocked(carry(value))) found++;
      }
    }
    expect(found / total).toBeGreaterThanOrEqual(0.95);
  });

  it('blocks at most 2 of 1,000 harmless documents', () => {
    const wrong: string[] = [];
    let total = 0;
    for (const [name, make] of Object.entries(HARMLESS)) {
      for (let i = 0; i < 60; i++, total++) if (blocked(make(draw))) wrong.push(name);
    }
    expect(wrong.length / total, wrong.join()).toBeLessThanOrEqual(0.002);
  });

  it('says where, layer by layer', () => {
    const inner = zlib.gzipSync(JSON.stringify({ patientId: 'a1b2c3' })).toString('hex');
    const outer = JSON.stringify({ a: { b: Buffer.from(inner).toString('base64') } });
    expect(scan(outer).findings[0]).toEqual({
      kind: 'RESTRICTED_KEY',
      rule: 'restricted-key-quoted',
      path: '$.a.b > base64 > hex > gzip > json $.patientId',
    });
  });
});

describe('hostile inputs', () => {
  it('never throws and always ends, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        scan(bytes);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => void scan(text)),
      { numRuns: 1000 },
    );
  });

  it.each<[string, () => string | Uint8Array]>([
    [
      'nested gzip',
      () =>
        Array.from({ length: 12 }).reduce<Buffer>(
          (b) => zlib.gzipSync(b),
          Buffer.from('x@example.com'),
        ),
    ],
    ['a gzip of 200 MB of zeros', () => zlib.gzipSync(Buffer.alloc(200 * 1024 * 1024))],
    [
      'an encrypted zip',
      () => Buffer.from('504b03041400010063000000000000000000000000000000000000000000', 'hex'),
    ],
  ])('%s fails closed', (_name, make) => {
    expect(blocked(make())).toBe(true);
  });

  it.each<[string, () => string]>([
    ['100,000 nested arrays', () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['40 kB of "1-"', () => '1-'.repeat(20_000)],
    ['20 kB of a crafted address', () => `${'a.'.repeat(10_000)}@`],
    ['1 MB of percent signs', () => '%'.repeat(1_000_000)],
    ['100 kB of base64', () => 'QUFB'.repeat(25_000)],
  ])('%s is judged', (_name, make) => {
    expect(typeof scan(make()).undecodable).toBe('boolean');
  });

  it('finds a restricted key under 5,000 nested arrays', () => {
    expect(blocked(`${'['.repeat(5000)}{"patientId":"a1b2c3"}${']'.repeat(5000)}`)).toBe(true);
  });

  it('finds hex in the form of a UUID, and in groups of other lengths between dashes', () => {
    const uuid = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    for (const value of ['4111111111111111', 'john.doe@example.com']) {
      const hex = Buffer.from(value).toString('hex');
      expect(blocked(carry(uuid(hex))), value).toBe(true);
      expect(blocked(carry(uuid(hex.toUpperCase()))), value).toBe(true);
      expect(blocked(carry(hex.match(/.{1,6}/g)?.join('-') ?? '')), value).toBe(true);
    }
    for (let at = 0; at < 500; at++) {
      const bytes = createHash('sha256').update(`${at}`).digest('hex').slice(0, 32);
      expect(blocked(carry(uuid(bytes))), bytes).toBe(false);
    }
  });

  it('finds a telephone number of seven digits behind a plus sign only', () => {
    expect(blocked(carry('+6834002'))).toBe(true);
    expect(blocked(carry('6834002'))).toBe(false);
  });

  it('takes three characters of Base64 for no diagnosis, but a code in a row of a patient', () => {
    const noise = Buffer.from(createHash('sha512').update('x').digest()).toString('base64');
    const words = (code: string) => JSON.stringify({ icd: 'dx', patient: 'P-1', code });
    expect(blocked(words('E11.9'))).toBe(true);
    expect(blocked(words('a/b/E11/c'))).toBe(true);
    expect(blocked(words(`${noise.slice(0, 40)}/E11+${noise.slice(0, 40)}`))).toBe(false);
  });

  it('finds a document that is one quoted JSON string', () => {
    expect(blocked(JSON.stringify(JSON.stringify({ patientId: 'a1b2c3d4' })))).toBe(true);
  });
});
