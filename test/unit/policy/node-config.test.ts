import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NmpError } from '../../../shared/errors.ts';
import { nodeConfigSchemaFile, parseNodeConfig } from '../../../shared/policy/node-config.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A small valid configuration as plain data, fresh for every test. */
function sample() {
  return {
    version: 1,
    datasets: [
      {
        id: 'd',
        format: 'csv',
        path: 'd.csv',
        classification: 'internal',
        columns: [
          { name: 'a', type: 'utf8' },
          { name: 'b', type: 'int32' },
        ],
      },
    ],
    capabilities: [
      {
        name: 'c',
        version: '1.0.0',
        datasets: [{ id: 'd', columns: ['a'] }],
        input: { type: 'null' },
        output: { type: 'integer', minimum: 0, maximum: 9 },
      },
    ],
  };
}

const parse = (value: unknown) => parseNodeConfig(JSON.stringify(value), 'my.json');

/** The sample with the value at a path replaced; undefined removes it. */
function broken(path: readonly (string | number)[], value: unknown): unknown {
  const config: unknown = sample();
  let at: unknown = config;
  for (const part of path.slice(0, -1)) at = Reflect.get(Object(at), part);
  Reflect.set(Object(at), path.at(-1)!, value);
  return config;
}

function refusal(value: unknown): NmpError {
  try {
    parse(value);
  } catch (error) {
    if (error instanceof NmpError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('parseNodeConfig', () => {
  it('puts every default in place', () => {
    const config = parse(sample());
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 4720 });
    expect(config.sandbox).toEqual({ processes: 1 });
    expect(config.relay.connections).toBe(4096);
    const [capability] = config.capabilities;
    expect(capability).toMatchObject({
      logic: 'client',
      egress: {},
      proofModes: ['attested'],
      limits: {
        fuel: 1_000_000_000,
        memoryBytes: 52_428_800,
        deadlineMs: 10_000,
        outputBytes: 65_536,
        moduleBytes: 1_048_576,
      },
    });
  });

  it('needs an address of its own for QUIC', () => {
    const quic = (host: string) => ({ ...sample(), quic: true, listen: { host, port: 4720 } });
    expect(parse(quic('127.0.0.1')).quic).toBe(true);
    expect(refusal(quic('localhost')).message).toContain('$.listen.host');
  });

  it('quotes what is no plain name in the path of a mistake', () => {
    const config = broken(['capabilities', 0, 'input'], {
      type: 'object',
      properties: { 'a b"c': { type: 'nothing' } },
      additionalProperties: false,
    });
    expect(refusal(config).message).toContain('["a b\\"c"]');
  });

  it.each([
    ['of another name', { m: 'integer' }, ['m']],
    ['that an answer may leave out', { n: 'integer' }, []],
    ['that is no integer', { n: 'boolean' }, ['n']],
  ] as const)('refuses noise on a field %s', (_, properties, required) => {
    const schemaOf = (type: string) =>
      type === 'integer' ? { type, minimum: 0, maximum: 9 } : { type };
    const output = {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, type]) => [name, schemaOf(type)]),
      ),
      required,
      additionalProperties: false,
    };
    const privacy = { milliEpsilon: 1, milliEpsilonTotal: 1 };
    const config = (field: string, shape: object = output) => {
      const [capability] = sample().capabilities;
      const egress = { privacy: { ...privacy, fields: { [field]: 1 } } };
      return { ...sample(), capabilities: [{ ...capability, output: shape, egress }] };
    };
    const where = '$.capabilities[0].egress.privacy.fields.n';
    expect(refusal(config('n')).message).toContain(where);
    expect(refusal(config('n', { anyOf: [output, { type: 'null' }] })).message).toContain(where);
    expect(refusal(config('n', { type: 'boolean' })).message).toContain(where);
    expect(refusal(config('toString')).message).toContain('fields.toString');
    const good = { ...output, properties: { n: schemaOf('integer') }, required: ['n'] };
    expect(parse(config('n', good)).capabilities[0]?.egress.privacy?.fields).toEqual({ n: 1 });
  });

  it('reads the example', () => {
    const text = readFileSync(join(root, 'examples/nmp.node.json'), 'utf8');
    const config = parseNodeConfig(text, 'examples/nmp.node.json');
    expect(config.capabilities.map((c) => c.name)).toEqual([
      'cohort-statistics',
      'cohort-note',
      'mean-hba1c',
      'card-fraud-features',
    ]);
  });

  it.each([
    ['an unknown key', ['lisen'], {}, '$.lisen: unknown key'],
    [
      'an unknown key deep down',
      ['datasets', 0, 'columns', 1, 'nam'],
      'x',
      '$.datasets[0].columns[1].nam: unknown key',
    ],
    [
      'other images to trust beside its equals',
      ['peers'],
      { measurements: [], simulatedRoots: [] },
      '$.peers.measurements: unknown key',
    ],
    ['an unknown version', ['version'], 2, '$.version'],
    ['an unknown format', ['datasets', 0, 'format'], 'xml', '$.datasets[0].format'],
    [
      'an unknown type',
      ['datasets', 0, 'columns', 0, 'type'],
      'int64',
      '$.datasets[0].columns[0].type',
    ],
    ['an id in capitals', ['datasets', 0, 'id'], 'D', '$.datasets[0].id'],
    ['a missing path', ['datasets', 0, 'path'], undefined, '$.datasets[0].path'],
    ['a short salt', ['datasets', 0, 'salt'], 'abcd', '$.datasets[0].salt'],
    ['no columns', ['datasets', 0, 'columns'], [], '$.datasets[0].columns'],
    ['a port beyond 65535', ['listen'], { host: 'h', port: 65_536 }, '$.listen.port'],
    [
      'memory beyond 50 MiB',
      ['capabilities', 0, 'limits'],
      { memoryBytes: 52_428_801 },
      '$.capabilities[0].limits.memoryBytes',
    ],
    [
      'a fraction of fuel',
      ['capabilities', 0, 'limits'],
      { fuel: 1000.5 },
      '$.capabilities[0].limits.fuel',
    ],
    [
      'a module beyond 10 MiB',
      ['capabilities', 0, 'limits'],
      { moduleBytes: 10_485_761 },
      '$.capabilities[0].limits.moduleBytes',
    ],
    [
      'an unknown proof mode',
      ['capabilities', 0, 'proofModes'],
      ['groth16'],
      '$.capabilities[0].proofModes[0]',
    ],
    [
      'a version that is not semantic',
      ['capabilities', 0, 'version'],
      '1.0',
      '$.capabilities[0].version',
    ],
    [
      'a misspelt egress rule',
      ['capabilities', 0, 'egress'],
      { minimumgroup: 3 },
      '$.capabilities[0].egress.minimumgroup: unknown key',
    ],
    [
      'an output without a bound',
      ['capabilities', 0, 'output'],
      { type: 'integer', minimum: 0 },
      '$.capabilities[0].output.maximum',
    ],
    [
      'text that is neither listed nor declared free',
      ['capabilities', 0, 'output'],
      { type: 'string' },
      '$.capabilities[0].output.enum',
    ],
    [
      'an object that is open',
      ['capabilities', 0, 'output'],
      { type: 'object', properties: {}, additionalProperties: true },
      '$.capabilities[0].output.additionalProperties',
    ],
    [
      'a range upside down',
      ['capabilities', 0, 'output'],
      { type: 'integer', minimum: 2, maximum: 1 },
      'minimum is above maximum',
    ],
    [
      'a number range upside down',
      ['capabilities', 0, 'output'],
      { type: 'number', minimum: 2, maximum: 1, multipleOf: 1 },
      'minimum is above maximum',
    ],
    [
      'a step of zero',
      ['capabilities', 0, 'output'],
      { type: 'number', minimum: 0, maximum: 1, multipleOf: 0 },
      '.multipleOf',
    ],
    [
      'items upside down',
      ['capabilities', 0, 'output'],
      { type: 'array', items: { type: 'null' }, minItems: 2, maxItems: 1 },
      'minItems is above maxItems',
    ],
    [
      'a repeated enum value',
      ['capabilities', 0, 'output'],
      { type: 'string', enum: ['a', 'a'] },
      'enum repeats a value',
    ],
    [
      'a required name that is not declared',
      ['capabilities', 0, 'output'],
      { type: 'object', properties: {}, required: ['x'], additionalProperties: false },
      'required names a property',
    ],
    [
      'a grant of an unknown dataset',
      ['capabilities', 0, 'datasets', 0, 'id'],
      'e',
      '$.capabilities[0].datasets[0].id: no dataset has this id',
    ],
    [
      'a grant of an unknown column',
      ['capabilities', 0, 'datasets', 0, 'columns', 0],
      'z',
      '$.capabilities[0].datasets[0].columns[0]: the dataset has no such column',
    ],
    [
      'a column granted twice',
      ['capabilities', 0, 'datasets', 0, 'columns'],
      ['a', 'a'],
      'a column is granted twice',
    ],
    [
      'a dataset granted twice',
      ['capabilities', 0, 'datasets', 1],
      { id: 'd', columns: ['b'] },
      'granted twice',
    ],
    [
      'a dataset id used twice',
      ['datasets', 1],
      sample().datasets[0],
      '$.datasets[1].id: used twice',
    ],
    [
      'a column name used twice',
      ['datasets', 0, 'columns', 1, 'name'],
      'a',
      'a column name is used twice',
    ],
    [
      'a capability declared twice',
      ['capabilities', 1],
      sample().capabilities[0],
      'c@1.0.0 is declared twice',
    ],
    [
      'a proof mode named twice',
      ['capabilities', 0, 'proofModes'],
      ['attested', 'attested'],
      'a mode is named twice',
    ],
  ])('refuses %s and names file and place', (_, path, value, message) => {
    const error = refusal(broken(path, value));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('my.json: ');
    expect(error.message).toContain(message);
    expect(error.remedy).toContain('docs/schemas');
  });

  it('refuses an output schema nested deeper than an answer may be', () => {
    let output: unknown = { type: 'null' };
    for (let i = 0; i < 16; i++) output = { type: 'array', items: output, maxItems: 1 };
    expect(refusal(broken(['capabilities', 0, 'output'], output)).message).toContain(
      'nested deeper',
    );
  });

  it('refuses deep nesting before it recurses', () => {
    const deep = `${'[{"anyOf":'.repeat(20_000)}1${'}]'.repeat(20_000)}`;
    expect(() => parseNodeConfig(deep, 'my.json')).toThrow('my.json: $: nested deeper than 64');
  });

  it('says that a value fits no form if it means none', () => {
    const error = refusal(broken(['capabilities', 0, 'output'], { type: 'date' }));
    expect(error.message).toBe('my.json: $.capabilities[0].output: fits none of the allowed forms');
  });

  it('names line and column of broken JSON but quotes nothing of it', () => {
    const text = '{\n  "version": 1,\n  "salt": "c0ffee" "x"\n}';
    expect(() => parseNodeConfig(text, 'my.json')).toThrow(
      /^my\.json: not JSON at line 3 column \d+$/,
    );
    expect(() => parseNodeConfig('{"salt": "c0ffee', 'my.json')).toThrow(/^my\.json: not JSON at /);
    expect(() => parseNodeConfig('{"salt": "c0ffee', 'my.json')).not.toThrow(/c0ffee/);
  });

  it('refuses a file beyond its limit', () => {
    expect(() => parseNodeConfig(' '.repeat(1_048_577), 'my.json')).toThrow('longer than');
  });

  it('lists several faults at once, and not endlessly many', () => {
    const config = { ...sample(), datasets: Array.from({ length: 20 }, () => ({})) };
    const lines = refusal(config).message.split('\n');
    expect(lines).toHaveLength(9);
    expect(lines[8]).toMatch(/^… and \d+ more$/);
  });
});

describe('docs/schemas/nmp.node.schema.json', () => {
  it('is the schema that the node uses', () => {
    const published = readFileSync(join(root, 'docs/schemas/nmp.node.schema.json'), 'utf8');
    // On a difference: node scripts/data/node-schema.ts
    expect(JSON.parse(published)).toEqual(JSON.parse(nodeConfigSchemaFile()));
  });

  it('refuses unknown keys in every object, as the node does', () => {
    const open: string[] = [];
    const visit = (value: unknown, path: string) => {
      if (typeof value !== 'object' || value === null) return;
      if (Reflect.get(value, 'type') === 'object' && !('propertyNames' in value)) {
        if (Reflect.get(value, 'additionalProperties') !== false) open.push(path);
      }
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}/${key}`);
    };
    visit(JSON.parse(nodeConfigSchemaFile()), '');
    expect(open).toEqual([]);
  });
});
