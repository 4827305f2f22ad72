import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import {
  guardSchemaFiles,
  parseManifest,
  parsePolicy,
} from '../../../enclave/guardian/policy-schema.ts';

const docs = join(import.meta.dirname, '..', '..', '..', 'docs', 'schemas');

it.each(Object.entries(guardSchemaFiles()))(
  'docs/schemas/%s is written from the schema',
  (name, text) => {
    expect(JSON.parse(readFileSync(join(docs, name), 'utf8'))).toEqual(JSON.parse(text));
  },
);

it('keeps defaults for what a policy leaves out', () => {
  expect(parsePolicy('{}', 'p')).toEqual(DEFAULT_POLICY);
  const policy = parsePolicy('{"limits":{"imports":3},"startFunction":"reject"}', 'p');
  expect(policy.limits).toEqual({ ...DEFAULT_POLICY.limits, imports: 3 });
  expect(policy.startFunction).toBe('reject');
});

it('reads a manifest', () => {
  expect(
    parseManifest('{"entry":"nmp_run","capabilities":["stdin"],"deterministic":true}', 'm'),
  ).toEqual({
    entry: 'nmp_run',
    capabilities: ['stdin'],
    deterministic: true,
  });
  expect(parseManifest('{}', 'm')).toEqual({ capabilities: [] });
});

it.each([
  ['not JSON', '{'],
  ['an unknown member', '{"capability":[]}'],
  ['an unknown capability', '{"capabilities":["root"]}'],
  ['a capability that none may have', '{"capabilities":["never"]}'],
  ['another type', '{"deterministic":"yes"}'],
  ['a list', '[]'],
  ['too much', `{"entry":"${'x'.repeat(70_000)}"}`],
])('refuses a manifest with %s', (_, text) => {
  expect(() => parseManifest(text, 'm')).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

it.each([
  ['a limit above the ceiling', '{"limits":{"moduleBytes":10485761}}'],
  ['a negative limit', '{"limits":{"imports":-1}}'],
  ['an unknown limit', '{"limits":{"import":1}}'],
  ['an unknown treatment', '{"secrets":"ignore"}'],
  ['a fractional cost', '{"maximumCost":"1.5"}'],
])('refuses a policy with %s', (_, text) => {
  expect(() => parsePolicy(text, 'p')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
