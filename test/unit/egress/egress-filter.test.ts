import { describe, expect, it } from 'vitest';
import { createEgressFilter } from '../../../enclave/egress/egress-filter.ts';
import type { EgressContext, ReadTable } from '../../../enclave/egress/filter.ts';
import { loadScanner } from '../../../enclave/egress/scanner.ts';
import type { ValueSchema } from '../../../shared/policy/value-schema.ts';

/** Levels of lists and objects, the innermost value not counted. */
const DEPTH = 32;
const filter = createEgressFilter({ scanner: loadScanner() });
const count: ValueSchema = {
  type: 'object',
  properties: {
    n: { type: 'integer', minimum: 0, maximum: 100 },
    mean: { type: 'number', minimum: 0, maximum: 10, multipleOf: 0.1 },
  },
  required: ['n'],
  additionalProperties: false,
};
const note: ValueSchema = { type: 'string', maxLength: 500, 'x-nmp-free-text': true };
const context = (more: Partial<EgressContext> = {}): EgressContext => ({
  schema: count,
  policy: {},
  tables: [],
  ...more,
});
const judge = (text: string, more: Partial<EgressContext> = {}) =>
  filter.judge(Buffer.from(text), context(more));

const table: ReadTable = {
  dataset: 'patients',
  columns: [
    { name: 'id', values: ['9f1c77aa-42', 'bb81e0c4-17', null] },
    { name: 'sex', values: ['female', 'female', 'male'] },
  ],
};

describe('the egress filter', () => {
  it('lets out one canonical form, whatever the formatting', () => {
    const forms = ['{"n":5,"mean":1.5}', ' { "mean" : 1.50 , "n" : 5.0 } ', '{"mean":15e-1,"n":5}'];
    for (const form of forms) {
      const verdict = judge(form);
      expect(verdict.blocked).toBe(false);
      expect(Buffer.from(verdict.output ?? []).toString()).toBe('{"mean":1.5,"n":5}');
    }
  });

  it.each([
    ['a value beyond its range', '{"n":101}'],
    ['a value off its step', '{"n":1,"mean":1.55}'],
    ['an unknown key', '{"n":1,"x":1}'],
    ['a missing key', '{}'],
    ['a fraction for an integer', '{"n":1.5}'],
    ['another type', '[1]'],
    ['a repeated key with a bad value', '{"n":1,"n":1000}'],
    ['what is no JSON', 'n=1'],
    ['what is no UTF-8', '\xff'],
    ['nothing', ''],
    ['deep nesting', '['.repeat(50_000)],
  ])('blocks %s', (_name, text) => {
    const verdict = filter.judge(Buffer.from(text, 'latin1'), context());
    expect(verdict).toMatchObject({ blocked: true, codes: ['SCHEMA'], countBucket: '1' });
    expect(verdict.output).toBeUndefined();
  });

  it('blocks what the detectors find in free text', () => {
    const verdict = judge(JSON.stringify('write to jane@example.com'), { schema: note });
    expect(verdict).toMatchObject({ blocked: true, codes: ['EMAIL'] });
    expect(judge(JSON.stringify('52 patients'), { schema: note }).blocked).toBe(false);
  });

  it('blocks copies of cells that the run could read, in any case, grouping or encoding', () => {
    const seen = { schema: note, tables: [table] };
    const copies = [
      '9f1c77aa-42',
      'id 9F1C77AA42',
      '9f1c 77aa 42',
      Buffer.from('see 9f1c77aa-42 there').toString('base64'),
    ];
    for (const copy of copies) {
      expect(judge(JSON.stringify(copy), seen).codes, copy).toEqual(['TABLE_MATCH']);
    }
    expect(judge(JSON.stringify('female'), seen).blocked).toBe(false);
    expect(judge(JSON.stringify('9f1c77aa-42'), { schema: note }).blocked).toBe(false);
  });

  it("restricts the policy's own keys in every spelling", () => {
    const policy = { restrictedKeys: ['wardCode'] };
    for (const key of ['wardCode', 'ward_code', 'WARD-CODE']) {
      const text = JSON.stringify(JSON.stringify({ [key]: 'N17' }));
      expect(judge(text, { schema: note, policy }).codes).toEqual(['RESTRICTED_KEY']);
    }
  });

  it('keeps to the smallest group', () => {
    const policy = { minimumGroup: 11 };
    expect(judge('{"n":1}', { policy, rowsRead: 10 }).codes).toEqual(['MINIMUM_GROUP']);
    expect(judge('{"n":1}', { policy, rowsRead: 11 }).blocked).toBe(false);
  });

  it('names neither value nor key in its codes, and counts in buckets', () => {
    const mails = Array.from({ length: 12 }, (_, i) => `user${i}@example.com`);
    const verdict = judge(JSON.stringify(JSON.stringify({ mails })), {
      schema: { ...note, maxLength: 5000 },
    });
    expect(['2-9', '10+']).toContain(verdict.countBucket);
    expect(JSON.stringify(verdict.codes)).not.toContain('user1');
  });

  it('says how many findings there were in three steps and no finer', () => {
    const list: ValueSchema = { type: 'array', items: note, maxItems: 60 };
    const bucket = (count: number) => {
      const mails = Array.from({ length: count }, (_, i) => `write user${i}@example.com`);
      return judge(JSON.stringify(mails), { schema: list });
    };
    const said = new Set<string>();
    for (const count of [0, 1, 2, 5, 9, 10, 11, 40]) {
      const { findings, countBucket } = bucket(count);
      const found = findings.length;
      expect(countBucket).toBe(found === 0 ? '0' : found === 1 ? '1' : found < 10 ? '2-9' : '10+');
      said.add(countBucket);
    }
    expect(said).toContain('2-9');
    expect(said).toContain('10+');
    // Blocked for something else than a finding: still one block.
    expect(judge('{"n":1}', { rowsRead: 1 })).toMatchObject({ findings: [], countBucket: '1' });
  });

  it('digests policy, schema and outcome', () => {
    const digest = (more: Partial<EgressContext>, text = '{"n":1}') =>
      Buffer.from(judge(text, more).digest).toString('hex');
    const base = digest({});
    expect(digest({})).toBe(base);
    expect(digest({ policy: { minimumGroup: 5 } })).not.toBe(base);
    expect(digest({ schema: note }, '"x"')).not.toBe(base);
    expect(digest({}, '{"n":1000}')).not.toBe(base);
  });

  const planted = { canaries: ['Zebedee Quillfeather'] };

  it('finds a planted row in an answer that fits', () => {
    const verdict = judge('"seen: Zebedee Quillfeather"', { schema: note, policy: planted });
    expect(verdict.blocked).toBe(true);
    expect(verdict.codes).toContain('CANARY');
    expect(judge('"seen: nobody"', { schema: note, policy: planted }).codes).not.toContain(
      'CANARY',
    );
    expect(judge('"seen: nobody"', { schema: note, policy: { canaries: [] } }).blocked).toBe(false);
  });

  it('looks for planted rows, and for nothing else, where an answer does not fit', () => {
    const text = '["Zebedee Quillfeather", "123-45-6789", "ann@example.org"]';
    expect(judge(text, { policy: planted }).codes).toEqual(['CANARY', 'SCHEMA']);
    expect(judge(text).codes).toEqual(['SCHEMA']);
    expect(judge('["nobody"]', { policy: planted }).codes).toEqual(['SCHEMA']);
  });

  it('lets 32 levels out and no more', () => {
    const deep = (levels: number) => {
      let schema: ValueSchema = { type: 'integer', minimum: 0, maximum: 9 };
      for (let i = 0; i < levels; i++) schema = { type: 'array', items: schema, maxItems: 1 };
      return judge(`${'['.repeat(levels)}1${']'.repeat(levels)}`, { schema }).codes;
    };
    expect(deep(DEPTH)).toEqual([]);
    expect(deep(DEPTH + 1)).toEqual(['SCHEMA']);
  });
});
