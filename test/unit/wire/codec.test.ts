import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../shared/bytes.ts';
import {
  decodeIntentRequest,
  decodeIntentResponse,
  decodeLogicRequest,
  decodeLogicResponse,
  IntentRequest,
  LogicRequest,
  LogicResponse,
} from '../../../shared/wire/codec.ts';
import { REFUSAL_BYTES } from '../../../shared/wire/constants.ts';
import { encodeRefusal } from '../../../shared/wire/refusal.ts';
import { codeOf } from '../../support/code-of.ts';

const intent = IntentRequest.encode({
  agentDid: 'did:nmp:x',
  capabilityHash: 'y',
  suites: [1],
  clientNonce: new Uint8Array(32).fill(9),
});

describe('messages', () => {
  it('come back as they were sent', () => {
    const request = {
      sessionToken: 't',
      wasmBinary: Uint8Array.of(0, 97, 115, 109),
      inputs: new Map([['arguments', Uint8Array.of(123, 125)]]),
      stream: 7n,
      datasets: [{ dataset: 'patients', columns: ['a', 'b'] }],
      requestNonce: new Uint8Array(32),
    };
    const decoded = decodeLogicRequest(LogicRequest.encode(request), 10_000);
    expect(decoded).toMatchObject(request);
  });

  it('keep the field numbers and names of NMP', () => {
    expect([...intent.subarray(0, 2)]).toEqual([0x0a, 9]);
    const request = LogicRequest.encode({
      sessionToken: 'a',
      wasmBinary: Uint8Array.of(1),
      inputs: new Map([['k', Uint8Array.of(2)]]),
      pqcCiphertext: Uint8Array.of(3),
      aesNonce: Uint8Array.of(4),
    });
    expect(Buffer.from(request).toString('hex')).toBe(
      '0a0161' + '120101' + '1a060a016b120102' + '220103' + '2a0104',
    );
    const response = LogicResponse.encode({
      semanticEvidence: 'e',
      cryptographicProof: Uint8Array.of(1),
      zkReceipt: Uint8Array.of(2),
    });
    expect(Buffer.from(response).toString('hex')).toBe('0a0165' + '120101' + '1a0102');
  });

  it.each<[string, Uint8Array]>([
    ['an unknown field', concat(intent, Uint8Array.of(0xf8, 0x01, 0x01))],
    ['a repeated field', concat(intent, intent)],
    ['an explicit default', concat(Uint8Array.of(0x0a, 0x00), intent)],
    ['an overlong length', concat(Uint8Array.of(0x0a, 0x81, 0x00, 0x41), intent.subarray(11))],
    ['a truncated message', intent.subarray(0, -1)],
    ['a huge declared length', Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x07)],
    ['a wrong wire type', Uint8Array.of(0x08, 0x01)],
  ])('are refused with %s', (_name, bytes) => {
    expect(codeOf(() => decodeIntentRequest(bytes))).toBe('FRAME_MALFORMED');
  });

  it('are refused beyond their size', () => {
    expect(codeOf(() => decodeIntentRequest(new Uint8Array(1025)))).toBe('FRAME_SIZE');
    expect(codeOf(() => decodeLogicRequest(new Uint8Array(11), 10))).toBe('FRAME_SIZE');
    const many = LogicRequest.encode({ moduleCapabilities: Array(65).fill('x') });
    expect(codeOf(() => decodeLogicRequest(many, 10_000))).toBe('FRAME_MALFORMED');
  });

  it('of any bytes decode or fail with a code, and decode only to what encodes back', () => {
    const decoders = [
      decodeIntentRequest,
      decodeIntentResponse,
      (b: Uint8Array) => decodeLogicRequest(b, 1000),
      (b: Uint8Array) => decodeLogicResponse(b, 1000),
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), (bytes, which) => {
        const code = codeOf(() => decoders[which]?.(bytes));
        expect([undefined, 'FRAME_MALFORMED', 'FRAME_SIZE']).toContain(code);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a refusal', () => {
  it('has one size whatever it says', () => {
    const codes = ['EGRESS_BLOCKED', 'GUARDIAN_REJECTED', 'SANDBOX_FUEL', 'INTERNAL'];
    for (const code of codes) {
      for (const reasons of [
        [],
        ['IMPORT_MODULE', 'PARSER_DISAGREEMENT'],
        Array(40).fill('MINING_HEURISTIC'),
      ]) {
        const bytes = encodeRefusal({
          stage: 'egress',
          code,
          countBucket: '10+',
          retryable: code === 'INTERNAL',
          auditId: 'a'.repeat(22),
          reasons,
        });
        expect(bytes).toHaveLength(REFUSAL_BYTES);
        expect(decodeLogicResponse(bytes, REFUSAL_BYTES).refusal?.code).toBe(code);
      }
    }
  });
});
