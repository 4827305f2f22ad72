/** Makes CMS envelopes as AWS KMS does, and others that differ in one place. */
import {
  constants,
  createCipheriv,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
} from 'node:crypto';
import { type BerElement, readBer } from '../../enclave/kms/ber.ts';
import { concat, fromHex } from '../../shared/bytes.ts';

export const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

function lengthOf(size: number): Uint8Array {
  if (size < 0x80) return Uint8Array.of(size);
  if (size < 0x100) return Uint8Array.of(0x81, size);
  return Uint8Array.of(0x82, size >> 8, size & 0xff);
}

export const der = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = concat(...parts);
  return concat(Uint8Array.of(tag), lengthOf(content.length), content);
};
export const indefinite = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  concat(Uint8Array.of(tag, 0x80), ...parts, Uint8Array.of(0, 0));
export const seq = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts);
export const oid = (hex: string): Uint8Array => der(0x06, bytesOf(hex));
export const octets = (bytes: Uint8Array): Uint8Array => der(0x04, bytes);
export const int = (value: number): Uint8Array => der(0x02, Uint8Array.of(value));
const NULL = der(0x05);
const sha256 = seq(oid('608648016503040201'), NULL);
const sha1 = seq(oid('2b0e03021a'), NULL);

/** Every part may be replaced; `undefined` leaves what KMS writes. */
export interface Bend {
  readonly plain?: Uint8Array;
  readonly publicKey?: KeyObject;
  readonly contentKeyBytes?: number;
  readonly type?: Uint8Array;
  readonly version?: Uint8Array;
  readonly infoVersion?: Uint8Array;
  readonly identifier?: Uint8Array;
  readonly keyAlgorithm?: Uint8Array;
  readonly wrapped?: Uint8Array;
  readonly recipients?: (info: Uint8Array) => Uint8Array;
  readonly contentType?: Uint8Array;
  readonly cipher?: Uint8Array;
  readonly iv?: Uint8Array;
  readonly padding?: boolean;
  readonly body?: (encrypted: Uint8Array) => Uint8Array;
  readonly more?: Uint8Array;
}

export const OAEP = {
  sha256: seq(
    oid('2a864886f70d010107'),
    seq(der(0xa0, sha256), der(0xa1, seq(oid('2a864886f70d010108'), sha256))),
  ),
  emptyLabel: seq(
    oid('2a864886f70d010107'),
    seq(
      der(0xa0, sha256),
      der(0xa1, seq(oid('2a864886f70d010108'), sha256)),
      der(0xa2, seq(oid('2a864886f70d010109'), octets(new Uint8Array(0)))),
    ),
  ),
  label: seq(
    oid('2a864886f70d010107'),
    seq(
      der(0xa0, sha256),
      der(0xa1, seq(oid('2a864886f70d010108'), sha256)),
      der(0xa2, seq(oid('2a864886f70d010109'), octets(Uint8Array.of(1)))),
    ),
  ),
  defaults: seq(oid('2a864886f70d010107'), seq()),
  none: seq(oid('2a864886f70d010107')),
  sha1: seq(
    oid('2a864886f70d010107'),
    seq(der(0xa0, sha1), der(0xa1, seq(oid('2a864886f70d010108'), sha1))),
  ),
  mgfSha1: seq(
    oid('2a864886f70d010107'),
    seq(der(0xa0, sha256), der(0xa1, seq(oid('2a864886f70d010108'), sha1))),
  ),
  pkcs1: seq(oid('2a864886f70d010101'), NULL),
} as const;

export const PLAIN = Uint8Array.from({ length: 32 }, (_, at) => at * 7);

export function envelope(bend: Bend = {}): Uint8Array {
  const contentKey = new Uint8Array(bend.contentKeyBytes ?? 32).fill(9);
  const iv = bend.iv ?? new Uint8Array(16).fill(5);
  const cipher = createCipheriv(
    'aes-256-cbc',
    new Uint8Array(32).fill(9),
    iv.length === 16 ? iv : new Uint8Array(16),
  );
  cipher.setAutoPadding(bend.padding ?? true);
  const encrypted = concat(cipher.update(bend.plain ?? PLAIN), cipher.final());
  const wrapped = publicEncrypt(
    {
      key: bend.publicKey ?? RSA.publicKey,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
    },
    contentKey,
  );
  const info = seq(
    bend.infoVersion ?? int(2),
    bend.identifier ?? der(0x80, new Uint8Array(20)),
    bend.keyAlgorithm ?? OAEP.sha256,
    octets(bend.wrapped ?? wrapped),
  );
  const body = bend.body ?? ((bytes: Uint8Array) => der(0x80, bytes));
  const enveloped = indefinite(
    0x30,
    bend.version ?? int(2),
    (bend.recipients ?? ((one: Uint8Array) => der(0x31, one)))(info),
    indefinite(
      0x30,
      bend.contentType ?? oid('2a864886f70d010701'),
      seq(bend.cipher ?? oid('60864801650304012a'), octets(iv)),
      body(encrypted),
    ),
    bend.more ?? new Uint8Array(0),
  );
  return indefinite(0x30, bend.type ?? oid('2a864886f70d010703'), indefinite(0xa0, enveloped));
}

function encode({ tag, content, children }: BerElement): Uint8Array {
  return children.length === 0 ? der(tag, content) : der(tag, ...children.map(encode));
}

/**
 * LocalStack names the recipient by issuer and serial number, in version 0; AWS by a key identifier,
 * in version 2. The same envelope with the name that AWS writes: keys, content and algorithms stay.
 */
export function withKeyIdentifier(bytes: Uint8Array): Uint8Array {
  const [type, wrapper] = readBer(bytes).children;
  const [, recipients, content] = wrapper?.children[0]?.children ?? [];
  const [, , algorithm, wrapped] = recipients?.children[0]?.children ?? [];
  if (!type || !content || !algorithm || !wrapped) throw new Error('not an envelope of LocalStack');
  const info = seq(int(2), der(0x80, new Uint8Array(20)), encode(algorithm), encode(wrapped));
  return seq(encode(type), der(0xa0, seq(int(2), der(0x31, info), encode(content))));
}
