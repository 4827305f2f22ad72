import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { clientPolicyJsonSchema } from '../../../shared/policy/client-policy.ts';

const docs = join(import.meta.dirname, '..', '..', '..', 'docs', 'schemas');

it('the published schema of a client policy is the one in the code', () => {
  const published: unknown = JSON.parse(
    readFileSync(join(docs, 'client-policy.schema.json'), 'utf8'),
  );
  expect(published).toEqual(JSON.parse(JSON.stringify(clientPolicyJsonSchema())));
});
