import { describe, expect, it } from 'vitest';
import { toHex } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { RecordKey } from '../../../shared/wire/record-key.ts';

const node = createNodeSuite();

/** The suite, with the ciphers that have not forgotten their key and what was sealed under what. */
function watched() {
  const alive = new Set<object>();
  const sealed: { readonly nonce: string; readonly aad: string }[] = [];
  const suite: typeof node = {
    ...node,
    aead(key) {
      const aead = node.aead(key);
      const own = {
        seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) {
          sealed.push({ nonce: toHex(nonce), aad: toHex(aad) });
          return aead.seal(nonce, aad, plaintext);
        },
        open: aead.open.bind(aead),
        wipe() {
          alive.delete(own);
          aead.wipe();
        },
      };
      alive.add(own);
      return own;
    },
  };
  return { suite, alive, sealed };
}

const fresh = () => ({
  key: new Uint8Array(32).fill(1),
  iv: new Uint8Array(12).fill(2),
  next: new Uint8Array(48).fill(3),
});

describe('a record key', () => {
  it('is forgotten with its cipher when the next takes its place, and at the end', () => {
    const { suite, alive } = watched();
    const first = fresh();
    const key = new RecordKey(suite, { key: first, stream: 1n });
    expect(alive.size).toBe(1);
    const [old] = alive;
    key.advance();
    expect(alive.size).toBe(1);
    expect(alive.has(old!)).toBe(false);
    for (const part of Object.values(first)) expect(part.every((byte) => byte === 0)).toBe(true);
    key.wipe();
    expect(alive.size).toBe(0);
    expect(key.wiped).toBe(true);
  });

  it('never uses a nonce twice: IV XOR number (RFC 8446, 5.3), stream, number and type beside', () => {
    const { suite, sealed } = watched();
    const key = new RecordKey(suite, { key: fresh(), stream: 0x0102n });
    for (let i = 0; i < 600; i++) key.seal(7, new Uint8Array(1));
    expect(new Set(sealed.map(({ nonce }) => nonce)).size).toBe(600);
    const [first, second] = sealed;
    expect(first).toEqual({
      nonce: '020202020202020202020202',
      aad: '0000000000000102000000000000000007',
    });
    expect(second).toEqual({
      nonce: '020202020202020202020203',
      aad: '0000000000000102000000000000000107',
    });
    // 0x0101 and IV 02…02: both low bytes of the number arrive.
    expect(sealed[0x0101]?.nonce).toBe('020202020202020202020303');
    expect(sealed[0x0101]?.aad).toBe('0000000000000102000000000000010107');
  });

  it('counts anew after the next took its place', () => {
    const limits = { records: 2, bytes: 100, ms: 1_000 };
    const key = new RecordKey(node, { key: fresh(), stream: 1n, limits });
    key.seal(1, new Uint8Array(60));
    expect(key.served).toBe(1);
    expect(key.worn(60)).toBe(true);
    expect(key.worn(1, 1_000)).toBe(true);
    key.advance();
    expect(key.served).toBe(0);
    expect(key.worn(60)).toBe(false);
  });
});
