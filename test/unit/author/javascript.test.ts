/** The examples in plain JavaScript answer what the ones in AssemblyScript answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildLogic } from '../../../client/author/build.ts';
import { checkScript, readScriptEngine } from '../../../client/author/script.ts';
import { openDatasets } from '../../../enclave/data/open.ts';
import { createFileSource } from '../../../enclave/data/source.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { encodeScriptInput } from '../../../shared/script/script-input.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { runGuest } from './run-guest.ts';

const examples = join(import.meta.dirname, '../../../examples');

it('card-fraud-features', async () => {
  const config = parseNodeConfig(
    readFileSync(join(examples, 'nmp.node.json'), 'utf8'),
    'nmp.node.json',
  );
  const store = await openDatasets(config, {
    source: createFileSource({ folder: examples }),
    random: { bytes: (length) => new Uint8Array(length) },
  });
  const input = encodeGuestInput({
    arguments: { categories: ['grocery', 'online', 'travel'], minimumAmount: 12.5 },
    tables: [
      {
        name: 'transactions',
        stream: store.project('transactions', ['category', 'amount', 'is_fraud']),
      },
    ],
  });
  const { bytes } = await buildLogic(join(examples, 'logic/assembly/card-fraud-features.ts'));
  const text = await checkScript(join(examples, 'logic/javascript/card-fraud-features.js'));
  const engine = await readScriptEngine();
  const answered = await runGuest(engine, encodeScriptInput(text, input));
  expect(JSON.parse(answered)).toEqual(JSON.parse(await runGuest(bytes, input)));
  expect(answered).toContain('"category":"online"');
});

it('mean-amount is the one that the documentation shows', async () => {
  const page = readFileSync(join(examples, '../docs/write-logic.md'), 'utf8');
  const text = readFileSync(join(examples, 'logic/javascript/mean-amount.js'), 'utf8');
  expect(page).toContain(`\`\`\`js\n${text}\`\`\``);
});
