import { describe, expect, it } from 'vitest';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { RecordKey } from '../../../shared/wire/record-key.ts';

const node = createNodeSuite();

/** The suite, counting the ciphers that were made and those that forgot their key. */
function watched() {
  const alive = new Set<object>();
  const suite: typeof node = {
    ...node,
    aead(key) {
      const aead = node.aead(key);
      const own = {
        seal: aead.seal.bind(aead),
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
  return { suite, alive };
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
