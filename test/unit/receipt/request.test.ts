import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../shared/bytes.ts';
import { formatReceiptRequest, parseReceiptRequest } from '../../../shared/receipt/request.ts';
import type { ReceiptRequest } from '../../../shared/receipt/verify.ts';
import { codeOf } from '../../support/code-of.ts';

const bytes = (value: number) => new Uint8Array(32).fill(value);
const request: ReceiptRequest = {
  imageId: bytes(1),
  nonce: bytes(2),
  fuel: 9_007_199_254_740_993n,
  arguments: utf8('{"a":1,"b":[true]}'),
  inputSalt: bytes(3),
  inputCommitment: bytes(4),
  datasets: [{ id: 'patients', commitment: bytes(5), columns: ['sex', 'birth_date'] }],
  outputSalt: bytes(6),
  output: utf8('{"n":"é"}'),
  outcome: 'ok',
};
const value: Record<string, unknown> = JSON.parse(formatReceiptRequest(request));
const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);

describe('the file of a receipt’s request', () => {
  it('is read as it was written', () => {
    const text = formatReceiptRequest(request);
    expect(parseReceiptRequest(text)).toMatchObject(request);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('has its arguments made canonical, since that is what was proven', () => {
    const turned = { ...value, arguments: { b: [true], a: 1 } };
    expect(parseReceiptRequest(JSON.stringify(turned)).arguments).toEqual(request.arguments);
  });

  const dataset = { id: 'd', commitment: '05'.repeat(32), columns: ['a'] };
  it.each<[string, readonly unknown[], readonly unknown[]]>([
    ['version', [2], [1, 3, '2']],
    ['mode', ['stark-composite'], ['attested']],
    ['imageId', ['ab'.repeat(32)], ['ab'.repeat(31), 'AB'.repeat(32), 7]],
    ['nonce', ['ab'.repeat(32)], ['ab'.repeat(33)]],
    ['inputSalt', ['ab'.repeat(32)], ['']],
    ['inputCommitment', ['ab'.repeat(32)], [null]],
    ['outputSalt', ['ab'.repeat(32)], ['zz'.repeat(32)]],
    ['fuel', ['0', '1', `1${'0'.repeat(18)}`], ['', '01', '-1', '1.0', `1${'0'.repeat(19)}`, 1]],
    ['datasets', [[], many(16, dataset)], [many(17, dataset), {}]],
    [
      'datasets',
      [[{ ...dataset, id: 'i'.repeat(128) }], [{ ...dataset, columns: many(256, 'a') }]],
      [
        [{ ...dataset, id: '' }],
        [{ ...dataset, id: 'i'.repeat(129) }],
        [{ ...dataset, columns: [] }],
        [{ ...dataset, columns: many(257, 'a') }],
        [{ ...dataset, columns: [''] }],
        [{ ...dataset, more: 1 }],
      ],
    ],
    ['output', ['', 'x'.repeat(1_048_576)], ['x'.repeat(1_048_577), null]],
    ['outcome', ['ok', 'trap', 'out-of-fuel', 'not-a-module', 'abi-violation'], ['fine', 0]],
    ['more', [], [1]],
  ])('%s', (name, good, bad) => {
    const code = (to: unknown) =>
      codeOf(() => parseReceiptRequest(JSON.stringify({ ...value, [name]: to })));
    expect(good.map(code)).toEqual(good.map(() => undefined));
    expect(bad.map(code)).toEqual(bad.map(() => 'RECEIPT_REQUEST'));
  });

  it('is no request if it is no JSON', () => {
    expect(codeOf(() => parseReceiptRequest('{'))).toBe('RECEIPT_REQUEST');
  });
});
