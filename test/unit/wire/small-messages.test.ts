/** Messages of one shape each: refusals, multistream-select, sealed records at their bound. */
import { describe, expect, it } from 'vitest';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { CborFields } from '../../../shared/wire/cbor.ts';
import { LogicResponse } from '../../../shared/wire/codec.ts';
import { RECORD_BYTES_MAX, REFUSAL_BYTES } from '../../../shared/wire/constants.ts';
import { multistreamMessage } from '../../../shared/wire/multistream.ts';
import { RECORD, RecordReader, RecordWriter } from '../../../shared/wire/records.ts';
import { encodeRefusal } from '../../../shared/wire/refusal.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';
import { framePair } from '../../support/frames.ts';

describe('a refusal', () => {
  const fields = { stage: 'egress', code: 'X', countBucket: '', retryable: false, auditId: '' };

  it('has one size whatever it says', () => {
    // A length prefix of two bytes leaves sizes that no padding reaches: this ended never once.
    let fewer = 0;
    for (let length = 0; length <= 400; length++) {
      const auditId = 'a'.repeat(length);
      const bytes = encodeRefusal({ ...fields, auditId, reasons: ['AB'] });
      expect(bytes.length).toBe(REFUSAL_BYTES);
      const { refusal } = LogicResponse.decode(bytes);
      expect(refusal?.auditId).toBe(auditId);
      if (refusal?.reasons.length === 0) fewer++;
      else expect(refusal?.reasons).toEqual(['AB']);
    }
    expect(fewer).toBeGreaterThan(0);
    expect(fewer).toBeLessThan(4);
  });

  it('leaves reasons beyond the twelfth out, and is not made of what does not fit', () => {
    const reasons = Array.from({ length: 40 }, (_, i) => `R${i}`);
    const read = LogicResponse.decode(encodeRefusal({ ...fields, reasons }));
    expect(read.refusal?.reasons).toEqual(reasons.slice(0, 12));
    const long = { ...fields, code: 'C'.repeat(REFUSAL_BYTES), reasons: [] };
    expect(codeOf(() => encodeRefusal(long))).toBe('INTERNAL');
  });
});

it('a protocol id has a length of one byte', () => {
  expect(multistreamMessage('p'.repeat(126))[0]).toBe(127);
  expect(() => multistreamMessage('p'.repeat(127))).toThrow(RangeError);
});

it('a record takes what fits a frame, and not a byte more', async () => {
  const suite = createNodeSuite();
  const key = () => ({
    key: new Uint8Array(32).fill(1),
    iv: new Uint8Array(12).fill(2),
    next: new Uint8Array(48).fill(3),
  });
  const [a, b] = framePair();
  const writer = new RecordWriter({ suite, frames: a }, { key: key(), stream: 1n });
  const reader = new RecordReader({ suite, frames: b }, { key: key(), stream: 1n });
  const whole = new Uint8Array(RECORD_BYTES_MAX).fill(4);
  await writer.write(RECORD.end, whole);
  expect(Buffer.concat((await reader.read()).plaintext).length).toBe(RECORD_BYTES_MAX);
  const more = new Uint8Array(RECORD_BYTES_MAX + 1);
  expect(await codeOfAsync(writer.write(RECORD.end, more))).toBe('FRAME_SIZE');
});

it('fields of CBOR are of their type', () => {
  const field = (value: unknown) => new CborFields(new Map([['a', value]]), 1);
  expect(field(true).boolean('a')).toBe(true);
  for (const value of [0, 1n, 'true', null, undefined, new Uint8Array(1)]) {
    expect(codeOf(() => field(value).boolean('a'))).toBe('FRAME_MALFORMED');
  }
  expect(field(7).uint('a')).toBe(7n);
  for (const value of [-1, -1n, 1.5, '7', null, true]) {
    expect(codeOf(() => field(value).uint('a'))).toBe('FRAME_MALFORMED');
  }
});
