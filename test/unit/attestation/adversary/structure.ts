/** Documents whose encoding or fields break a rule, each with the code that names it. */

import { concat, utf8 } from '../../../../shared/bytes.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import { type Draft, indefinite, NONCE, pcrMap, pcrValue, removeField, setField } from './draft.ts';
import { array, BREAK, bstr, head, hex, map, NULL, tstr, uint } from './encode.ts';

export interface Vector {
  readonly name: string;
  readonly code: ErrorCode;
  readonly change: (draft: Draft) => void;
}

const vector = (name: string, code: ErrorCode, change: (draft: Draft) => void): Vector => ({
  name,
  code,
  change,
});
const field = (name: string, code: ErrorCode, key: string, value: Uint8Array) =>
  vector(name, code, (draft) => setField(draft, key, value));
const outer = (name: string, code: ErrorCode, prefix: string, suffix = '') =>
  vector(name, code, (draft) => {
    draft.outer = (items) => concat(hex(prefix), array(...items), hex(suffix));
  });
const elements = (
  name: string,
  code: ErrorCode,
  change: (items: readonly Uint8Array[]) => readonly Uint8Array[],
) =>
  vector(name, code, (draft) => {
    draft.elements = change;
  });
const header = (name: string, code: ErrorCode, bytes: string) =>
  vector(name, code, (draft) => {
    draft.protectedHeader = hex(bytes);
  });
const unprotected = (name: string, bytes: string) =>
  vector(name, 'ATTESTATION_HEADER', (draft) => {
    draft.unprotected = hex(bytes);
  });
const payload = (name: string, code: ErrorCode, change: Draft['payload']) =>
  vector(name, code, (draft) => {
    draft.payload = change;
  });
const extra = (name: string, code: ErrorCode, key: Uint8Array, value: Uint8Array) =>
  vector(name, code, (draft) => {
    draft.fields.push([key, value]);
  });

const swap = (at: number, item: Uint8Array) => (items: readonly Uint8Array[]) =>
  items.map((old, i) => (i === at ? item : old));
const pcr = (...entries: readonly (readonly [Uint8Array, Uint8Array])[]) => map(...entries);
const big = new Uint8Array(1025);
const chunked = (major: number, ...chunks: readonly Uint8Array[]) =>
  concat(Uint8Array.of((major << 5) | 31), ...chunks, BREAK);

const OUTER: readonly Vector[] = [
  outer('byte behind the document', 'ATTESTATION_TRAILING', '', '00'),
  outer('second null behind the document', 'ATTESTATION_TRAILING', '', 'f6'),
  outer('break behind the document', 'ATTESTATION_TRAILING', '', 'ff'),
  outer('tag 98', 'ATTESTATION_TAG', 'd862'),
  outer('tag 17', 'ATTESTATION_TAG', 'd1'),
  outer('tag 61', 'ATTESTATION_TAG', 'd83d'),
  outer('tag 61 around tag 18', 'ATTESTATION_TAG', 'd83dd2'),
  outer('tag 18 twice', 'ATTESTATION_TAG', 'd2d2'),
  outer('tag 55799', 'ATTESTATION_TAG', 'd9d9f7'),
  outer('tag 55799 around tag 18', 'ATTESTATION_TAG', 'd9d9f7d2'),
  outer('tag 18 in two bytes', 'ATTESTATION_NON_MINIMAL', 'd812'),
  vector('array head in two bytes', 'ATTESTATION_NON_MINIMAL', (draft) => {
    draft.outer = (items) => concat(head(4, 4, 1), ...items);
  }),
  vector('array of indefinite length', 'ATTESTATION_INDEFINITE', (draft) => {
    draft.outer = (items) => chunked(4, ...items);
  }),
  vector('wrapped in a byte string', 'ATTESTATION_STRUCTURE', (draft) => {
    draft.outer = (items) => bstr(array(...items));
  }),
  vector('wrapped in a map', 'ATTESTATION_STRUCTURE', (draft) => {
    draft.outer = (items) => map([uint(0), array(...items)]);
  }),
  vector('empty', 'ATTESTATION_TRUNCATED', (draft) => {
    draft.outer = () => new Uint8Array(0);
  }),
  vector('last byte missing', 'ATTESTATION_TRUNCATED', (draft) => {
    draft.outer = (items) => array(...items).subarray(0, -1);
  }),
  vector('16 KiB and one byte', 'ATTESTATION_TOO_LARGE', (draft) => {
    draft.outer = () => new Uint8Array(16_385).fill(0x84);
  }),
  vector('arrays nested 16,000 deep', 'ATTESTATION_STRUCTURE', (draft) => {
    draft.outer = () => new Uint8Array(16_000).fill(0x81);
  }),
  vector('tags nested 16,000 deep', 'ATTESTATION_TAG', (draft) => {
    draft.outer = () => new Uint8Array(16_000).fill(0xd2);
  }),
  elements('three elements', 'ATTESTATION_STRUCTURE', (items) => items.slice(0, 3)),
  elements('five elements', 'ATTESTATION_STRUCTURE', (items) => [...items, NULL]),
  elements('protected header as a map', 'ATTESTATION_STRUCTURE', swap(0, hex('a1013822'))),
  elements('unprotected header as bytes', 'ATTESTATION_HEADER', swap(1, hex('41a0'))),
  elements('payload null', 'ATTESTATION_DETACHED', swap(2, NULL)),
  elements('payload empty', 'ATTESTATION_DETACHED', swap(2, hex('40'))),
  elements('payload as text', 'ATTESTATION_STRUCTURE', swap(2, tstr('payload'))),
  elements('payload of 4 GiB', 'ATTESTATION_TRUNCATED', swap(2, hex('5affffffff'))),
  elements('payload of 2^64-1 bytes', 'ATTESTATION_TRUNCATED', swap(2, hex('5bffffffffffffffff'))),
  elements('payload in chunks', 'ATTESTATION_INDEFINITE', (items) =>
    swap(2, chunked(2, items[2]!))(items),
  ),
  elements('signature in chunks', 'ATTESTATION_INDEFINITE', (items) =>
    swap(3, chunked(2, items[3]!))(items),
  ),
  elements('signature null', 'ATTESTATION_STRUCTURE', swap(3, NULL)),
  elements('signature as a list', 'ATTESTATION_STRUCTURE', (items) =>
    swap(3, array(items[3]!))(items),
  ),
];

const HEADER: readonly Vector[] = [
  header('ES256', 'ATTESTATION_ALGORITHM', 'a10126'),
  header('ES512', 'ATTESTATION_ALGORITHM', 'a1013823'),
  header('alg -1, as the device of QEMU', 'ATTESTATION_ALGORITHM', 'a10120'),
  header('alg as text', 'ATTESTATION_ALGORITHM', 'a101654553333834'),
  header('alg 34, unsigned', 'ATTESTATION_ALGORITHM', 'a1011822'),
  header('alg not in its shortest form', 'ATTESTATION_NON_MINIMAL', 'a101390022'),
  header('label not in its shortest form', 'ATTESTATION_NON_MINIMAL', 'a118013822'),
  header('alg twice', 'ATTESTATION_HEADER', 'a20138220138 22'),
  header('alg absent', 'ATTESTATION_HEADER', 'a0'),
  header('header empty', 'ATTESTATION_HEADER', ''),
  header('crit', 'ATTESTATION_HEADER', 'a201382202810a'),
  header('key id next to alg', 'ATTESTATION_HEADER', 'a2013822044131'),
  header('label 2 in place of 1', 'ATTESTATION_HEADER', 'a1023822'),
  header('label as text', 'ATTESTATION_HEADER', 'a163616c673822'),
  header('byte behind the header', 'ATTESTATION_TRAILING', 'a101382200'),
  header('header of indefinite length', 'ATTESTATION_INDEFINITE', 'bf013822ff'),
  header('header as an array', 'ATTESTATION_HEADER', '82013822'),
  unprotected('alg again, unprotected', 'a1013822'),
  unprotected('key id, unprotected', 'a1044131'),
  unprotected('unprotected header of 2^32 entries', 'ba00000001f6f6'),
  vector('alg only in the unprotected header', 'ATTESTATION_HEADER', (draft) => {
    draft.protectedHeader = new Uint8Array(0);
    draft.unprotected = hex('a1013822');
  }),
].map((v) =>
  v.name === 'unprotected header of 2^32 entries'
    ? { ...v, code: 'ATTESTATION_NON_MINIMAL' as const }
    : v,
);

const PAYLOAD: readonly Vector[] = [
  payload('byte behind the payload', 'ATTESTATION_TRAILING', (e) => concat(map(...e), hex('00'))),
  payload('break behind a definite map', 'ATTESTATION_TRAILING', (e) => concat(map(...e), BREAK)),
  payload('no break', 'ATTESTATION_TRUNCATED', (e) => indefinite(e).subarray(0, -1)),
  payload('two breaks', 'ATTESTATION_TRAILING', (e) => concat(indefinite(e), BREAK)),
  payload('break in place of a value', 'ATTESTATION_FIELD_TYPE', (e) =>
    concat(Uint8Array.of(0xbf), e[0]![0], BREAK),
  ),
  payload('map count too small', 'ATTESTATION_MISSING_FIELD', (e) => map(...e.slice(0, 5))),
  payload('map count in two bytes', 'ATTESTATION_NON_MINIMAL', (e) =>
    concat(head(5, e.length, 1), ...e.flat()),
  ),
  payload('map count of 2^64-1', 'ATTESTATION_TRUNCATED', (e) =>
    concat(hex('bbffffffffffffffff'), ...e.flat()),
  ),
  payload('array in place of the map', 'ATTESTATION_FIELD_TYPE', (e) => array(...e.flat())),
  payload('tagged map', 'ATTESTATION_FIELD_TYPE', (e) => concat(hex('c1'), map(...e))),
  payload('map in a byte string', 'ATTESTATION_FIELD_TYPE', (e) => bstr(map(...e))),
  extra('nonce twice', 'ATTESTATION_DUPLICATE_KEY', tstr('nonce'), bstr(NONCE)),
  extra('pcrs twice', 'ATTESTATION_DUPLICATE_KEY', tstr('pcrs'), pcrMap(16)),
  extra('certificate twice', 'ATTESTATION_DUPLICATE_KEY', tstr('certificate'), bstr(NONCE)),
  extra('unknown field', 'ATTESTATION_UNKNOWN_FIELD', tstr('region'), tstr('eu')),
  extra('__proto__ field', 'ATTESTATION_UNKNOWN_FIELD', tstr('__proto__'), map()),
  extra('constructor field', 'ATTESTATION_UNKNOWN_FIELD', tstr('constructor'), NULL),
  extra('toString field', 'ATTESTATION_UNKNOWN_FIELD', tstr('toString'), NULL),
  extra('field named by a number', 'ATTESTATION_FIELD_TYPE', uint(1), NULL),
  extra('field named by bytes', 'ATTESTATION_FIELD_TYPE', bstr(utf8('nonce')), NULL),
  extra('field name not UTF-8', 'ATTESTATION_UTF8', hex('62c328'), NULL),
  extra('field name in upper case', 'ATTESTATION_UNKNOWN_FIELD', tstr('NONCE'), NULL),
  extra('field name in two bytes', 'ATTESTATION_NON_MINIMAL', tstr('nonce', 1), NULL),
  extra('field name in chunks', 'ATTESTATION_INDEFINITE', chunked(3, tstr('nonce')), NULL),
  ...['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle'].flatMap((key) => [
    vector(`${key} missing`, 'ATTESTATION_MISSING_FIELD', (draft) => removeField(draft, key)),
    field(
      `${key} null`,
      key === 'timestamp' ? 'ATTESTATION_TIMESTAMP' : 'ATTESTATION_FIELD_TYPE',
      key,
      NULL,
    ),
  ]),
  ...['public_key', 'user_data', 'nonce'].flatMap((key) => [
    field(`${key} of 1025 bytes`, 'ATTESTATION_FIELD_SIZE', key, bstr(big)),
    field(`${key} as text`, 'ATTESTATION_FIELD_TYPE', key, tstr('text')),
    field(`${key} false`, 'ATTESTATION_FIELD_TYPE', key, hex('f4')),
    field(`${key} undefined`, 'ATTESTATION_FIELD_TYPE', key, hex('f7')),
    field(`${key} in chunks`, 'ATTESTATION_INDEFINITE', key, chunked(2, bstr(NONCE))),
    field(`${key} with a length of 8 bytes`, 'ATTESTATION_NON_MINIMAL', key, bstr(NONCE, 8)),
  ]),
];

const FIELDS: readonly Vector[] = [
  field('module_id empty', 'ATTESTATION_MODULE_ID', 'module_id', tstr('')),
  field('module_id of 129', 'ATTESTATION_MODULE_ID', 'module_id', tstr('i'.repeat(129))),
  field('module_id with escapes', 'ATTESTATION_MODULE_ID', 'module_id', tstr('i-\u001b[2J')),
  field('module_id as bytes', 'ATTESTATION_FIELD_TYPE', 'module_id', bstr(utf8('i-0'))),
  field('module_id not UTF-8', 'ATTESTATION_UTF8', 'module_id', hex('63ff6162')),
  field('digest SHA256', 'ATTESTATION_DIGEST', 'digest', tstr('SHA256')),
  field('digest SHA512', 'ATTESTATION_DIGEST', 'digest', tstr('SHA512')),
  field('digest in lower case', 'ATTESTATION_DIGEST', 'digest', tstr('sha384')),
  field('digest with a space', 'ATTESTATION_DIGEST', 'digest', tstr('SHA384 ')),
  field('timestamp 0', 'ATTESTATION_TIMESTAMP', 'timestamp', uint(0)),
  field('timestamp negative', 'ATTESTATION_TIMESTAMP', 'timestamp', hex('3903e8')),
  field('timestamp float', 'ATTESTATION_TIMESTAMP', 'timestamp', hex('fb4277a1b2c3d40000')),
  field('timestamp half float', 'ATTESTATION_TIMESTAMP', 'timestamp', hex('f93c00')),
  field('timestamp bignum', 'ATTESTATION_TIMESTAMP', 'timestamp', hex('c2480000018bcfe56800')),
  field('timestamp text', 'ATTESTATION_TIMESTAMP', 'timestamp', tstr('2026')),
  field('timestamp of 2^64-1', 'ATTESTATION_TIMESTAMP', 'timestamp', uint(2n ** 64n - 1n)),
  field('timestamp in 8 bytes, small', 'ATTESTATION_NON_MINIMAL', 'timestamp', uint(5, 8)),
  field('no PCR', 'ATTESTATION_PCR_COUNT', 'pcrs', map()),
  field('33 PCRs', 'ATTESTATION_PCR_COUNT', 'pcrs', pcrMap(33)),
  field('PCR 32', 'ATTESTATION_PCR_INDEX', 'pcrs', pcrMap(2, 31)),
  field('PCR 2^32', 'ATTESTATION_PCR_INDEX', 'pcrs', pcr([uint(2n ** 32n), bstr(pcrValue(0))])),
  field('PCR -1', 'ATTESTATION_PCR_INDEX', 'pcrs', pcr([hex('20'), bstr(pcrValue(0))])),
  field('PCR index as text', 'ATTESTATION_PCR_INDEX', 'pcrs', pcr([tstr('0'), bstr(pcrValue(0))])),
  field('PCR __proto__', 'ATTESTATION_PCR_INDEX', 'pcrs', pcr([tstr('__proto__'), map()])),
  field(
    'PCR index as bytes',
    'ATTESTATION_PCR_INDEX',
    'pcrs',
    pcr([hex('4100'), bstr(pcrValue(0))]),
  ),
  field(
    'PCR index in two bytes',
    'ATTESTATION_NON_MINIMAL',
    'pcrs',
    pcr([uint(0, 1), bstr(pcrValue(0))]),
  ),
  field(
    'PCR 0 twice',
    'ATTESTATION_DUPLICATE_KEY',
    'pcrs',
    pcr([uint(0), bstr(pcrValue(0))], [uint(0), bstr(pcrValue(1))]),
  ),
  field(
    'PCR of 47',
    'ATTESTATION_PCR_LENGTH',
    'pcrs',
    pcr([uint(0), bstr(pcrValue(0).subarray(1))]),
  ),
  field('PCR of 32', 'ATTESTATION_PCR_LENGTH', 'pcrs', pcr([uint(0), bstr(new Uint8Array(32))])),
  field('PCR of 64', 'ATTESTATION_PCR_LENGTH', 'pcrs', pcr([uint(0), bstr(new Uint8Array(64))])),
  field('PCR empty', 'ATTESTATION_PCR_LENGTH', 'pcrs', pcr([uint(0), hex('40')])),
  field('PCR null', 'ATTESTATION_FIELD_TYPE', 'pcrs', pcr([uint(0), NULL])),
  field('PCR as text', 'ATTESTATION_FIELD_TYPE', 'pcrs', pcr([uint(0), tstr('0'.repeat(48))])),
  field('PCRs as an array', 'ATTESTATION_FIELD_TYPE', 'pcrs', array(bstr(pcrValue(0)))),
  field(
    'PCRs of indefinite length',
    'ATTESTATION_INDEFINITE',
    'pcrs',
    concat(Uint8Array.of(0xbf), uint(0), bstr(pcrValue(0)), BREAK),
  ),
  field(
    'PCR in chunks',
    'ATTESTATION_INDEFINITE',
    'pcrs',
    pcr([uint(0), chunked(2, bstr(pcrValue(0)))]),
  ),
  field('certificate empty', 'ATTESTATION_CERTIFICATE_SIZE', 'certificate', hex('40')),
  field('certificate of 1025', 'ATTESTATION_CERTIFICATE_SIZE', 'certificate', bstr(big)),
  field('certificate as text', 'ATTESTATION_FIELD_TYPE', 'certificate', tstr('PEM')),
  field('bundle empty', 'ATTESTATION_BUNDLE', 'cabundle', array()),
  field(
    'bundle of 9',
    'ATTESTATION_BUNDLE',
    'cabundle',
    array(...Array.from({ length: 9 }, () => bstr(NONCE))),
  ),
  field('bundle entry empty', 'ATTESTATION_CERTIFICATE_SIZE', 'cabundle', array(hex('40'))),
  field('bundle entry of 1025', 'ATTESTATION_CERTIFICATE_SIZE', 'cabundle', array(bstr(big))),
  field('bundle entry null', 'ATTESTATION_FIELD_TYPE', 'cabundle', array(NULL)),
  field('bundle as bytes', 'ATTESTATION_FIELD_TYPE', 'cabundle', bstr(NONCE)),
  field(
    'bundle of indefinite length',
    'ATTESTATION_INDEFINITE',
    'cabundle',
    chunked(4, bstr(NONCE)),
  ),
  field('bundle of 2^32-1 entries', 'ATTESTATION_TRUNCATED', 'cabundle', hex('9affffffff')),
];

export const STRUCTURE: readonly Vector[] = [...OUTER, ...HEADER, ...PAYLOAD, ...FIELDS];
