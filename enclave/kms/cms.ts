/**
 * Opens the CMS envelope that AWS KMS puts a key into for an attested recipient: EnvelopedData
 * version 2 (RFC 5652, section 6) with one KeyTransRecipientInfo by subjectKeyIdentifier,
 * RSAES-OAEP with SHA-256 (RFC 4055, section 4.1) and AES-256-CBC (RFC 3565).
 *
 * An envelope proves nothing about who made it, and CBC can be bent: TLS to the service and, for a
 * dataset, its own commitment do that.
 */
import { constants, createDecipheriv, type KeyObject, privateDecrypt } from 'node:crypto';
import { NmpError } from '../../shared/errors.ts';
import { type BerElement, readBer } from './ber.ts';

/** Longest envelope read: 480 bytes are usual for a key of 32. */
export const ENVELOPE_BYTES_MAX = 4096;
const CONTENT_BYTES_MAX = 1024;
const BLOCK_BYTES = 16;
const RSA_BYTES = 256;
const KEY_BYTES = 32;
/** KMS writes a hash of some length; the key itself, not this name of it, decides who can open. */
const KEY_IDENTIFIER_BYTES_MAX = 64;

const TAG = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  context0: 0x80,
  explicit0: 0xa0,
  explicit1: 0xa1,
  explicit2: 0xa2,
  constructedOctets: 0x24,
} as const;

/** Contents of OBJECT IDENTIFIERs, in hex. */
const OID = {
  data: '2a864886f70d010701',
  envelopedData: '2a864886f70d010703',
  oaep: '2a864886f70d010107',
  mgf1: '2a864886f70d010108',
  pSpecified: '2a864886f70d010109',
  sha256: '608648016503040201',
  aes256Cbc: '60864801650304012a',
} as const;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function malformed(): NmpError {
  return new NmpError('CMS_MALFORMED');
}

/** The children of an element of this tag, between `min` and `max` of them. */
function parts(
  element: BerElement | undefined,
  tag: number,
  min: number,
  max = min,
): readonly BerElement[] {
  if (element?.tag !== tag) throw malformed();
  if (element.children.length < min || element.children.length > max) throw malformed();
  return element.children;
}

function primitive(element: BerElement | undefined, tag: number): Uint8Array {
  if (element?.tag !== tag) throw malformed();
  return element.content;
}

function version(element: BerElement | undefined, expected: number): void {
  const content = primitive(element, TAG.integer);
  if (content.length !== 1 || content[0] !== expected) throw malformed();
}

function oid(element: BerElement | undefined, expected: string): void {
  if (hex(primitive(element, TAG.oid)) !== expected) throw new NmpError('CMS_ALGORITHM');
}

function sha256Algorithm(element: BerElement | undefined): void {
  const [algorithm, parameters] = parts(element, TAG.sequence, 1, 2);
  oid(algorithm, OID.sha256);
  if (parameters !== undefined && primitive(parameters, TAG.null).length !== 0) throw malformed();
}

/** RSAES-OAEP-params with SHA-256 twice and the empty label: the defaults are SHA-1 and not taken. */
function oaepAlgorithm(element: BerElement | undefined): void {
  const [algorithm, parameters] = parts(element, TAG.sequence, 1, 2);
  oid(algorithm, OID.oaep);
  // Without parameters OAEP is with SHA-1 (RFC 4055, section 4.1).
  if (parameters === undefined) throw new NmpError('CMS_ALGORITHM');
  if (parameters.tag !== TAG.sequence) throw malformed();
  const [hash, mask, label, more] = parameters.children;
  if (hash?.tag !== TAG.explicit0 || mask?.tag !== TAG.explicit1 || more !== undefined) {
    throw new NmpError('CMS_ALGORITHM');
  }
  sha256Algorithm(parts(hash, TAG.explicit0, 1)[0]);
  const [generator, inner] = parts(parts(mask, TAG.explicit1, 1)[0], TAG.sequence, 2);
  oid(generator, OID.mgf1);
  sha256Algorithm(inner);
  if (label === undefined) return;
  const [specified, text] = parts(parts(label, TAG.explicit2, 1)[0], TAG.sequence, 2);
  oid(specified, OID.pSpecified);
  if (primitive(text, TAG.octetString).length !== 0) throw new NmpError('CMS_ALGORITHM');
}

/** The encrypted content key of the one recipient, 256 bytes. */
function recipient(set: BerElement | undefined): Uint8Array {
  if (set?.tag !== TAG.set) throw malformed();
  const [info, second] = set.children;
  if (second !== undefined || info?.tag !== TAG.sequence) throw new NmpError('CMS_RECIPIENT');
  const [infoVersion, identifier, algorithm, encrypted] = parts(info, TAG.sequence, 4);
  if (identifier?.tag !== TAG.context0) throw new NmpError('CMS_RECIPIENT');
  const { length } = identifier.content;
  if (length === 0 || length > KEY_IDENTIFIER_BYTES_MAX) throw new NmpError('CMS_RECIPIENT');
  version(infoVersion, 2);
  oaepAlgorithm(algorithm);
  const key = primitive(encrypted, TAG.octetString);
  if (key.length !== RSA_BYTES) throw new NmpError('CMS_SIZE');
  return key;
}

/** [0] IMPLICIT OCTET STRING: in one piece, in chunks, or in chunks within one octet string. */
function octets(element: BerElement | undefined): Uint8Array {
  if (element?.tag === TAG.context0) return element.content;
  if (element?.tag !== TAG.explicit0) throw malformed();
  const [first, second] = element.children;
  const nested = first?.tag === TAG.constructedOctets && second === undefined;
  const chunks = nested ? first.children : element.children;
  return Uint8Array.from(Buffer.concat(chunks.map((chunk) => primitive(chunk, TAG.octetString))));
}

function content(info: BerElement | undefined): { iv: Uint8Array; encrypted: Uint8Array } {
  const [type, algorithm, body] = parts(info, TAG.sequence, 3);
  if (hex(primitive(type, TAG.oid)) !== OID.data) throw malformed();
  const [cipher, parameters] = parts(algorithm, TAG.sequence, 2);
  oid(cipher, OID.aes256Cbc);
  const iv = primitive(parameters, TAG.octetString);
  const encrypted = octets(body);
  if (iv.length !== BLOCK_BYTES) throw malformed();
  if (encrypted.length > CONTENT_BYTES_MAX) throw new NmpError('CMS_SIZE');
  if (encrypted.length === 0 || encrypted.length % BLOCK_BYTES !== 0) throw malformed();
  return { iv, encrypted };
}

/** One code for every failure past the structure: what failed would be an oracle for a forger. */
function decrypt(
  key: KeyObject,
  wrapped: Uint8Array,
  { iv, encrypted }: { iv: Uint8Array; encrypted: Uint8Array },
): Uint8Array {
  let contentKey: Buffer | undefined;
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    contentKey = privateDecrypt({ key, padding, oaepHash: 'sha256' }, wrapped);
    if (contentKey.length !== KEY_BYTES) throw new NmpError('CMS_DECRYPT');
    // PKCS #7 padding (RFC 5652, section 6.3) is checked whole by `final`.
    const decipher = createDecipheriv('aes-256-cbc', contentKey, iv);
    const first = decipher.update(encrypted);
    const rest = decipher.final();
    const plain = Uint8Array.from(Buffer.concat([first, rest]));
    first.fill(0);
    rest.fill(0);
    return plain;
  } catch {
    throw new NmpError('CMS_DECRYPT');
  } finally {
    contentKey?.fill(0);
  }
}

/**
 * @param envelope BER, at most 4096 bytes, from outside
 * @param key RSA-2048 private key whose public half was in the attestation document
 * @throws NmpError CMS_SIZE, CMS_MALFORMED, CMS_RECIPIENT, CMS_ALGORITHM, CMS_DECRYPT
 */
export function openEnvelope(envelope: Uint8Array, key: KeyObject): Uint8Array {
  if (envelope.length > ENVELOPE_BYTES_MAX) throw new NmpError('CMS_SIZE');
  const [type, wrapper] = parts(readBer(envelope), TAG.sequence, 2);
  if (hex(primitive(type, TAG.oid)) !== OID.envelopedData) throw malformed();
  const [enveloped] = parts(wrapper, TAG.explicit0, 1);
  // Originator's certificates and unprotected attributes are no part of such an envelope.
  const [envelopeVersion, recipients, encryptedContent] = parts(enveloped, TAG.sequence, 3);
  version(envelopeVersion, 2);
  const wrapped = recipient(recipients);
  return decrypt(key, wrapped, content(encryptedContent));
}
