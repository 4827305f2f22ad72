/** Documents that are well-formed, but whose signature, chain or claims must not be trusted. */
import { generateKeyPairSync } from 'node:crypto';
import { concat, utf8 } from '../../../../shared/bytes.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import {
  type CertificateDraft,
  type Draft,
  encodeCertificate,
  NONCE,
  NOW,
  newDraft,
  otherPair,
  spkiOf,
} from './draft.ts';
import {
  caConstraints,
  der,
  endConstraints,
  extension,
  hex,
  keyUsage,
  name,
  OID,
  sequence,
  time,
  USAGE,
} from './encode.ts';
import type { Vector } from './structure.ts';

const vector = (label: string, code: ErrorCode, change: (draft: Draft) => void): Vector => ({
  name: label,
  code,
  change,
});
const NAMES = ['root', 'regional', 'zonal', 'instance', 'leaf'];
const ALL = [0, 1, 2, 3, 4];
const certificate = (
  label: string,
  code: ErrorCode,
  at: number,
  change: (draft: CertificateDraft) => void,
) => vector(`${NAMES[at]}: ${label}`, code, (draft) => change(draft.certificates[at]!));

/** Order of P-384. */
const N = BigInt(
  '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
);
const scalar = (value: bigint) => hex(value.toString(16).padStart(96, '0'));
const half = (bytes: Uint8Array, at: 0 | 1) => bytes.subarray(48 * at, 48 * at + 48);
const signature = (label: string, code: ErrorCode, change: Draft['signature']) =>
  vector(`signature: ${label}`, code, (draft) => {
    draft.signature = change;
  });
const flip = (bytes: Uint8Array, at = 0) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

const SIGNATURE: readonly Vector[] = [
  signature('r zero', 'ATTESTATION_SIGNATURE_RANGE', (s) => concat(scalar(0n), half(s, 1))),
  signature('s zero', 'ATTESTATION_SIGNATURE_RANGE', (s) => concat(half(s, 0), scalar(0n))),
  signature('both zero', 'ATTESTATION_SIGNATURE_RANGE', () => new Uint8Array(96)),
  signature('r the order', 'ATTESTATION_SIGNATURE_RANGE', (s) => concat(scalar(N), half(s, 1))),
  signature('s the order', 'ATTESTATION_SIGNATURE_RANGE', (s) => concat(half(s, 0), scalar(N))),
  signature('s above the order', 'ATTESTATION_SIGNATURE_RANGE', (s) =>
    concat(half(s, 0), new Uint8Array(48).fill(0xff)),
  ),
  signature('95 bytes', 'ATTESTATION_SIGNATURE_SIZE', (s) => s.subarray(1)),
  signature('97 bytes', 'ATTESTATION_SIGNATURE_SIZE', (s) => concat(s, hex('00'))),
  signature('64 bytes', 'ATTESTATION_SIGNATURE_SIZE', (s) => s.subarray(32)),
  signature('empty', 'ATTESTATION_SIGNATURE_SIZE', () => new Uint8Array(0)),
  signature('DER', 'ATTESTATION_SIGNATURE_SIZE', (s) =>
    sequence(der(2, concat(hex('00'), half(s, 0))), der(2, concat(hex('00'), half(s, 1)))),
  ),
  signature('one bit changed', 'ATTESTATION_SIGNATURE', (s) => flip(s, 95)),
  signature('halves swapped', 'ATTESTATION_SIGNATURE', (s) => concat(half(s, 1), half(s, 0))),
  vector('signature: of another key', 'ATTESTATION_SIGNATURE', (draft) => {
    draft.documentKey = otherPair.privateKey;
  }),
  vector('signature: by the instance key', 'ATTESTATION_SIGNATURE', (draft) => {
    draft.documentKey = draft.keys[3]!;
  }),
  vector('signature: over SHA-256', 'ATTESTATION_SIGNATURE', (draft) => {
    draft.documentHash = 'sha256';
  }),
  vector('signature: payload changed afterwards', 'ATTESTATION_SIGNATURE', (draft) => {
    draft.elements = (items) => {
      const changed = Uint8Array.from(items[2]!);
      changed[changed.length - 1]! ^= 1;
      return items.map((item, i) => (i === 2 ? changed : item));
    };
  }),
];

const VALIDITY: readonly Vector[] = ALL.flatMap((at) => [
  certificate('expired', 'ATTESTATION_CERTIFICATE_EXPIRED', at, (c) => {
    c.notAfter = time(NOW - 1000);
  }),
  certificate('not yet valid', 'ATTESTATION_CERTIFICATE_NOT_YET', at, (c) => {
    c.notBefore = time(NOW + 1000);
  }),
  certificate(
    'signed over SHA-256 but named SHA-384',
    'ATTESTATION_CERTIFICATE_SIGNATURE',
    at,
    (c) => {
      c.hash = 'sha256';
    },
  ),
  certificate('byte behind the whole', 'ATTESTATION_CERTIFICATE_MALFORMED', at, (c) => {
    c.whole = (bytes) => concat(bytes, hex('00'));
  }),
]);

/** Each at the level where it hurts: one CA and the leaf. */
const BOTH: readonly Vector[] = [2, 4].flatMap((at) => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const own = (label: string, code: ErrorCode, change: (c: CertificateDraft) => void) =>
    certificate(label, code, at, change);
  const bad = (label: string, change: (c: CertificateDraft) => void) =>
    own(label, 'ATTESTATION_CERTIFICATE_MALFORMED', change);
  const unknown = (critical: boolean) => extension('2a0304', critical, hex('0500'));
  return [
    own('key of P-256', 'ATTESTATION_CERTIFICATE_KEY', (c) => {
      c.spki = spkiOf(p256.publicKey);
    }),
    own('key of P-521', 'ATTESTATION_CERTIFICATE_KEY', (c) => {
      c.spki = spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey);
    }),
    own('key of RSA', 'ATTESTATION_CERTIFICATE_KEY', (c) => {
      c.spki = spkiOf(rsa.publicKey);
      c.extensions = [];
    }),
    own('explicit curve parameters', 'ATTESTATION_CERTIFICATE_KEY', (c) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-384', paramEncoding: 'explicit' });
      c.spki = spkiOf(pair.publicKey);
    }),
    own('point off the curve', 'ATTESTATION_CERTIFICATE_KEY', (c) => {
      c.spki = flip(c.spki, c.spki.length - 1);
    }),
    own('compressed point', 'ATTESTATION_CERTIFICATE_KEY', (c) => {
      const algorithm = c.spki.subarray(2, 20);
      c.spki = sequence(algorithm, der(3, concat(hex('0002'), c.spki.subarray(24, 72))));
    }),
    own('point of zeros', 'ATTESTATION_CERTIFICATE_KEY', (c) => {
      c.spki = concat(c.spki.subarray(0, 24), new Uint8Array(96));
    }),
    own('byte behind the key', 'ATTESTATION_CERTIFICATE_KEY', (c) => {
      c.spki = sequence(c.spki.subarray(2), hex('00'));
    }),
    own('named ECDSA with SHA-256', 'ATTESTATION_CERTIFICATE_ALGORITHM', (c) => {
      c.algorithm = hex('300a06082a8648ce3d040302');
      c.hash = 'sha256';
    }),
    own('other algorithm outside than inside', 'ATTESTATION_CERTIFICATE_ALGORITHM', (c) => {
      c.outerAlgorithm = hex('300a06082a8648ce3d040302');
    }),
    own('algorithm with NULL parameters', 'ATTESTATION_CERTIFICATE_ALGORITHM', (c) => {
      c.algorithm = hex('300c06082a8648ce3d0403030500');
    }),
    own('RSA signature', 'ATTESTATION_CERTIFICATE_ALGORITHM', (c) => {
      c.algorithm = hex('300d06092a864886f70d01010c0500');
      c.signature = () => new Uint8Array(128);
    }),
    own('unknown critical extension', 'ATTESTATION_CERTIFICATE_CRITICAL', (c) => {
      c.extensions.push(unknown(true));
    }),
    own('critical name constraints', 'ATTESTATION_CERTIFICATE_CRITICAL', (c) => {
      c.extensions.push(extension('551d1e', true, sequence()));
    }),
    own('extension twice', 'ATTESTATION_CERTIFICATE_CRITICAL', (c) => {
      c.extensions.push(unknown(false), unknown(false));
    }),
    own('basic constraints twice', 'ATTESTATION_CERTIFICATE_CRITICAL', (c) => {
      c.extensions.push(c.extensions[0]!);
    }),
    own('issuer of another name', 'ATTESTATION_CERTIFICATE_ISSUER', (c) => {
      c.issuer = name('someone');
    }),
    own('issuer name in another string type', 'ATTESTATION_CERTIFICATE_ISSUER', (c) => {
      c.issuer = sequence(
        der(0x31, sequence(der(0x06, hex('550403')), der(0x13, utf8(NAMES[at - 1]!)))),
      );
    }),
    own('signed by another key', 'ATTESTATION_CERTIFICATE_SIGNATURE', (c) => {
      c.signer = otherPair.privateKey;
    }),
    bad('no extensions', (c) => {
      c.extensions = [];
    }),
    bad('empty extensions', (c) => {
      c.extensions = [new Uint8Array(0)];
    }),
    bad('critical FALSE written out', (c) => {
      c.extensions.push(sequence(der(6, hex('2a0304')), hex('010100'), der(4, hex('0500'))));
    }),
    bad('critical of another value than FF', (c) => {
      c.extensions.push(sequence(der(6, hex('2a0304')), hex('010101'), der(4, hex('0500'))));
    }),
    bad('byte in an extension', (c) => {
      c.extensions.push(sequence(der(6, hex('2a0304')), der(4, hex('0500')), hex('0500')));
    }),
    bad('version 1', (c) => {
      c.version = new Uint8Array(0);
    }),
    bad('version 2', (c) => {
      c.version = hex('a003020101');
    }),
    bad('version 4', (c) => {
      c.version = hex('a003020103');
    }),
    bad('negative serial', (c) => {
      c.serial = hex('0202ff01');
    }),
    bad('serial zero', (c) => {
      c.serial = hex('020100');
    }),
    bad('serial with needless zero', (c) => {
      c.serial = hex('02020001');
    }),
    bad('serial of 21 bytes', (c) => {
      c.serial = der(2, new Uint8Array(21).fill(0x11));
    }),
    bad('serial empty', (c) => {
      c.serial = hex('0200');
    }),
    bad('UTCTime without seconds', (c) => {
      c.notAfter = der(0x17, utf8('4912312359Z'));
    }),
    bad('UTCTime with an offset', (c) => {
      c.notAfter = der(0x17, utf8('491231235959+0000'));
    }),
    bad('UTCTime of 30 February', (c) => {
      c.notAfter = der(0x17, utf8('490230000000Z'));
    }),
    bad('UTCTime of month 13', (c) => {
      c.notAfter = der(0x17, utf8('491301000000Z'));
    }),
    bad('UTCTime of hour 24', (c) => {
      c.notAfter = der(0x17, utf8('491231240000Z'));
    }),
    bad('UTCTime with second 60', (c) => {
      c.notAfter = der(0x17, utf8('491231235960Z'));
    }),
    bad('GeneralizedTime before 2050', (c) => {
      c.notAfter = time(NOW + 3_600_000, true);
    }),
    bad('GeneralizedTime with a fraction', (c) => {
      c.notAfter = der(0x18, utf8('20510101000000.5Z'));
    }),
    own('UTCTime of year 50, which is 1950', 'ATTESTATION_CERTIFICATE_EXPIRED', (c) => {
      c.notAfter = der(0x17, utf8('500101000000Z'));
    }),
    bad('time as a string', (c) => {
      c.notAfter = der(0x0c, utf8('491231235959Z'));
    }),
    bad('subject empty', (c) => {
      c.subject = sequence();
    }),
    bad('length not in its shortest form', (c) => {
      c.serial = hex('02810105');
    }),
    bad('indefinite length', (c) => {
      c.serial = hex('028005 0000');
    }),
    bad('field between subject and key', (c) => {
      c.subject = concat(c.subject, hex('810100'));
    }),
    bad('issuer unique id', (c) => {
      c.spki = concat(c.spki, hex('81020000'));
    }),
    bad('byte behind TBSCertificate', (c) => {
      c.tbs = (bytes) => {
        const content = bytes.subarray(bytes[1] === 0x82 ? 4 : 3);
        return sequence(content, hex('0500'));
      };
    }),
    own('signature with r zero', 'ATTESTATION_SIGNATURE_RANGE', (c) => {
      c.signature = () => hex('3006020100020101');
    }),
    bad('signature with negative r', (c) => {
      c.signature = () => hex('30060201ff020101');
    }),
    bad('signature with needless zeros', (c) => {
      c.signature = () => hex('300802020001020101');
    }),
    bad('byte behind the signature', (c) => {
      c.signature = (bytes) => concat(bytes, hex('00'));
    }),
    own('signature with r of 49 bytes', 'ATTESTATION_SIGNATURE_RANGE', (c) => {
      c.signature = () => sequence(der(2, new Uint8Array(49).fill(0x11)), hex('020101'));
    }),
  ];
});

const bundle = (label: string, code: ErrorCode, change: Draft['bundle']) =>
  vector(`bundle: ${label}`, code, (draft) => {
    draft.bundle = change;
  });

const CHAIN: readonly Vector[] = [
  bundle('reversed', 'ATTESTATION_ROOT', ([a, b, c, d, e]) => [d!, c!, b!, a!, e!]),
  bundle('root missing', 'ATTESTATION_ROOT', (all) => all.slice(1)),
  bundle('root last', 'ATTESTATION_ROOT', ([a, b, c, d, e]) => [b!, c!, d!, a!, e!]),
  bundle('shuffled', 'ATTESTATION_CERTIFICATE_PATH_LENGTH', ([a, b, c, d, e]) => [
    a!,
    c!,
    b!,
    d!,
    e!,
  ]),
  bundle('root twice', 'ATTESTATION_CERTIFICATE_ISSUER', ([a, ...rest]) => [a!, a!, ...rest]),
  bundle('regional twice', 'ATTESTATION_CERTIFICATE_PATH_LENGTH', ([a, b, ...rest]) => [
    a!,
    b!,
    b!,
    ...rest,
  ]),
  bundle('instance twice', 'ATTESTATION_CERTIFICATE_PATH_LENGTH', ([a, b, c, d, e]) => [
    a!,
    b!,
    c!,
    d!,
    d!,
    e!,
  ]),
  bundle('zonal missing', 'ATTESTATION_CERTIFICATE_ISSUER', ([a, b, , d, e]) => [a!, b!, d!, e!]),
  bundle('leaf also in the bundle', 'ATTESTATION_CERTIFICATE_PATH_LENGTH', ([a, b, c, d, e]) => [
    a!,
    b!,
    c!,
    d!,
    e!,
    e!,
  ]),
  bundle('instance as leaf', 'ATTESTATION_LEAF_CA', ([a, b, c, d]) => [a!, b!, c!, d!]),
  bundle('root as leaf', 'ATTESTATION_LEAF_CA', ([a]) => [a!, a!]),
  bundle(
    'unrelated certificate behind the instance',
    'ATTESTATION_CERTIFICATE_PATH_LENGTH',
    (all) => {
      const stranger = newDraft().certificates[3]!;
      stranger.subject = name('stranger');
      stranger.signer = otherPair.privateKey;
      return [...all.slice(0, 4), encodeCertificate(stranger), all[4]!];
    },
  ),
  bundle('unrelated certificate behind the root', 'ATTESTATION_CERTIFICATE_ISSUER', (all) => {
    const stranger = newDraft().certificates[1]!;
    stranger.subject = name('stranger');
    stranger.extensions = [caConstraints(), keyUsage(USAGE.ca)];
    return [all[0]!, encodeCertificate(stranger), ...all.slice(1)];
  }),
  bundle('not a certificate', 'ATTESTATION_CERTIFICATE_MALFORMED', ([a, , c, d, e]) => [
    a!,
    NONCE,
    c!,
    d!,
    e!,
  ]),
  vector('root: another of the same name and key', 'ATTESTATION_ROOT', (draft) => {
    draft.bundle = (all) => {
      const twin = newDraft().certificates[0]!;
      twin.serial = hex('020142');
      return [encodeCertificate(twin), ...all.slice(1)];
    };
  }),
  vector(
    'root: pinned, but the chain below is another',
    'ATTESTATION_CERTIFICATE_SIGNATURE',
    (draft) => {
      draft.certificates[1]!.signer = otherPair.privateKey;
    },
  ),
  vector('root: no anchor at all', 'ATTESTATION_ROOT', (draft) => {
    draft.anchors = () => [];
  }),
  ...[0, 1, 2, 3].flatMap((at) => [
    certificate('CA false', 'ATTESTATION_CERTIFICATE_NOT_CA', at, (c) => {
      c.extensions[0] = endConstraints;
    }),
    certificate('no basic constraints', 'ATTESTATION_CERTIFICATE_NOT_CA', at, (c) => {
      c.extensions.shift();
    }),
    certificate('may not sign certificates', 'ATTESTATION_CERTIFICATE_USAGE', at, (c) => {
      c.extensions[1] = keyUsage(USAGE.crlSign);
    }),
    certificate('no key usage', 'ATTESTATION_CERTIFICATE_USAGE', at, (c) => {
      c.extensions.pop();
    }),
  ]),
  ...[0, 1, 2].map((at) =>
    certificate('path length too short', 'ATTESTATION_CERTIFICATE_PATH_LENGTH', at, (c) => {
      c.extensions[0] = caConstraints(2 - at);
    }),
  ),
  certificate('CA FALSE written out', 'ATTESTATION_CERTIFICATE_MALFORMED', 4, (c) => {
    c.extensions[0] = extension(OID.basicConstraints, true, sequence(hex('010100')));
  }),
  certificate('path length negative', 'ATTESTATION_CERTIFICATE_MALFORMED', 2, (c) => {
    c.extensions[0] = extension(OID.basicConstraints, true, sequence(hex('0101ff0201ff')));
  }),
  certificate('byte behind basic constraints', 'ATTESTATION_CERTIFICATE_MALFORMED', 2, (c) => {
    c.extensions[0] = extension(
      OID.basicConstraints,
      true,
      concat(sequence(hex('0101ff')), hex('00')),
    );
  }),
  certificate('key usage of unused bits set', 'ATTESTATION_CERTIFICATE_MALFORMED', 2, (c) => {
    c.extensions[1] = keyUsage('0487');
  }),
  certificate('is a CA', 'ATTESTATION_LEAF_CA', 4, (c) => {
    c.extensions[0] = caConstraints();
  }),
  certificate('path length', 'ATTESTATION_LEAF_CA', 4, (c) => {
    c.extensions[0] = extension(OID.basicConstraints, true, sequence(hex('020100')));
  }),
  certificate('no digitalSignature', 'ATTESTATION_LEAF_USAGE', 4, (c) => {
    c.extensions[1] = keyUsage('0640');
  }),
  certificate('no key usage', 'ATTESTATION_LEAF_USAGE', 4, (c) => {
    c.extensions.pop();
  }),
  certificate('may sign certificates', 'ATTESTATION_LEAF_USAGE', 4, (c) => {
    c.extensions[1] = keyUsage('0284');
  }),
];

export const TRUST: readonly Vector[] = [...SIGNATURE, ...VALIDITY, ...BOTH, ...CHAIN];
