/** X.509 certificates of the Nitro chain (RFC 5280): strict, P-384 and ECDSA-SHA384 only. */
import { equalBytes, fromHex } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { DerReader, TAG } from './der.ts';

export interface Certificate {
  readonly der: Uint8Array;
  /** TBSCertificate as received: what the issuer signed. */
  readonly signed: Uint8Array;
  /** r ‖ s, 96 bytes. */
  readonly signature: Uint8Array;
  /** Names as DER, compared byte for byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo, DER: an uncompressed point of P-384. */
  readonly publicKey: Uint8Array;
  readonly ca: boolean;
  readonly pathLength: number | undefined;
  /** Bits of KeyUsage in the order of RFC 5280, section 4.2.1.3; undefined if absent. */
  readonly keyUsage: ReadonlySet<number> | undefined;
}

export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5 } as const;

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);
/** AlgorithmIdentifier of ecdsa-with-SHA384, RFC 5758: 1.2.840.10045.4.3.3, no parameters. */
const ECDSA_SHA384 = hex('300a06082a8648ce3d040303');
/** SubjectPublicKeyInfo up to the point: id-ecPublicKey, secp384r1, BIT STRING, uncompressed. */
const SPKI_P384 = hex('3076301006072a8648ce3d020106052b8104002203620004');
const SPKI_BYTES = SPKI_P384.length + 96;
const OID_BASIC_CONSTRAINTS = '2.5.29.19';
const OID_KEY_USAGE = '2.5.29.15';
/** Order of P-384, FIPS 186-5 / SP 800-186. */
const ORDER = hex(
  'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
);
const SCALAR_BYTES = 48;
const SERIAL_BYTES_MAX = 20;

const malformed = () => new NmpError('ATTESTATION_CERTIFICATE_MALFORMED');

/** @throws NmpError ATTESTATION_SIGNATURE_RANGE unless 0 < value < n for both halves of r ‖ s */
export function checkSignatureRange(signature: Uint8Array): void {
  for (const half of [signature.subarray(0, SCALAR_BYTES), signature.subarray(SCALAR_BYTES)]) {
    const at = half.findIndex((byte, i) => byte !== ORDER[i]);
    const below = at >= 0 && (half[at] ?? 0) < (ORDER[at] ?? 0);
    if (!below || half.every((byte) => byte === 0)) {
      throw new NmpError('ATTESTATION_SIGNATURE_RANGE');
    }
  }
}

/** ECDSA-Sig-Value (RFC 3279, section 2.2.3) as r ‖ s of 48 bytes each. */
function rawSignature(der: Uint8Array): Uint8Array {
  const reader = new DerReader(der);
  const pair = reader.sequence();
  reader.end();
  const out = new Uint8Array(2 * SCALAR_BYTES);
  for (const end of [SCALAR_BYTES, 2 * SCALAR_BYTES]) {
    const value = pair.positiveInteger();
    if (value.length > SCALAR_BYTES) throw new NmpError('ATTESTATION_SIGNATURE_RANGE');
    out.set(value, end - value.length);
  }
  pair.end();
  checkSignatureRange(out);
  return out;
}

function oidText(content: Uint8Array): string {
  if (content.length === 0) throw malformed();
  const parts: number[] = [];
  let value = 0;
  for (const [i, byte] of content.entries()) {
    if (value === 0 && byte === 0x80) throw malformed();
    value = value * 128 + (byte & 0x7f);
    if (value > 0xffff_ffff) throw malformed();
    if (byte < 0x80) {
      if (parts.length === 0)
        parts.push(
          Math.min(2, Math.floor(value / 40)),
          value - 40 * Math.min(2, Math.floor(value / 40)),
        );
      else parts.push(value);
      value = 0;
    } else if (i === content.length - 1) throw malformed();
  }
  return parts.join('.');
}

interface Extensions {
  ca: boolean;
  pathLength: number | undefined;
  keyUsage: ReadonlySet<number> | undefined;
}

function readBasicConstraints(value: Uint8Array, into: Extensions): void {
  const outer = new DerReader(value);
  const reader = outer.sequence();
  outer.end();
  if (reader.peek() === TAG.boolean) {
    // DER leaves out the default, FALSE; no genuine certificate writes it.
    if (!reader.boolean()) throw malformed();
    into.ca = true;
  }
  if (reader.peek() === TAG.integer) {
    const bytes = reader.positiveInteger();
    if (bytes.length > 1) throw malformed();
    into.pathLength = bytes[0] ?? 0;
  }
  reader.end();
}

function readKeyUsage(value: Uint8Array): ReadonlySet<number> {
  const reader = new DerReader(value);
  const { bits } = reader.bitString();
  reader.end();
  const usage = new Set<number>();
  for (let bit = 0; bit < bits.length * 8; bit++) {
    if (((bits[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) usage.add(bit);
  }
  return usage;
}

function readExtensions(reader: DerReader): Extensions {
  const found: Extensions = { ca: false, pathLength: undefined, keyUsage: undefined };
  const seen = new Set<string>();
  const outer = new DerReader(reader.next(TAG.extensions).content);
  const list = outer.sequence();
  outer.end();
  if (list.done) throw malformed();
  while (!list.done) {
    const extension = list.sequence();
    const oid = oidText(extension.next(TAG.oid).content);
    const critical = extension.peek() === TAG.boolean;
    if (critical && !extension.boolean()) throw malformed();
    const value = extension.next(TAG.octetString).content;
    extension.end();
    if (seen.has(oid)) throw new NmpError('ATTESTATION_CERTIFICATE_CRITICAL');
    seen.add(oid);
    if (oid === OID_BASIC_CONSTRAINTS) readBasicConstraints(value, found);
    else if (oid === OID_KEY_USAGE) found.keyUsage = readKeyUsage(value);
    else if (critical) throw new NmpError('ATTESTATION_CERTIFICATE_CRITICAL');
  }
  return found;
}

function readPublicKey(reader: DerReader): Uint8Array {
  const { whole } = reader.next(TAG.sequence);
  if (whole.length !== SPKI_BYTES || !equalBytes(whole.subarray(0, SPKI_P384.length), SPKI_P384)) {
    throw new NmpError('ATTESTATION_CERTIFICATE_KEY');
  }
  return whole;
}

function checkAlgorithm(reader: DerReader): void {
  if (!equalBytes(reader.next(TAG.sequence).whole, ECDSA_SHA384)) {
    throw new NmpError('ATTESTATION_CERTIFICATE_ALGORITHM');
  }
}

/** A positive number of at most 20 bytes, RFC 5280, section 4.1.2.2. */
function readSerial(reader: DerReader): void {
  const serial = reader.positiveInteger();
  if (serial.length > SERIAL_BYTES_MAX || serial.every((byte) => byte === 0)) throw malformed();
}

/** A Name that is not empty, RFC 5280, section 4.1.2.4, as received. */
function readName(reader: DerReader): Uint8Array {
  const { whole, content } = reader.next(TAG.sequence);
  const names = new DerReader(content);
  do {
    const set = new DerReader(names.next(TAG.set).content);
    do {
      const attribute = set.sequence();
      oidText(attribute.next(TAG.oid).content);
      attribute.any();
      attribute.end();
    } while (!set.done);
  } while (!names.done);
  return whole;
}

/**
 * @param der 1–1024 bytes
 * @throws NmpError ATTESTATION_CERTIFICATE_*, ATTESTATION_SIGNATURE_RANGE
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const outer = new DerReader(der);
  const certificate = outer.sequence();
  outer.end();
  const tbsElement = certificate.next(TAG.sequence);
  checkAlgorithm(certificate);
  const signatureBits = certificate.bitString();
  certificate.end();
  if (signatureBits.unused !== 0) throw malformed();

  const tbs = new DerReader(tbsElement.content);
  const version = new DerReader(tbs.next(TAG.version).content);
  const number = version.positiveInteger();
  version.end();
  // v3 is 2.
  if (number.length !== 1 || number[0] !== 2) throw malformed();
  readSerial(tbs);
  checkAlgorithm(tbs);
  const issuer = readName(tbs);
  const validity = tbs.sequence();
  const notBeforeMs = validity.time();
  const notAfterMs = validity.time();
  validity.end();
  const subject = readName(tbs);
  const publicKey = readPublicKey(tbs);
  const extensions = readExtensions(tbs);
  tbs.end();
  return {
    der,
    signed: tbsElement.whole,
    signature: rawSignature(signatureBits.bits),
    issuer,
    subject,
    notBeforeMs,
    notAfterMs,
    publicKey,
    ...extensions,
  };
}
