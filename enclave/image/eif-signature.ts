/**
 * The signature section of an EIF: CBOR [{"signing_certificate", "signature"}], each an array of
 * integers (as serde writes byte vectors), the certificate in PEM, the signature a COSE_Sign1 with
 * ES384 over {"register_index": 0, "register_value": PCR0}.
 *
 * Sources: crates aws-nitro-enclaves-image-format 0.8.1 (utils/eif_signer) and
 * aws-nitro-enclaves-cose; RFC 9052, section 4.4; RFC 9053, section 2.1.
 */
import { createPrivateKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { equalBytes, fromHex, toHex, utf8 } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../shared/wire/cbor.ts';
import { SIGNATURE_BYTES_MAX } from './eif-format.ts';

/** Holds a P-384 key somewhere: in a file here, in a token or a service elsewhere. */
export interface EifSigner {
  readonly certificatePem: string;
  /** Signs the SHA-384 of `message`; returns r ‖ s, 96 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export interface EifSignature {
  readonly certificate: X509Certificate;
  /** What was signed, hex. */
  readonly pcr0: string;
}

const RAW_SIGNATURE_BYTES = 96;
const PCR_BYTES = 48;
/** {1: -35}: ES384. */
const PROTECTED = encodeCbor(new Map([[1, -35]]));

function payloadOf(pcr0: Uint8Array): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ['register_index', 0],
      ['register_value', [...pcr0]],
    ]),
  );
}

function toBeSigned(payload: Uint8Array): Uint8Array {
  return encodeCbor(['Signature1', PROTECTED, new Uint8Array(0), payload]);
}

function verifies(key: KeyObject, payload: Uint8Array, signature: Uint8Array): boolean {
  const options = { key, dsaEncoding: 'ieee-p1363' } as const;
  return verify('sha384', toBeSigned(payload), options, signature);
}

/** @throws NmpError EIF_CERTIFICATE unless P-384 and valid at `nowMs` */
function checkCertificate(certificate: X509Certificate, nowMs: number): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'secp384r1') {
    throw new NmpError('EIF_CERTIFICATE', 'The signing certificate is not of a P-384 key.');
  }
  if (nowMs < certificate.validFromDate.getTime() || nowMs > certificate.validToDate.getTime()) {
    throw new NmpError(
      'EIF_CERTIFICATE',
      `The signing certificate is valid from ${certificate.validFrom} to ${certificate.validTo}, not now.`,
    );
  }
}

/** A certificate whose key and dates can be read, which X509Certificate leaves for later. */
function parseCertificate(pem: string | Uint8Array): X509Certificate {
  try {
    const certificate = new X509Certificate(pem);
    const { publicKey, validFromDate, validToDate } = certificate;
    const dated = Number.isFinite(validFromDate.getTime() + validToDate.getTime());
    if (publicKey.type === 'public' && dated) return certificate;
  } catch (cause) {
    throw new NmpError('EIF_CERTIFICATE', undefined, { cause });
  }
  throw new NmpError('EIF_CERTIFICATE');
}

/** A signer with the key in PEM. @throws NmpError EIF_SIGNER */
export function createKeySigner(init: {
  readonly keyPem: string;
  readonly certificatePem: string;
}): EifSigner {
  let key: KeyObject;
  try {
    key = createPrivateKey(init.keyPem);
  } catch {
    // The parser's own message could quote the key.
    throw new NmpError('EIF_SIGNER');
  }
  return {
    certificatePem: init.certificatePem,
    sign: async (message) =>
      Uint8Array.from(sign('sha384', message, { key, dsaEncoding: 'ieee-p1363' })),
  };
}

/**
 * The signature section for an image and the DER of its certificate, which is PCR8.
 *
 * @param pcr0 hex
 * @throws NmpError EIF_CERTIFICATE, EIF_SIGNER
 */
export async function signEif(
  { clock, signer }: { readonly clock: Clock; readonly signer: EifSigner },
  pcr0: string,
): Promise<{ section: Uint8Array; certificate: Uint8Array }> {
  const certificate = parseCertificate(signer.certificatePem);
  checkCertificate(certificate, clock.nowMs());
  const value = fromHex(pcr0);
  if (value?.length !== PCR_BYTES) throw new NmpError('EIF_SIGNATURE_PCR');
  const payload = payloadOf(value);
  let signature: Uint8Array;
  try {
    signature = await signer.sign(toBeSigned(payload));
  } catch (cause) {
    throw new NmpError('EIF_SIGNER', undefined, { cause });
  }
  if (
    signature.length !== RAW_SIGNATURE_BYTES ||
    !verifies(certificate.publicKey, payload, signature)
  ) {
    throw new NmpError('EIF_SIGNER');
  }
  const cose = encodeCbor([PROTECTED, new Map(), payload, signature]);
  const section = encodeCbor([
    new Map<string, CborValue>([
      ['signing_certificate', [...utf8(signer.certificatePem)]],
      ['signature', [...cose]],
    ]),
  ]);
  if (section.length > SIGNATURE_BYTES_MAX) throw new NmpError('EIF_CERTIFICATE');
  return { section, certificate: Uint8Array.from(certificate.raw) };
}

/** Bytes that serde wrote as an array of integers. */
function octets(value: unknown): Uint8Array {
  if (!Array.isArray(value)) throw new NmpError('EIF_SIGNATURE');
  const list: unknown[] = value;
  return Uint8Array.from(list, (item) => {
    if (typeof item !== 'number' || !Number.isInteger(item) || item < 0 || item > 255) {
      throw new NmpError('EIF_SIGNATURE');
    }
    return item;
  });
}

function decode(bytes: Uint8Array): unknown {
  try {
    return decodeCbor(bytes, SIGNATURE_BYTES_MAX);
  } catch (cause) {
    throw new NmpError('EIF_SIGNATURE', undefined, { cause });
  }
}

function entries(value: unknown, first: string, second: string): readonly [unknown, unknown] {
  if (!(value instanceof Map) || [...value.keys()].join() !== `${first},${second}`) {
    throw new NmpError('EIF_SIGNATURE');
  }
  return [value.get(first), value.get(second)];
}

/**
 * Decodes the section and checks its signature under its own certificate, whose period and issuer
 * it leaves to `verifyEifSignature` and to the reader of PCR8.
 *
 * @throws NmpError EIF_SIGNATURE, EIF_CERTIFICATE
 */
export function openEifSignature(section: Uint8Array): EifSignature {
  const list = decode(section);
  if (!Array.isArray(list) || list.length !== 1) throw new NmpError('EIF_SIGNATURE');
  const items: unknown[] = list;
  const [pem, cose] = entries(items[0], 'signing_certificate', 'signature');
  const certificate = parseCertificate(octets(pem));
  const parts = decode(octets(cose));
  if (!Array.isArray(parts) || parts.length !== 4) throw new NmpError('EIF_SIGNATURE');
  const [header, unprotected, payload, signature]: unknown[] = parts;
  if (
    !(header instanceof Uint8Array) ||
    !equalBytes(header, PROTECTED) ||
    !(unprotected instanceof Map) ||
    unprotected.size !== 0 ||
    !(payload instanceof Uint8Array) ||
    !(signature instanceof Uint8Array) ||
    signature.length !== RAW_SIGNATURE_BYTES
  ) {
    throw new NmpError('EIF_SIGNATURE');
  }
  const [index, value] = entries(decode(payload), 'register_index', 'register_value');
  const pcr0 = octets(value);
  if (index !== 0 || pcr0.length !== PCR_BYTES) throw new NmpError('EIF_SIGNATURE');
  const key = certificate.publicKey;
  if (key.asymmetricKeyDetails?.namedCurve !== 'secp384r1') throw new NmpError('EIF_CERTIFICATE');
  if (!verifies(key, Uint8Array.from(payload), signature)) throw new NmpError('EIF_SIGNATURE');
  return { certificate, pcr0: toHex(pcr0) };
}

/**
 * What nitro-cli checks before it starts a signed image.
 *
 * @param pcr0 of the image as it is, hex
 * @throws NmpError EIF_SIGNATURE, EIF_CERTIFICATE, EIF_SIGNATURE_PCR
 */
export function verifyEifSignature(
  { clock }: { readonly clock: Clock },
  section: Uint8Array,
  pcr0: string,
): EifSignature {
  const signature = openEifSignature(section);
  checkCertificate(signature.certificate, clock.nowMs());
  if (signature.pcr0 !== pcr0) throw new NmpError('EIF_SIGNATURE_PCR');
  return signature;
}
