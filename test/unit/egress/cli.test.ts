/** `nmp scan` and `nmp policy` as an operator calls them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  egressPolicySchemaFile,
  lintEgressPolicy,
  parseEgressPolicy,
} from '../../../shared/policy/egress-policy.ts';
import { codeOf } from '../../support/code-of.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'nmp-policy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const nmp = (words: readonly string[], input = '') => {
  const main = join(root, 'client', 'cli', 'main.ts');
  return spawnSync(process.execPath, [main, ...words], { encoding: 'utf8', input });
};

const strict = file(
  'strict.json',
  '{"minimumGroup":11,"clientQuotaBits":500,"restrictedKeys":["ward code"],"canaries":["Zebedee Quillfeather"]}',
);
const samples = [
  { id: 1, body: '{"ward_code":"N-1234"}', expect: 'block' },
  { id: 2, body: JSON.stringify({ x: 'zebedee-quillfeather' }), expect: 'block' },
  { id: 3, body: '{"count":12}', expect: 'pass' },
];
const lines = (all: readonly object[]) => all.map((one) => JSON.stringify(one)).join('\n');

describe('nmp scan', () => {
  it('matches rows of a table and says where, one line a document', () => {
    const table = file('table.ndjson', '{"name":"Ottilie Fernsworth","ward":"north"}\n');
    const input = lines([
      { id: 'a', body: '{"x":["otti","lie fe","rnsworth"]}' },
      { id: 'b', body: '{"n":1}' },
    ]);
    const { status, stdout } = nmp(['scan', '--table', table, '--policy', strict], input);
    expect(status).toBe(4);
    const [a, b] = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(a).toMatchObject({ id: 'a', blocked: true, types: ['TABLE_MATCH'] });
    expect(b).toEqual({ id: 'b', blocked: false, types: [], path: null });
  });
});

describe('nmp policy', () => {
  it('lint: nothing to say of a strict policy, exit 4 for one that leaves much open', () => {
    expect(nmp(['policy', 'lint', strict]).status).toBe(0);
    const { status, stdout } = nmp(['policy', 'lint', '--json', file('empty.json', '{}')]);
    expect(status).toBe(4);
    expect(JSON.parse(stdout).remarks.map(({ path }: { path: string }) => path)).toEqual([
      '$.minimumGroup',
      '$.clientQuotaBits',
      '$.canaries',
    ]);
  });

  it('test: holds samples to what they expect', () => {
    const good = file('good.ndjson', lines(samples));
    expect(nmp(['policy', 'test', strict, '--samples', good]).status).toBe(0);
    const bad = file(
      'bad.ndjson',
      lines([...samples, { id: 4, body: '{"n":1}', expect: 'block' }]),
    );
    const { status, stdout } = nmp(['policy', 'test', strict, '--samples', bad]);
    expect(status).toBe(4);
    expect(stdout).toContain('line 4: expected block, found nothing');
    const odd = file('odd.ndjson', lines([{ id: 5, body: 'x', expect: 'maybe' }]));
    expect(nmp(['policy', 'test', strict, '--samples', odd]).status).not.toBe(0);
  });
});

describe('the egress policy file', () => {
  it('names what is weak in it', () => {
    const paths = lintEgressPolicy({
      minimumGroup: 3,
      quotaBits: 100,
      clientQuotaBits: 50,
      canaries: ['1234-5678-901', 'Zebedee Quillfeather'],
      restrictedKeys: ['Ward Code', 'ward_code', '--'],
    }).map(({ path }) => path);
    expect(paths).toEqual([
      '$.minimumGroup',
      '$.quotaBits',
      '$.canaries.0',
      '$.restrictedKeys.1',
      '$.restrictedKeys.2',
    ]);
  });

  it('refuses what is no policy, and never quotes it', () => {
    for (const text of [
      '{',
      '[]',
      '{"quotaBits":0}',
      '{"secret-thing":1}',
      '{"canaries":["short"]}',
    ]) {
      expect(codeOf(() => parseEgressPolicy(text, 'p.json'))).toBe('CONFIG_INVALID');
    }
    expect(codeOf(() => parseEgressPolicy(' '.repeat(300_000), 'p.json'))).toBe('CONFIG_INVALID');
  });

  it('is what docs/schemas says', () => {
    const published = readFileSync(
      join(root, 'docs', 'schemas', 'egress-policy.schema.json'),
      'utf8',
    );
    expect(JSON.parse(published)).toEqual(JSON.parse(egressPolicySchemaFile()));
  });
});
