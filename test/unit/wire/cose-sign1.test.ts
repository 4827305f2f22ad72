import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { type CborValue, encodeCbor } from '../../../shared/wire/cbor.ts';
import { encodeCoseSign1, openCoseSign1, signatureInput } from '../../../shared/wire/cose-sign1.ts';

const suite = createNodeSuite();
const context = Uint8Array.of(1);
const payload = Uint8Array.of(2, 3);
/** {1: -8}, EdDSA: RFC 9052, section 3.1 and RFC 9053, section 2.2. */
const header = Uint8Array.of(0xa1, 0x01, 0x27);
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const rawOf = (key: KeyObject) =>
  Uint8Array.from(key.export({ format: 'der', type: 'spki' }).subarray(-32));
const signature = Uint8Array.from(sign(null, signatureInput(context, payload), privateKey));
const open = (bytes: Uint8Array, about = context, key = publicKey, max = 1_000) =>
  openCoseSign1(suite, bytes, about, rawOf(key), max);
const whole: readonly CborValue[] = [header, new Map(), payload, signature];
const changed = (at: number, value: CborValue) =>
  encodeCbor(whole.map((part, index) => (index === at ? value : part)));

describe('COSE_Sign1', () => {
  it('is opened as it was signed', () => {
    expect(encodeCoseSign1(payload, signature)).toEqual(encodeCbor([...whole]));
    expect(open(encodeCoseSign1(payload, signature))).toEqual({ ok: true, payload });
  });

  it.each<[string, Uint8Array]>([
    ['no CBOR', Uint8Array.of(0xff)],
    ['no list', encodeCbor(new Map())],
    ['three parts', encodeCbor(whole.slice(0, 3))],
    ['five parts', encodeCbor([...whole, 0])],
    ['a header that is no bytes', changed(0, 'a')],
    ['a header of another algorithm', changed(0, Uint8Array.of(0xa1, 0x01, 0x26))],
    ['a header without algorithm', changed(0, new Uint8Array(0))],
    ['an unprotected header', changed(1, new Map([[4, 1]]))],
    ['an unprotected header that is no map', changed(1, [])],
    ['a payload that is no bytes', changed(2, 'a')],
    ['a signature that is no bytes', changed(3, 'a')],
  ])('is refused for its form: %s', (_, bytes) => {
    expect(open(bytes)).toEqual({ ok: false, failed: 'form' });
  });

  it('is refused beyond the size that is asked for', () => {
    const bytes = encodeCoseSign1(payload, signature);
    expect(open(bytes, context, publicKey, bytes.length).ok).toBe(true);
    const small = open(bytes, context, publicKey, bytes.length - 1);
    expect(small).toEqual({ ok: false, failed: 'form' });
  });

  it('is refused under another key, in another context, with another payload', () => {
    const bytes = encodeCoseSign1(payload, signature);
    const refused = { ok: false, failed: 'signature' };
    expect(open(bytes, context, generateKeyPairSync('ed25519').publicKey)).toEqual(refused);
    expect(open(bytes, Uint8Array.of(9))).toEqual(refused);
    expect(open(changed(2, Uint8Array.of(2, 4)))).toEqual(refused);
    expect(open(changed(3, new Uint8Array(64)))).toEqual(refused);
  });
});
