import { describe, expect, it } from 'vitest';
import { createEgressGate } from '../../../../enclave/egress/gate/gate.ts';
import { createLedger } from '../../../../enclave/egress/gate/ledger.ts';
import { discreteLaplace } from '../../../../enclave/egress/privacy/discrete-laplace.ts';
import { privatise } from '../../../../enclave/egress/privacy/privatise.ts';
import type { ValueSchema } from '../../../../shared/policy/value-schema.ts';
import { codeOf } from '../../../support/code-of.ts';
import { seeded } from './laws.ts';

describe('discrete Laplace noise', () => {
  it('takes no scale of nothing', () => {
    expect(() => discreteLaplace(seeded(1), 0n, 1n)).toThrow(RangeError);
  });
});

const schema: ValueSchema = {
  type: 'object',
  properties: {
    n: { type: 'integer', minimum: 0, maximum: 1000 },
    kind: { type: 'string', enum: ['a'] },
  },
  required: ['n'],
  additionalProperties: false,
};
const privacy = { milliEpsilon: 1000, milliEpsilonTotal: 2500, fields: { n: 1 } };
const noisy = (installed: boolean, text = '{"n":500,"kind":"a"}') =>
  Buffer.from(privatise(seeded(7), Buffer.from(text), { schema, privacy, installed })).toString();
const spread = (installed: boolean) => {
  const random = seeded(11);
  const init = { schema, privacy, installed };
  const values = Array.from({ length: 200 }, () => {
    const out: unknown = JSON.parse(
      Buffer.from(privatise(random, Buffer.from('{"n":500}'), init)).toString(),
    );
    return typeof out === 'object' && out !== null ? Number(Reflect.get(out, 'n')) : Number.NaN;
  });
  expect(values.every((n) => n >= 0 && n <= 1000)).toBe(true);
  return values.reduce((sum, n) => sum + Math.abs(n - 500), 0) / values.length;
};

describe('noise on declared aggregates', () => {
  it('is of the stated sensitivity for an installed module, of the whole range for a shipped one', () => {
    expect(spread(true)).toBeLessThan(3);
    expect(spread(false)).toBeGreaterThan(100);
    expect(JSON.parse(noisy(true))).toMatchObject({ kind: 'a' });
  });

  it('leaves alone what will be refused anyway', () => {
    for (const text of ['no json', '{"n":5000}', '[1]', 'null'])
      expect(noisy(true, text)).toBe(text);
  });

  it('touches integers of the answer alone, and not one that can have one value only', () => {
    const fixed: ValueSchema = {
      type: 'object',
      properties: {
        n: { type: 'integer', minimum: 4, maximum: 4 },
        share: { type: 'number', minimum: 0, maximum: 1, multipleOf: 0.5 },
        either: { anyOf: [{ type: 'integer', minimum: 0, maximum: 9 }, { type: 'null' }] },
        late: { type: 'integer', minimum: 0, maximum: 1_000_000 },
      },
      required: ['n'],
      additionalProperties: false,
    };
    const fields = { n: 1, share: 1, either: 1, late: 1, unknown: 1, toString: 1 };
    const private_ = (text: string, schema: ValueSchema = fixed) =>
      Buffer.from(
        privatise(seeded(5), Buffer.from(text), {
          schema,
          privacy: { ...privacy, fields },
          installed: false,
        }),
      ).toString();
    const text = '{"either":7,"n":4,"share":0.5}';
    expect(private_(text)).toBe(text);
    expect(private_('{"late":500000,"n":4}')).not.toBe('{"late":500000,"n":4}');
    expect(private_('7', { type: 'integer', minimum: 0, maximum: 9 })).toBe('7');
    expect(private_('null', { anyOf: [{ type: 'null' }, fixed] })).toBe('null');
  });

  it('uses up one ε for a dataset, whoever asks', () => {
    let kept: Uint8Array | undefined;
    const ledger = createLedger(
      {
        random: seeded(3),
        storage: {
          read: () => kept,
          write: (sealed) => {
            kept = sealed;
          },
        },
        counter: { read: () => 0, advance: () => undefined },
      },
      { key: new Uint8Array(32), label: 'test' },
    );
    const gate = createEgressGate({ ledger });
    const call = (client: string, dataset = 'cohort') =>
      gate.admit({
        client,
        moduleHash: new Uint8Array(32),
        datasets: [dataset],
        policy: { privacy },
        bits: 1,
      });
    call('a').failed();
    call('b').settle({ blocked: false, codes: [] });
    expect(codeOf(() => call('c'))).toBe('EGRESS_QUOTA');
    call('c', 'other').failed();
  });
});
