/** A well-formed document under an own root, open to every malformation before it is signed. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Anchor } from '../../../../shared/attestation/chain.ts';
import type { VerifyInit } from '../../../../shared/attestation/verify.ts';
import { concat, toHex } from '../../../../shared/bytes.ts';
import { type ClientPolicy, parseClientPolicy } from '../../../../shared/policy/client-policy.ts';
import {
  array,
  BREAK,
  bstr,
  caConstraints,
  der,
  endConstraints,
  hex,
  keyUsage,
  map,
  NULL,
  name,
  sequence,
  time,
  tstr,
  USAGE,
  uint,
} from './encode.ts';

export const NOW = Date.UTC(2026, 5, 1, 12);
const DAY = 86_400_000;
export const ECDSA_SHA384 = hex('300a06082a8648ce3d040303');

export interface CertificateDraft {
  version: Uint8Array;
  serial: Uint8Array;
  algorithm: Uint8Array;
  /** Undefined: the same as inside. */
  outerAlgorithm: Uint8Array | undefined;
  issuer: Uint8Array;
  subject: Uint8Array;
  notBefore: Uint8Array;
  notAfter: Uint8Array;
  spki: Uint8Array;
  extensions: Uint8Array[];
  signer: KeyObject;
  hash: string;
  /** Changes of TBSCertificate before, and of signature and whole after signing. */
  tbs: (bytes: Uint8Array) => Uint8Array;
  signature: (bytes: Uint8Array) => Uint8Array;
  whole: (bytes: Uint8Array) => Uint8Array;
}

export interface Draft {
  /** Root, regional, zonal, instance, leaf. */
  readonly certificates: CertificateDraft[];
  /** Private keys in the same order. */
  readonly keys: readonly KeyObject[];
  bundle: (ders: readonly Uint8Array[]) => readonly Uint8Array[];
  /** Key and value of each payload field, encoded; unset values are made at the end. */
  fields: [Uint8Array, Uint8Array][];
  protectedHeader: Uint8Array;
  unprotected: Uint8Array;
  payload: (entries: readonly (readonly [Uint8Array, Uint8Array])[]) => Uint8Array;
  documentKey: KeyObject;
  documentHash: string;
  signature: (bytes: Uint8Array) => Uint8Array;
  /** The four elements, encoded. */
  elements: (items: readonly Uint8Array[]) => readonly Uint8Array[];
  outer: (items: readonly Uint8Array[]) => Uint8Array;
  init: { -readonly [K in keyof VerifyInit]: VerifyInit[K] };
  /** How the policy is changed, as its JSON. */
  policy: Record<string, unknown>;
  anchors: (root: Uint8Array) => readonly Anchor[];
}

const LEVELS = ['root', 'regional', 'zonal', 'instance', 'leaf'];
const LIFE = [3650, 20, 5.5, 1, 0.125];
const pairs = LEVELS.map(() => generateKeyPairSync('ec', { namedCurve: 'P-384' }));
export const otherPair = generateKeyPairSync('ec', { namedCurve: 'P-384' });
export const spkiOf = (key: KeyObject) =>
  Uint8Array.from(key.export({ type: 'spki', format: 'der' }));

export const NONCE = new Uint8Array(32).fill(7);
export const USER_DATA = new Uint8Array(48).fill(9);
export const pcrValue = (index: number) => new Uint8Array(48).fill(index + 1);
export const pcrMap = (count: number, from = 0) =>
  map(
    ...Array.from({ length: count }, (_, i) => [uint(from + i), bstr(pcrValue(from + i))] as const),
  );

function certificateDraft(level: number): CertificateDraft {
  const issuer = Math.max(0, level - 1);
  const extensions =
    level === 4
      ? [endConstraints, keyUsage(USAGE.leaf, false)]
      : [
          caConstraints(level === 0 ? undefined : 3 - level),
          keyUsage(level === 3 ? USAGE.certSign : USAGE.ca),
        ];
  const same = (bytes: Uint8Array) => bytes;
  return {
    version: hex('a003020102'),
    serial: der(0x02, Uint8Array.of(0x41, level, 3, 4, 5, 6, 7, 8)),
    algorithm: ECDSA_SHA384,
    outerAlgorithm: undefined,
    issuer: name(LEVELS[issuer]!),
    subject: name(LEVELS[level]!),
    notBefore: time(NOW - 60_000),
    notAfter: time(NOW + LIFE[level]! * DAY),
    spki: spkiOf(pairs[level]!.publicKey),
    extensions,
    signer: pairs[issuer]!.privateKey,
    hash: 'sha384',
    tbs: same,
    signature: same,
    whole: same,
  };
}

export function encodeCertificate(draft: CertificateDraft): Uint8Array {
  const tbs = draft.tbs(
    sequence(
      draft.version,
      draft.serial,
      draft.algorithm,
      draft.issuer,
      sequence(draft.notBefore, draft.notAfter),
      draft.subject,
      draft.spki,
      ...(draft.extensions.length === 0 ? [] : [der(0xa3, sequence(...draft.extensions))]),
    ),
  );
  const signature = draft.signature(Uint8Array.from(sign(draft.hash, tbs, draft.signer)));
  const bits = der(0x03, concat(Uint8Array.of(0), signature));
  return draft.whole(sequence(tbs, draft.outerAlgorithm ?? draft.algorithm, bits));
}

/** The baseline: what a genuine module would write. */
export function newDraft(): Draft {
  const zero = new Uint8Array(0);
  return {
    certificates: LEVELS.map((_, level) => certificateDraft(level)),
    keys: pairs.map((pair) => pair.privateKey),
    bundle: (ders) => ders,
    fields: [
      [tstr('module_id'), tstr('i-0123456789abcdef0-enc0123456789abcdef')],
      [tstr('digest'), tstr('SHA384')],
      [tstr('timestamp'), uint(NOW)],
      [tstr('pcrs'), pcrMap(16)],
      [tstr('certificate'), zero],
      [tstr('cabundle'), zero],
      [tstr('public_key'), NULL],
      [tstr('user_data'), bstr(USER_DATA)],
      [tstr('nonce'), bstr(NONCE)],
    ],
    protectedHeader: hex('a1013822'),
    unprotected: map(),
    payload: (entries) => map(...entries),
    documentKey: pairs[4]!.privateKey,
    documentHash: 'sha384',
    signature: (bytes) => bytes,
    elements: (items) => items,
    outer: (items) => array(...items),
    init: { anchors: [], atMs: NOW, expected: { nonce: NONCE, userData: USER_DATA } },
    policy: {
      version: 1,
      releases: [{ pcr0: toHex(pcrValue(0)), pcr1: toHex(pcrValue(1)), pcr2: toHex(pcrValue(2)) }],
    },
    anchors: (root) => [{ id: 'own root', kind: 'aws', der: root }],
  };
}

/** Sets a payload field by name. */
export function setField(draft: Draft, field: string, value: Uint8Array): void {
  const key = toHex(tstr(field));
  const entry = draft.fields.find(([name]) => toHex(name) === key);
  if (entry === undefined) throw new RangeError(field);
  entry[1] = value;
}

export function removeField(draft: Draft, field: string): void {
  const key = toHex(tstr(field));
  draft.fields = draft.fields.filter(([name]) => toHex(name) !== key);
}

export interface Built {
  readonly bytes: Uint8Array;
  readonly root: Uint8Array;
  readonly init: VerifyInit;
}

export function build(change: (draft: Draft) => unknown = () => undefined): Built {
  const draft = newDraft();
  change(draft);
  const ders = draft.certificates.map(encodeCertificate);
  // The anchor is the honest root, whatever the document then shows.
  const root = ders[0]!;
  const all = draft.bundle(ders);
  const fallback = new Map([
    [toHex(tstr('certificate')), bstr(all.at(-1)!)],
    [toHex(tstr('cabundle')), array(...all.slice(0, -1).map((der) => bstr(der)))],
  ]);
  const entries = draft.fields.map(
    ([key, value]) =>
      [key, value.length === 0 ? (fallback.get(toHex(key)) ?? value) : value] as const,
  );
  const payload = draft.payload(entries);
  const message = array(
    tstr('Signature1'),
    bstr(draft.protectedHeader),
    bstr(new Uint8Array(0)),
    bstr(payload),
  );
  const signature = draft.signature(
    Uint8Array.from(
      sign(draft.documentHash, message, { key: draft.documentKey, dsaEncoding: 'ieee-p1363' }),
    ),
  );
  const items = [bstr(draft.protectedHeader), draft.unprotected, bstr(payload), bstr(signature)];
  const policy: ClientPolicy = parseClientPolicy(JSON.stringify(draft.policy), 'policy');
  return {
    bytes: draft.outer(draft.elements(items)),
    root,
    init: { ...draft.init, policy, anchors: draft.anchors(root) },
  };
}

export const indefinite = (entries: readonly (readonly [Uint8Array, Uint8Array])[]) =>
  concat(Uint8Array.of(0xbf), ...entries.flat(), BREAK);
export const fingerprint = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
