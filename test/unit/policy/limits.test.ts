/** Each bound of the files that owners and clients write: the last value taken, the first refused. */
import { describe, expect, it } from 'vitest';
import { capabilityDescription } from '../../../shared/policy/capability.ts';
import { clientPolicySchema, parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import { egressPolicySchema } from '../../../shared/policy/egress-policy.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { nodeConfigSchema } from '../../../shared/policy/node-config-schema.ts';
import { valueSchema } from '../../../shared/policy/node-config-value.ts';
import { codeOf } from '../../support/code-of.ts';

const x = (length: number) => 'x'.repeat(length);
const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);

/** A copy with the value at `a.0.b` set. */
function withAt(value: unknown, path: string, to: unknown): unknown {
  const [key = '', ...rest] = path.split('.');
  const inner: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  const changed = rest.length === 0 ? to : withAt(inner, rest.join('.'), to);
  if (Array.isArray(value)) return value.with(Number(key), changed);
  return { ...Object(value), [key]: changed };
}

type Edge = readonly [path: string, taken: readonly unknown[], refused: readonly unknown[]];

function judged(
  schema: { safeParse(value: unknown): { success: boolean } },
  base: unknown,
  [path, taken, refused]: Edge,
) {
  const judge = (values: readonly unknown[]) =>
    values.map((value) => schema.safeParse(withAt(base, path, value)).success);
  return { taken: judge(taken), refused: judge(refused) };
}
const allOf = ([, taken, refused]: Edge) => ({
  taken: taken.map(() => true),
  refused: refused.map(() => false),
});
const whole = (least: number, most: number) =>
  [
    [least, most],
    [least - 1, most + 1, least + 0.5],
  ] as const;

const config = {
  version: 1,
  listen: { host: 'h', port: 1 },
  webSocket: { host: 'h', port: 1, origins: ['https://a.example'] },
  announce: ['/ip4/10.0.0.1/tcp/1'],
  mesh: { bootstrap: [], dial: ['10.0.0.0/8'] },
  metrics: { host: 'h', port: 1 },
  identityFile: 'id',
  sandbox: { processes: 1 },
  relay: {},
  datasets: [
    {
      ...{ id: 'd', format: 'csv', path: 'd.csv', classification: 'internal' },
      columns: [{ name: 'a', type: 'int32' }],
    },
    {
      ...{ id: 'f', format: 'fhir-ndjson', path: 'f', classification: 'public' },
      view: {
        resource: 'Patient',
        select: [{ column: [{ name: 'a', path: 'id', type: 'id' }] }],
        where: [{ path: 'active' }],
      },
    },
  ],
  capabilities: [
    {
      ...{ name: 'c', version: '1.0.0', logic: { module: 'm' } },
      datasets: [{ id: 'd', columns: ['a'] }],
      input: { type: 'null' },
      output: { type: 'null' },
      limits: {},
    },
  ],
};
const column = (index: number) => ({ name: `c${index}`, type: 'int32' });
const columns = (count: number) => Array.from({ length: count }, (_, index) => column(index));
const viewColumns = (count: number) =>
  columns(count).map(({ name }) => ({ name, path: 'id', type: 'id' }));
const names = (count: number) => columns(count).map(({ name }) => name);

describe('nmp.node.json', () => {
  const origin = (length: number) => `https://${x(length - 8)}`;
  const bootstrap = (length: number) => {
    const head = '/ip4/10.0.0.1/tcp/4720/p2p/';
    return head + x(length - head.length);
  };
  it.each<Edge>([
    ['version', [1], [0, 2, '1']],
    ['$schema', [x(1024)], [x(1025)]],
    ['listen.host', ['h', x(253)], ['', x(254)]],
    ['listen.port', ...whole(0, 65_535)],
    ['webSocket.host', ['h', x(253)], ['', x(254)]],
    ['webSocket.port', ...whole(0, 65_535)],
    ['webSocket.origins', [many(64, 'http://a')], [[], many(65, 'http://a')]],
    ['webSocket.origins.0', [origin(272)], [origin(273), 'ftp://a', 'https://A']],
    ['announce', [[], many(16, 'a')], [many(17, 'a')]],
    ['announce.0', ['a', x(256)], ['', x(257)]],
    ['mesh.bootstrap', [many(16, bootstrap(60))], [many(17, bootstrap(60))]],
    ['mesh.bootstrap', [[bootstrap(256)]], [[bootstrap(257)], ['/ip4/1/tcp/123456/p2p/a']]],
    ['mesh.dial', [[], many(64, '10.0.0.0/8')], [many(65, '10.0.0.0/8'), ['10.0.0.1/8']]],
    ['metrics.host', ['h', x(253)], ['', x(254)]],
    ['metrics.port', ...whole(0, 65_535)],
    ['identityFile', ['i', x(4096)], ['', x(4097)]],
    ['audit', [{ ownerKey: x(1622) }], [{ ownerKey: x(1621) }, { ownerKey: x(1623) }]],
    ['audit', [{ ownerKey: `${x(1621)}_` }], [{ ownerKey: `${x(1621)}+` }]],
    ['quic', [true, false], [1]],
    ['sandbox.processes', ...whole(1, 16)],
    ['relay.connections', ...whole(1, 65_536)],
    ['relay.connectionsPerSource', ...whole(1, 65_536)],
    ['relay.connectTimeoutMs', ...whole(10, 600_000)],
    ['relay.idleTimeoutMs', ...whole(1_000, 86_400_000)],
    ['datasets', [many(64, config.datasets[0])], [many(65, config.datasets[0])]],
    ['datasets.0.id', ['d', `0${x(63)}`], ['', `0${x(64)}`, '_', 'D']],
    ['datasets.0.path', ['p', x(4096)], ['', x(4097)]],
    ['datasets.0.description', [x(1024)], [x(1025)]],
    ['datasets.0.salt', ['ab'.repeat(32)], ['ab'.repeat(31), 'AB'.repeat(32)]],
    ['datasets.0.columns', [columns(1), columns(256)], [[], columns(257)]],
    ['datasets.0.columns.0.name', ['_', `a${x(63)}`], ['', `a${x(64)}`, '0a']],
    ['datasets.0.columns.0.from', ['f', x(256)], ['', x(257)]],
    ['datasets.0.delimiter', [',', ';', '\t'], ['', ' ']],
    ['datasets.1.view.resource', [`A${x(63)}`], [`A${x(64)}`, 'patient']],
    ['datasets.1.view.select.0.column', [viewColumns(1), viewColumns(256)], [[], viewColumns(257)]],
    ['datasets.1.view.select', [many(32, { column: viewColumns(1) })], [[]]],
    ['datasets.1.view.select', [], [many(33, { column: viewColumns(1) })]],
    ['datasets.1.view.select.0.column.0.path', ['p', x(1024)], ['', x(1025)]],
    ['datasets.1.view.select.0.column.0.description', [x(1024)], [x(1025)]],
    ['datasets.1.view.where', [many(32, { path: 'p' })], [many(33, { path: 'p' })]],
    ['datasets.1.view.where.0.description', [x(1024)], [x(1025)]],
    ['capabilities', [many(64, config.capabilities[0])], [many(65, config.capabilities[0])]],
    ['capabilities.0.version', ['0.10.999999'], ['1.0', '01.0.0', '1.0.1000000']],
    ['capabilities.0.description', [x(1024)], [x(1025)]],
    ['capabilities.0.logic.module', ['m', x(4096)], ['', x(4097)]],
    ['capabilities.0.datasets', [many(16, { id: 'd', columns: ['a'] })], []],
    ['capabilities.0.datasets', [], [many(17, { id: 'd', columns: ['a'] })]],
    ['capabilities.0.datasets.0.columns', [names(1), names(256)], [[], names(257)]],
    ['capabilities.0.limits.fuel', ...whole(1_000, 1_000_000_000_000)],
    ['capabilities.0.limits.memoryBytes', ...whole(65_536, 52_428_800)],
    ['capabilities.0.limits.deadlineMs', ...whole(1, 600_000)],
    ['capabilities.0.limits.outputBytes', ...whole(2, 1_048_576)],
    ['capabilities.0.limits.moduleBytes', ...whole(8, 10_485_760)],
    ['capabilities.0.wasi', [[], many(7, 'clock')], [many(8, 'clock'), ['sockets']]],
    ['capabilities.0.proofModes', [['attested'], many(2, 'attested')], [[], ['none']]],
    ['capabilities.0.proofModes', [], [many(3, 'attested')]],
  ])('%s', (...edge) => {
    expect(judged(nodeConfigSchema, config, edge)).toEqual(allOf(edge));
  });

  it('has defaults that let little through', () => {
    const { capabilities, mesh, quic, sandbox, relay } = parseNodeConfig(
      JSON.stringify({ ...config, mesh: undefined, sandbox: undefined }),
      'nmp.node.json',
    );
    expect({ mesh, quic, sandbox, relay, limits: capabilities[0]?.limits }).toEqual({
      mesh: { bootstrap: [], dial: [] },
      quic: false,
      sandbox: { processes: 1 },
      relay: {
        ...{ connections: 4_096, connectionsPerSource: 512 },
        ...{ connectTimeoutMs: 5_000, idleTimeoutMs: 600_000 },
      },
      limits: {
        ...{ fuel: 1_000_000_000, memoryBytes: 52_428_800, deadlineMs: 10_000 },
        ...{ outputBytes: 65_536, moduleBytes: 1_048_576 },
      },
    });
    expect(capabilities[0]).toMatchObject({ wasi: [], proofModes: ['attested'], egress: {} });
  });
});

describe('a value schema', () => {
  const shapes: Record<string, object> = {
    enum: { type: 'string', enum: ['a'] },
    text: { type: 'string', maxLength: 1, 'x-nmp-free-text': true },
    array: { type: 'array', items: { type: 'null' }, maxItems: 1 },
    object: { type: 'object', properties: { a: { type: 'null' } }, additionalProperties: false },
    anyOf: { anyOf: [{ type: 'null' }] },
    integer: { type: 'integer', minimum: 0, maximum: 9 },
    number: { type: 'number', minimum: 0, maximum: 9, multipleOf: 1 },
  };
  const different = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);
  it.each<Edge>([
    ['enum.enum', [['a'], different(4096)], [[], different(4097), ['a', 'a']]],
    ['enum.enum.0', ['', x(256)], [x(257)]],
    ['text.maxLength', ...whole(1, 65_536)],
    ['text.x-nmp-free-text', [true], [false]],
    ['array.maxItems', ...whole(0, 1_000_000)],
    ['array.minItems', [0, 1], [-1, 2, 0.5]],
    ['object.required', [[], ['a'], many(256, 'a')], [['b'], many(257, 'a')]],
    ['object.additionalProperties', [false], [true]],
    ['object.properties', [{}, { [x(128)]: { type: 'null' } }], [{ '': { type: 'null' } }]],
    ['object.properties', [], [{ [x(129)]: { type: 'null' } }]],
    ['anyOf.anyOf', [many(32, { type: 'null' })], [[], many(33, { type: 'null' })]],
    ['integer.minimum', [-(2 ** 53) + 1, 9], [10, 0.5, -(2 ** 53)]],
    ['number.minimum', [-1e300, 9], [10, Number.NaN]],
    ['number.multipleOf', [1e-9, 5], [0, -1]],
  ])('%s', (path, taken, refused) => {
    const [shape = '', ...rest] = path.split('.');
    const edge = [rest.join('.'), taken, refused] as const;
    expect(judged(valueSchema, shapes[shape], edge)).toEqual(allOf(edge));
  });
});

describe('an egress policy', () => {
  const privacy = { milliEpsilon: 1, milliEpsilonTotal: 1, fields: { a: 1 } };
  const fields = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 1]));
  it.each<Edge>([
    ['minimumGroup', ...whole(0, 1_000_000)],
    ['restrictedKeys', [many(256, 'k')], [many(257, 'k')]],
    ['restrictedKeys', [['k'], [x(128)]], [[''], [x(129)]]],
    ['quotaBits', ...whole(1, 1_000_000_000)],
    ['clientQuotaBits', ...whole(1, 1_000_000_000)],
    ['blocksBeforeQuarantine', ...whole(1, 1_000)],
    ['canaries', [many(64, x(12))], [many(65, x(12))]],
    ['canaries', [[x(12)], [x(256)]], [[x(11)], [x(257)]]],
    ['privacy.milliEpsilon', ...whole(1, 10_000)],
    ['privacy.milliEpsilonTotal', ...whole(1, 1_000_000)],
    ['privacy.fields', [fields(1), fields(32)], [{}, fields(33)]],
    ['privacy.fields.a', ...whole(1, 1_000_000_000)],
    ['privacy.fields', [{ [x(64)]: 1 }], [{ [x(65)]: 1 }, { '': 1 }]],
  ])('%s', (...edge) => {
    expect(judged(egressPolicySchema, { privacy }, edge)).toEqual(allOf(edge));
  });
});

describe('a client policy', () => {
  const pcr = 'ab'.repeat(48);
  const release = { pcr0: pcr, pcr1: pcr, pcr2: pcr };
  const policy = { version: 1, releases: [release] };
  const print = 'cd'.repeat(32);
  it.each<Edge>([
    ['$schema', [x(1024)], [x(1025)]],
    ['releases', [many(256, release)], [[], many(257, release)]],
    ['releases.0.name', ['n', x(128)], ['', x(129)]],
    ['releases.0.pcr3', [pcr], ['']],
    ['anchors', [many(16, print)], [[], many(17, print)]],
    ['simulatedRoots', [[], many(16, print)], [many(17, print)]],
    ['maxAgeMs', ...whole(1_000, 86_400_000)],
    ['allowDebug', [true, false], ['true']],
  ])('%s', (...edge) => {
    expect(judged(clientPolicySchema, policy, edge)).toEqual(allOf(edge));
  });

  it('is read up to a length, and no file that is longer', () => {
    const text = (length: number) => JSON.stringify(policy).padEnd(length);
    expect(parseClientPolicy(text(1_048_576), 'p.json').releases).toHaveLength(1);
    expect(codeOf(() => parseClientPolicy(text(1_048_577), 'p.json'))).toBe(
      'ATTESTATION_POLICY_INVALID',
    );
  });
});

describe('the description of a capability, which comes from a node', () => {
  const hash = '0'.repeat(64);
  const described = {
    ...{ name: 'c', version: '1.0.0', description: '', logic: { moduleHash: hash } },
    datasets: [{ id: 'd', columns: ['a'] }],
    input: { type: 'null' },
    output: { type: 'null' },
    limits: { fuel: 0, memoryBytes: 0, deadlineMs: 0, outputBytes: 0, moduleBytes: 0 },
    egressPolicy: hash,
    proofModes: ['attested'],
  };
  const least: Edge[2] = [-1, 0.5, '1'];
  it.each<Edge>([
    ['name', ['n', x(64)], ['', x(65)]],
    ['version', ['1', x(32)], ['', x(33)]],
    ['description', ['', x(1024)], [x(1025)]],
    ['logic', ['client', { moduleHash: hash, abi: x(32) }], ['node', { moduleHash: '0' }]],
    ['logic.abi', [x(32)], [x(33)]],
    ['datasets', [many(16, { id: '', columns: [] })], [many(17, { id: '', columns: [] })]],
    ['datasets.0.id', [x(64)], [x(65)]],
    ['datasets.0.columns', [many(256, x(64))], [many(257, 'a'), [x(65)]]],
    ['limits.fuel', [0, 1], least],
    ['limits.memoryBytes', [0], least],
    ['limits.deadlineMs', [0], least],
    ['limits.outputBytes', [0], least],
    ['limits.moduleBytes', [0], least],
    ['wasi', [[x(32)], many(16, 'fs')], [[], [x(33)], many(17, 'fs')]],
    ['egressPolicy', [hash], [hash.slice(1)]],
    ['proofModes', [[], many(8, x(32))], [many(9, 'a'), [x(33)]]],
  ])('%s', (...edge) => {
    expect(judged(capabilityDescription, described, edge)).toEqual(allOf(edge));
  });
});
