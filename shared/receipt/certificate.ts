/**
 * The execution certificate: COSE_Sign1 (RFC 9052) with EdDSA under the certificate key that the
 * attested node statement names. It says which module ran on which committed input and data, under
 * which rules, and what came out.
 */
import { utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { NmpError } from '../errors.ts';
import { CborFields, type CborValue, decodeCbor, encodeCbor, uint } from '../wire/cbor.ts';
import { encodeCoseSign1, openCoseSign1, signatureInput } from '../wire/cose-sign1.ts';

/** Longest certificate, bytes. */
export const CERTIFICATE_BYTES_MAX = 16_384;

export interface ExecutionCertificate {
  readonly version: 1;
  readonly profile: string;
  /** `name@version` of the capability under whose rules the module ran. */
  readonly capability: string;
  readonly capabilityDigest: Uint8Array;
  /** SHA-256 of the module. */
  readonly moduleHash: Uint8Array;
  /** Salted SHA-256 of the guest input (arguments and tables). */
  readonly inputCommitment: Uint8Array;
  /** Salted SHA-256 of the released output. */
  readonly outputCommitment: Uint8Array;
  readonly datasets: readonly { readonly id: string; readonly commitment: Uint8Array }[];
  readonly guardianVerdict: Uint8Array;
  readonly egressVerdict: Uint8Array;
  /** SHA-384 transcript hash of the handshake: ties the certificate to the session. */
  readonly session: Uint8Array;
  /** 32 bytes chosen by the client for this call. */
  readonly requestNonce: Uint8Array;
  readonly fuelUsed: bigint;
  /** Node clock, milliseconds since the epoch. */
  readonly issuedAtMs: bigint;
  readonly simulated: boolean;
  /** SHA-256 of the engine that ran a text; absent where `moduleHash` is what ran. */
  readonly engineHash?: Uint8Array | undefined;
}

function encodePayload(c: ExecutionCertificate): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ['version', c.version],
      ['profile', c.profile],
      ['capability', c.capability],
      ['capabilityDigest', c.capabilityDigest],
      ['moduleHash', c.moduleHash],
      ['inputCommitment', c.inputCommitment],
      ['outputCommitment', c.outputCommitment],
      [
        'datasets',
        c.datasets.map(
          (d) =>
            new Map<string, CborValue>([
              ['id', d.id],
              ['commitment', d.commitment],
            ]),
        ),
      ],
      ['guardianVerdict', c.guardianVerdict],
      ['egressVerdict', c.egressVerdict],
      ['session', c.session],
      ['requestNonce', c.requestNonce],
      ['fuelUsed', uint(c.fuelUsed)],
      ['issuedAtMs', uint(c.issuedAtMs)],
      ['simulated', c.simulated],
      ...(c.engineHash === undefined ? [] : ([['engineHash', c.engineHash]] as const)),
    ]),
  );
}

function decodePayload(bytes: Uint8Array): ExecutionCertificate {
  const map = decodeCbor(bytes, CERTIFICATE_BYTES_MAX);
  const engine = map instanceof Map && map.size === 16;
  const fields = new CborFields(map, engine ? 16 : 15);
  if (fields.uint('version') !== 1n) throw new NmpError('CERTIFICATE_MALFORMED');
  return {
    version: 1,
    profile: fields.text('profile', 64),
    capability: fields.text('capability', 192),
    capabilityDigest: fields.bytes('capabilityDigest', 32),
    moduleHash: fields.bytes('moduleHash', 32),
    inputCommitment: fields.bytes('inputCommitment', 32),
    outputCommitment: fields.bytes('outputCommitment', 32),
    datasets: fields.array('datasets', 64).map((value) => {
      const dataset = new CborFields(value, 2);
      return { id: dataset.text('id', 128), commitment: dataset.bytes('commitment', 32) };
    }),
    guardianVerdict: fields.bytes('guardianVerdict', 32),
    egressVerdict: fields.bytes('egressVerdict', 32),
    session: fields.bytes('session', 48),
    requestNonce: fields.bytes('requestNonce', 32),
    fuelUsed: fields.uint('fuelUsed'),
    issuedAtMs: fields.uint('issuedAtMs'),
    simulated: fields.boolean('simulated'),
    ...(engine ? { engineHash: fields.bytes('engineHash', 32) } : {}),
  };
}

const CONTEXT = utf8('nmp-certificate/v1');

/** @param sign Ed25519 over the given bytes, 64 bytes */
export function signCertificate(
  certificate: ExecutionCertificate,
  sign: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  const payload = encodePayload(certificate);
  return encodeCoseSign1(payload, sign(signatureInput(CONTEXT, payload)));
}

/**
 * Checks form and signature; the caller compares the fields with its request.
 * @param publicKey certificate key of the attested statement, 32 bytes
 * @throws NmpError CERTIFICATE_MALFORMED, CERTIFICATE_SIGNATURE
 */
export function openCertificate(
  suite: CryptoSuite,
  bytes: Uint8Array,
  publicKey: Uint8Array,
): ExecutionCertificate {
  const opened = openCoseSign1(suite, bytes, CONTEXT, publicKey, CERTIFICATE_BYTES_MAX);
  if (!opened.ok) {
    throw new NmpError(
      opened.failed === 'signature' ? 'CERTIFICATE_SIGNATURE' : 'CERTIFICATE_MALFORMED',
    );
  }
  try {
    return decodePayload(opened.payload);
  } catch (cause) {
    throw new NmpError('CERTIFICATE_MALFORMED', undefined, { cause });
  }
}
