/** Writes docs/schemas/client-policy.schema.json from the schema in shared/policy. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientPolicyJsonSchema } from '../shared/policy/client-policy.ts';

const file = join(import.meta.dirname, '..', 'docs', 'schemas', 'client-policy.schema.json');
writeFileSync(file, `${JSON.stringify(clientPolicyJsonSchema(), null, 2)}\n`);
