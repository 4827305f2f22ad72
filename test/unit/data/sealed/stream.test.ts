import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeHeader,
  encodeHeader,
  SEALED_PREFIX_BYTES,
  type SealedFormat,
  type SealedHeader,
} from '../../../../enclave/data/sealed/header.ts';
import { readHeader, sealBytes, unsealBytes } from '../../../../enclave/data/sealed/stream.ts';
import { concat, fromHex, toHex } from '../../../../shared/bytes.ts';
import { type CborValue, encodeCbor } from '../../../../shared/wire/cbor.ts';
import { codeOf, codeOfAsync } from '../../../support/code-of.ts';
import { inputOf } from '../../../support/sealed.ts';

interface Vector {
  readonly case: string;
  readonly provider: 'kms' | 'local';
  readonly keyId: string;
  readonly encryptedKey: string;
  readonly chunkBytes: number;
  readonly name: string;
  readonly format: SealedFormat;
  readonly noncePrefix: string;
  readonly dataKey: string;
  readonly plaintext: string;
  readonly sealed: string;
}

const file = join(import.meta.dirname, '../../../vectors/sealed-dataset.json');
const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(file, 'utf8'));
const MAX = 1_000_000;
const KEY = new Uint8Array(32).fill(7);
const HEADER: Omit<SealedHeader, 'commitment'> = {
  provider: 'local',
  keyId: 'k',
  encryptedKey: Uint8Array.of(1),
  chunkBytes: 64,
  name: 'd',
  format: 'csv',
  noncePrefix: new Uint8Array(7).fill(3),
};
const PLAIN = Uint8Array.from({ length: 200 }, (_, at) => at);
const SEALED = sealBytes(HEADER, KEY, PLAIN);
const START = SEALED.length - 200 - 4 * 16;
const STRIDE = 80;
const chunk = (at: number) => SEALED.slice(START + at * STRIDE, START + (at + 1) * STRIDE);
const opened = (bytes: Uint8Array, key = KEY, max = MAX) => unsealBytes(inputOf(bytes), key, max);

describe('sealed dataset', () => {
  it.each(vectors)('agrees with the independent oracle: $case', async (vector) => {
    const bytes = (hex: string) => fromHex(hex)!;
    const dataKey = bytes(vector.dataKey);
    const header = {
      provider: vector.provider,
      keyId: vector.keyId,
      encryptedKey: bytes(vector.encryptedKey),
      chunkBytes: vector.chunkBytes,
      name: vector.name,
      format: vector.format,
      noncePrefix: bytes(vector.noncePrefix),
    };
    expect(toHex(sealBytes(header, dataKey, bytes(vector.plaintext)))).toBe(vector.sealed);
    const plain = await unsealBytes(inputOf(bytes(vector.sealed)), dataKey, MAX);
    expect(toHex(plain)).toBe(vector.plaintext);
    const { header: read } = await readHeader(inputOf(bytes(vector.sealed)));
    expect(read).toMatchObject(header);
  });

  it('opens what it sealed, of any length and chunk', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 700 }),
        fc.integer({ min: 64, max: 300 }),
        async (plain, chunkBytes) => {
          const sealed = sealBytes({ ...HEADER, chunkBytes }, KEY, plain);
          expect(await opened(sealed)).toEqual(Uint8Array.from(plain));
        },
      ),
      { seed: 4, numRuns: 200 },
    );
  });

  it('refuses every flipped bit', async () => {
    for (let at = 0; at < SEALED.length; at++) {
      const bent = Uint8Array.from(SEALED);
      bent[at] = (bent[at] ?? 0) ^ (1 << (at % 8));
      expect(await codeOfAsync(opened(bent)), `byte ${at}`).toMatch(/^SEALED_/);
    }
  });

  it('refuses every shortened file', async () => {
    for (let length = 0; length < SEALED.length; length++) {
      const code = await codeOfAsync(opened(SEALED.slice(0, length)));
      expect(code, `${length} bytes`).toMatch(/^SEALED_(MALFORMED|TRUNCATED|CHUNK)$/);
    }
  });

  it.each<[string, string, Uint8Array]>([
    ['cut after a whole chunk', 'SEALED_TRUNCATED', SEALED.slice(0, START + 3 * STRIDE)],
    ['cut within the header', 'SEALED_TRUNCATED', SEALED.slice(0, START - 1)],
    ['without a chunk', 'SEALED_TRUNCATED', SEALED.slice(0, START)],
    [
      'with two chunks changed about',
      'SEALED_CHUNK',
      concat(SEALED.slice(0, START), chunk(1), chunk(0), chunk(2), chunk(3)),
    ],
    [
      'with a chunk twice',
      'SEALED_CHUNK',
      concat(SEALED.slice(0, START), chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)),
    ],
    [
      'with a chunk left out',
      'SEALED_CHUNK',
      concat(SEALED.slice(0, START), chunk(0), chunk(2), chunk(3)),
    ],
    ['with bytes behind', 'SEALED_CHUNK', concat(SEALED, Uint8Array.of(0))],
    [
      'with the header of another file',
      'SEALED_CHUNK',
      concat(sealBytes({ ...HEADER, name: 'e' }, KEY, PLAIN).slice(0, START), SEALED.slice(START)),
    ],
    ['of another magic', 'SEALED_MALFORMED', concat(Uint8Array.of(0x4f), SEALED.slice(1))],
    ['empty', 'SEALED_MALFORMED', new Uint8Array(0)],
  ])('refuses a file %s', async (_, code, bytes) => {
    expect(await codeOfAsync(opened(bytes))).toBe(code);
  });

  it('refuses another key, and a key of another length', async () => {
    expect(await codeOfAsync(opened(SEALED, new Uint8Array(32)))).toBe('SEALED_CHUNK');
    expect(await codeOfAsync(opened(SEALED, new Uint8Array(16)))).toBe('SEALED_KEY');
  });

  it('refuses chunks that are authentic under a header that commits to another plaintext', async () => {
    // Sealed by somebody with the key, but not by this program: the header's commitment is zero.
    const commitment = new Uint8Array(32);
    const { createCipheriv, createHash, hkdfSync } = await import('node:crypto');
    const encoded = encodeHeader({ ...HEADER, commitment });
    const info = 'nmp-sealed-dataset/1 encrypt';
    const key = new Uint8Array(hkdfSync('sha256', KEY, new Uint8Array(0), info, 32));
    const nonce = concat(HEADER.noncePrefix, Uint8Array.of(0, 0, 0, 0, 1));
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(createHash('sha256').update(encoded).digest());
    const body = cipher.update(PLAIN.slice(0, 10));
    cipher.final();
    const forged = concat(encoded, body, cipher.getAuthTag());
    expect(await codeOfAsync(opened(forged))).toBe('SEALED_COMMITMENT');
  });

  it('keeps to the limit before it allocates', async () => {
    expect(await codeOfAsync(opened(SEALED, KEY, 199))).toBe('DATA_LIMIT');
    expect(await opened(SEALED, KEY, 200)).toEqual(PLAIN);
  });

  it('gives equal plaintexts unlike commitments under unlike keys', async () => {
    const other = sealBytes(HEADER, new Uint8Array(32).fill(8), PLAIN);
    const [a, b] = await Promise.all([readHeader(inputOf(SEALED)), readHeader(inputOf(other))]);
    expect(a.header.commitment).not.toEqual(b.header.commitment);
  });

  const fields = (): Map<string, CborValue> =>
    new Map<string, CborValue>([
      ['version', 1],
      ['provider', 'local'],
      ['key_id', 'k'],
      ['encrypted_key', Uint8Array.of(1)],
      ['chunk_bytes', 64],
      ['name', 'd'],
      ['format', 'csv'],
      ['nonce_prefix', new Uint8Array(7)],
      ['commitment', new Uint8Array(32)],
    ]);

  it('reads the header that the cases below bend', () => {
    expect(decodeHeader(encodeCbor(fields()))).toMatchObject({ name: 'd', chunkBytes: 64 });
  });

  it.each<[string, CborValue]>([
    ['version', 2],
    ['provider', 'other'],
    ['key_id', ''],
    ['key_id', 'k'.repeat(2049)],
    ['encrypted_key', new Uint8Array(0)],
    ['encrypted_key', new Uint8Array(6145)],
    ['chunk_bytes', 63],
    ['chunk_bytes', 1_048_577],
    ['chunk_bytes', -1],
    ['name', '../d'],
    ['name', ''],
    ['format', 'xml'],
    ['nonce_prefix', new Uint8Array(8)],
    ['commitment', new Uint8Array(31)],
  ])('refuses a header whose %s is out of range', (name, value) => {
    expect(codeOf(() => decodeHeader(encodeCbor(fields().set(name, value))))).toBe(
      'SEALED_MALFORMED',
    );
  });

  it('refuses a header with more or fewer fields, and an absurd length', async () => {
    const more = encodeCbor(fields().set('x', 1));
    const fewer = fields();
    fewer.delete('commitment');
    expect(codeOf(() => decodeHeader(more))).toBe('SEALED_MALFORMED');
    expect(codeOf(() => decodeHeader(encodeCbor(fewer)))).toBe('SEALED_MALFORMED');
    const absurd = Uint8Array.from(SEALED);
    absurd.fill(0xff, SEALED_PREFIX_BYTES - 4, SEALED_PREFIX_BYTES);
    expect(await codeOfAsync(opened(absurd))).toBe('SEALED_MALFORMED');
  });
});
