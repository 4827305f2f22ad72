/**
 * The attestation document of a Nitro Secure Module: a COSE_Sign1 (RFC 9052) over a map of nine
 * fields. What genuine documents look like is in docs/protocol.md, Attestation document; anything
 * else is refused.
 */
import { NmpError } from '../errors.ts';
import { CborReader } from './cbor-reader.ts';

export interface AttestationDocument {
  /** Of the module instance, e.g. `i-0123…-enc0123…`. */
  readonly moduleId: string;
  readonly digest: 'SHA384';
  /** Milliseconds since 1970 by the hypervisor's clock. */
  readonly timestampMs: number;
  /** 48 bytes each. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** DER of the certificate that signs the document. */
  readonly certificate: Uint8Array;
  /** DER of root, regional, zonal and instance certificate. */
  readonly cabundle: readonly Uint8Array[];
  readonly publicKey: Uint8Array | undefined;
  readonly userData: Uint8Array | undefined;
  readonly nonce: Uint8Array | undefined;
}

/** A decoded document with what its signature covers. */
export interface SignedDocument {
  readonly document: AttestationDocument;
  /** Protected header as received. */
  readonly protectedHeader: Uint8Array;
  /** Payload as received; its hash, not the document's, identifies the evidence. */
  readonly payload: Uint8Array;
  /** r ‖ s, 96 bytes. */
  readonly signature: Uint8Array;
}

/** Genuine documents have 4.4–5.5 KB. */
export const DOCUMENT_BYTES_MAX = 16_384;
const OPTIONAL_BYTES_MAX = 1024;
const CERTIFICATE_BYTES_MAX = 1024;
const BUNDLE_MAX = 8;
const PCR_COUNT = 32;
const PCR_BYTES = 48;
const MODULE_ID_MAX = 128;
const SIGNATURE_BYTES = 96;
const TAG_COSE_SIGN1 = 18n;
const HEADER_ALG = 1n;
const ALG_ES384 = -35n;
/** 9999-12-31; beyond it a Date is none. */
const TIMESTAMP_MS_MAX = 253_402_300_799_999n;

function checkProtectedHeader(bytes: Uint8Array): void {
  const reader = new CborReader(bytes);
  if (bytes.length === 0 || reader.kind() !== 'map') throw new NmpError('ATTESTATION_HEADER');
  if (reader.map() !== 1) throw new NmpError('ATTESTATION_HEADER');
  if (reader.kind() !== 'uint' || reader.uint() !== HEADER_ALG) {
    throw new NmpError('ATTESTATION_HEADER');
  }
  if (reader.kind() !== 'negative' || reader.negative() !== ALG_ES384) {
    throw new NmpError('ATTESTATION_ALGORITHM');
  }
  reader.end();
}

function readPcrs(reader: CborReader): ReadonlyMap<number, Uint8Array> {
  const count = reader.map();
  if (count < 1 || count > PCR_COUNT) throw new NmpError('ATTESTATION_PCR_COUNT');
  const pcrs = new Map<number, Uint8Array>();
  for (let left = count; left > 0; left--) {
    if (reader.kind() !== 'uint') throw new NmpError('ATTESTATION_PCR_INDEX');
    const index = reader.uint();
    if (index >= BigInt(PCR_COUNT)) throw new NmpError('ATTESTATION_PCR_INDEX');
    if (pcrs.has(Number(index))) throw new NmpError('ATTESTATION_DUPLICATE_KEY');
    const value = reader.bytes();
    if (value.length !== PCR_BYTES) throw new NmpError('ATTESTATION_PCR_LENGTH');
    pcrs.set(Number(index), value);
  }
  return pcrs;
}

function readCertificate(reader: CborReader): Uint8Array {
  const certificate = reader.bytes();
  if (certificate.length < 1 || certificate.length > CERTIFICATE_BYTES_MAX) {
    throw new NmpError('ATTESTATION_CERTIFICATE_SIZE');
  }
  return certificate;
}

function readBundle(reader: CborReader): readonly Uint8Array[] {
  const count = reader.array();
  if (count < 1 || count > BUNDLE_MAX) throw new NmpError('ATTESTATION_BUNDLE');
  return Array.from({ length: count }, () => readCertificate(reader));
}

/** Empty and null mean the same: the caller of the NSM gave nothing. */
function readOptional(reader: CborReader): Uint8Array | undefined {
  const value = reader.bytesOrNull();
  if (value === undefined || value.length === 0) return undefined;
  if (value.length > OPTIONAL_BYTES_MAX) throw new NmpError('ATTESTATION_FIELD_SIZE');
  return value;
}

function readTimestamp(reader: CborReader): number {
  if (reader.kind() !== 'uint') throw new NmpError('ATTESTATION_TIMESTAMP');
  const value = reader.uint();
  if (value === 0n || value > TIMESTAMP_MS_MAX) throw new NmpError('ATTESTATION_TIMESTAMP');
  return Number(value);
}

function readModuleId(reader: CborReader): string {
  const moduleId = reader.text();
  // Printable ASCII: the name is shown on terminals.
  if (moduleId.length > MODULE_ID_MAX || !/^[\x20-\x7e]+$/.test(moduleId)) {
    throw new NmpError('ATTESTATION_MODULE_ID');
  }
  return moduleId;
}

function readDigest(reader: CborReader): 'SHA384' {
  if (reader.text() !== 'SHA384') throw new NmpError('ATTESTATION_DIGEST');
  return 'SHA384';
}

const FIELDS = {
  module_id: readModuleId,
  digest: readDigest,
  timestamp: readTimestamp,
  pcrs: readPcrs,
  certificate: readCertificate,
  cabundle: readBundle,
  public_key: readOptional,
  user_data: readOptional,
  nonce: readOptional,
} as const;

type Fields = { -readonly [K in keyof typeof FIELDS]?: ReturnType<(typeof FIELDS)[K]> };

function isFieldName(name: string): name is keyof typeof FIELDS {
  return Object.hasOwn(FIELDS, name);
}

function readField<K extends keyof typeof FIELDS>(name: K, reader: CborReader, into: Fields): void {
  const read: (reader: CborReader) => unknown = FIELDS[name];
  Object.assign(into, { [name]: read(reader) });
}

function decodePayload(payload: Uint8Array): AttestationDocument {
  const reader = new CborReader(payload);
  const fields: Fields = {};
  const seen = new Set<string>();
  // The NSM has written this one map with indefinite length since 2025-09.
  reader.eitherMap(() => {
    const name = reader.text();
    if (!isFieldName(name)) throw new NmpError('ATTESTATION_UNKNOWN_FIELD');
    if (seen.has(name)) throw new NmpError('ATTESTATION_DUPLICATE_KEY');
    seen.add(name);
    readField(name, reader, fields);
  });
  reader.end();
  const { module_id, digest, timestamp, pcrs, certificate, cabundle } = fields;
  if (
    module_id === undefined ||
    digest === undefined ||
    timestamp === undefined ||
    pcrs === undefined ||
    certificate === undefined ||
    cabundle === undefined
  ) {
    throw new NmpError('ATTESTATION_MISSING_FIELD');
  }
  return {
    moduleId: module_id,
    digest,
    timestampMs: timestamp,
    pcrs,
    certificate,
    cabundle,
    publicKey: fields.public_key,
    userData: fields.user_data,
    nonce: fields.nonce,
  };
}

/**
 * Decodes without judging signature, chain or policy.
 * @param bytes the document, at most 16 KiB; not copied, must not change afterwards
 * @throws NmpError ATTESTATION_* naming the rule that the encoding breaks
 */
export function decodeAttestationDocument(bytes: Uint8Array): SignedDocument {
  if (bytes.length > DOCUMENT_BYTES_MAX) throw new NmpError('ATTESTATION_TOO_LARGE');
  const reader = new CborReader(bytes);
  if (reader.kind() === 'tag' && reader.tag() !== TAG_COSE_SIGN1) {
    throw new NmpError('ATTESTATION_TAG');
  }
  if (reader.kind() === 'tag') throw new NmpError('ATTESTATION_TAG');
  if (reader.kind() !== 'array' || reader.array() !== 4)
    throw new NmpError('ATTESTATION_STRUCTURE');
  if (reader.kind() !== 'bytes') throw new NmpError('ATTESTATION_STRUCTURE');
  const protectedHeader = reader.bytes();
  checkProtectedHeader(protectedHeader);
  if (reader.kind() !== 'map' || reader.map() !== 0) throw new NmpError('ATTESTATION_HEADER');
  if (reader.kind() === 'null') throw new NmpError('ATTESTATION_DETACHED');
  if (reader.kind() !== 'bytes') throw new NmpError('ATTESTATION_STRUCTURE');
  const payload = reader.bytes();
  if (payload.length === 0) throw new NmpError('ATTESTATION_DETACHED');
  if (reader.kind() !== 'bytes') throw new NmpError('ATTESTATION_STRUCTURE');
  const signature = reader.bytes();
  if (signature.length !== SIGNATURE_BYTES) throw new NmpError('ATTESTATION_SIGNATURE_SIZE');
  reader.end();
  return { document: decodePayload(payload), protectedHeader, payload, signature };
}
