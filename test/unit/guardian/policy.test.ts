/** What a verdict is hashed by: policy and manifest in one form, and nothing left out. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { manifestOf } from '../../../enclave/guardian/manifest-of.ts';
import {
  admissionPolicy,
  canonicalJson,
  canonicalManifest,
  DEFAULT_POLICY,
  MODULE_BYTES_CEILING,
  policyHash,
} from '../../../enclave/guardian/policy.ts';
import { parseManifest, parsePolicy } from '../../../enclave/guardian/policy-schema.ts';

const MIB = 1024 * 1024;

it('the canonical form sorts members and leaves nothing else to choose', () => {
  expect(canonicalJson({ b: [2, { d: null, c: 'x"' }], a: true, no: undefined })).toBe(
    '{"a":true,"b":[2,{"c":"x\\"","d":null}]}',
  );
  expect(canonicalJson([])).toBe('[]');
  expect(canonicalJson({})).toBe('{}');
  expect(canonicalJson(null)).toBe('null');
});

it('the defaults are these', () => {
  expect(DEFAULT_POLICY).toEqual({
    limits: {
      moduleBytes: MIB,
      memoryPages: 800,
      tableEntries: 100_000,
      functions: 20_000,
      imports: 100,
      params: 100,
      locals: 50_000,
      nesting: 1024,
      brTable: 65_520,
      customBytes: MIB,
      customSections: 16,
    },
    startFunction: 'flag',
    customSections: 'reject',
    declaredMaximum: 'flag',
    secrets: 'reject',
    maximumCost: null,
    maximumStackSlots: null,
  });
  expect(MODULE_BYTES_CEILING).toBe(10 * MIB);
});

describe('a manifest', () => {
  it('has its defaults written out and its capabilities sorted', () => {
    expect(canonicalManifest({ capabilities: [] })).toBe(
      '{"capabilities":[],"deterministic":false,"entry":null}',
    );
    expect(
      canonicalManifest({
        capabilities: ['stdout', 'fs', 'stdout'],
        deterministic: true,
        entry: 'x',
      }),
    ).toBe('{"capabilities":["fs","stdout"],"deterministic":true,"entry":"x"}');
  });

  it('follows from the ABI and what is granted', () => {
    const pure = { capabilities: [], deterministic: true };
    expect(manifestOf('pure', ['fs'])).toEqual({ ...pure, entry: 'nmp_run' });
    expect(manifestOf('component', [])).toEqual({ ...pure, entry: 'nmp-run' });
    expect(manifestOf('wasi-p1', [])).toEqual({
      entry: '_start',
      capabilities: ['stdin', 'stdout'],
      deterministic: true,
    });
    expect(manifestOf('wasi-p1', ['clock'])).toEqual({
      entry: '_start',
      capabilities: ['stdin', 'stdout', 'clock'],
      deterministic: false,
    });
    const streams = [
      'wasi:io/error',
      'wasi:io/streams',
      'wasi:cli/stdin',
      'wasi:cli/stdout',
      'wasi:cli/exit',
    ];
    expect(manifestOf('wasi-p2', [])).toEqual({
      entry: 'wasi:cli/run',
      capabilities: streams,
      deterministic: true,
    });
    // Environment and arguments are one interface; of the network there is none.
    expect(manifestOf('wasi-p2', ['env', 'args', 'net'])).toEqual({
      entry: 'wasi:cli/run',
      capabilities: [...streams, 'wasi:cli/environment'],
      deterministic: false,
    });
  });
});

it('the hash covers version, policy and manifest', () => {
  const manifest = canonicalManifest({ capabilities: [] });
  const text = `nmp-guardian/1|${canonicalJson(DEFAULT_POLICY)}|${manifest}`;
  expect(Buffer.from(policyHash(DEFAULT_POLICY, manifest))).toEqual(
    createHash('sha256').update(text).digest(),
  );
});

it('a node admits as many bytes as its largest capability says, up to the ceiling', () => {
  const admitted = (...sizes: readonly number[]) => admissionPolicy(sizes).limits.moduleBytes;
  expect(admitted()).toBe(MIB);
  expect(admitted(1, 2)).toBe(MIB);
  expect(admitted(3 * MIB, 2 * MIB)).toBe(3 * MIB);
  expect(admitted(11 * MIB)).toBe(10 * MIB);
  expect(admissionPolicy([2 * MIB])).toEqual({
    ...DEFAULT_POLICY,
    limits: { ...DEFAULT_POLICY.limits, moduleBytes: 2 * MIB },
  });
});

describe('a file', () => {
  const fails = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return undefined;
  };

  it('is refused by naming the place', () => {
    const policy = (text: string) => fails(() => parsePolicy(text, 'p.json'));
    expect(policy('{')).toContain('p.json: not JSON');
    expect(policy('7')).toContain('p.json: $:');
    expect(policy('{"limits":{"imports":-1}}')).toContain('p.json: $.limits.imports:');
    expect(policy('{"limits":{"imports":1.5}}')).toContain('p.json: $.limits.imports:');
    const long = (length: number) => `{"x":"${'x'.repeat(length - 8)}"}`;
    expect(policy(long(65_536))).not.toContain('longer');
    expect(policy(long(65_537))).toContain('p.json: longer than 65536 characters');
  });

  it.each<[string, unknown, unknown]>([
    ['limits.moduleBytes', 10 * MIB, 10 * MIB + 1],
    ['limits.memoryPages', 65_536, 65_537],
    ['limits.tableEntries', 0xffff_ffff, 2 ** 32],
    ['limits.functions', 0xffff_ffff, 2 ** 32],
    ['limits.imports', 0, -1],
    ['limits.params', 1000, 1001],
    ['limits.locals', 50_000, 50_001],
    ['limits.nesting', 65_536, 65_537],
    ['limits.brTable', 0xffff_ffff, 2 ** 32],
    ['limits.customBytes', 0xffff_ffff, 2 ** 32],
    ['limits.customSections', 0, -1],
    ['maximumCost', '9'.repeat(20), '9'.repeat(21)],
    ['maximumCost', null, ''],
    ['maximumStackSlots', 0xffff_ffff, 2 ** 32],
    ['maximumStackSlots', 0, -1],
    ['maximumStackSlots', null, '1'],
    ['startFunction', 'reject', 'allow'],
    ['customSections', 'flag', ''],
    ['declaredMaximum', 'reject', true],
    ['secrets', 'flag', null],
  ])('of a policy holds %s to %s', (path, good, bad) => {
    const [first = '', second] = path.split('.');
    const text = (value: unknown) =>
      JSON.stringify({ [first]: second === undefined ? value : { [second]: value } });
    const read: unknown = parsePolicy(text(good), 'p');
    const member = path
      .split('.')
      .reduce<unknown>((at, key) => Reflect.get(at as object, key), read);
    expect(member).toEqual(good);
    expect(fails(() => parsePolicy(text(bad), 'p'))).toContain(`p: $.${path}`);
  });

  it('of a manifest names an entry and up to 64 capabilities', () => {
    const read = (value: object) => fails(() => parseManifest(JSON.stringify(value), 'm'));
    const wasi = (length: number) => `wasi:a/${'b'.repeat(length - 7)}`;
    expect(read({ entry: 'x'.repeat(256) })).toBeUndefined();
    expect(read({ entry: 'x'.repeat(257) })).toContain('m: $.entry');
    expect(read({ entry: '' })).toContain('m: $.entry');
    expect(read({ capabilities: new Array(64).fill('fs') })).toBeUndefined();
    expect(read({ capabilities: new Array(65).fill('fs') })).toContain('m: $.capabilities');
    expect(read({ capabilities: [wasi(256)] })).toBeUndefined();
    expect(read({ capabilities: [wasi(257)] })).toContain('m: $.capabilities.0');
    for (const good of ['wasi:io/streams', 'wasi:io/streams@0.2.1-rc+1']) {
      expect(read({ capabilities: [good] })).toBeUndefined();
    }
    for (const bad of ['wasi:io', 'wasi:/x', 'wasi:io/x@', 'WASI:io/x', 'wasi:io/x y', 'x:io/x']) {
      expect(read({ capabilities: [bad] })).toContain('m: $.capabilities.0');
    }
  });
});
