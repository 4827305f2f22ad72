/** Prompts: how to write logic, and what a refusal means. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../shared/errors.ts';

const GUIDE = `Write logic for the confidential mesh in AssemblyScript and run it with nmp_run_logic.

1. nmp_describe the capability: its datasets with columns, its input and output schema.
2. Write one function. Example:

import { Input, JsonObject, Mean } from 'nmp';

export function run(input: Input): JsonObject {
  const category = input.arguments['category'].text;
  const payments = input.table('transactions');
  const categories = payments.texts('category');
  const amounts = payments.numbers('amount');
  const mean = new Mean(2);
  for (let i = 0; i < payments.rows; i++) {
    if (categories.is(i, category) && amounts.has(i)) mean.add(amounts[i]);
  }
  return new JsonObject().set('payments', mean.count).set('mean', mean);
}

3. The library: input.arguments['k'] with .text .number .integer .flag .has(k); input.table(id) with
   .rows .texts(c) .integers(c) .numbers(c) .flags(c) .keysWhere(column, text, key)
   .numbersBy(key, column); column[row], .has(row); texts.is(row, text); new Mean(digits) with
   .add .count; new JsonObject().set(k, v); new JsonArray().push(v); round(x, digits); decimal(text).
   The same in plain JavaScript, with abi javascript, some twenty times dearer in fuel:
   export function run(input) { … } with input.arguments (JSON), input.table(id) with .rows,
   .columns, .column(name) (array; null if empty) and .records(); answer any JSON. No import.
4. In AssemblyScript no closures over local variables and no any; in both no clock, randomness,
   console or network.
5. Return exactly the output schema, counted and rounded as it says. Groups below the owner's
   minimum, identifiers and free text about single people are blocked, and every block is the same
   refusal: it tells nothing about the records, and too many quarantine the logic.`;

const CODES = Object.keys(ERROR_CODES);

export function registerPrompts(server: McpServer): void {
  server.registerPrompt(
    'write-logic',
    {
      title: 'Write logic for a question',
      description: 'How to write logic that runs beside the records and returns an allowed answer.',
      argsSchema: z.object({
        question: z.string().max(4000).describe('What is to be found out'),
        capability: z.string().max(128).optional().describe('Under which capability'),
      }),
    },
    ({ question, capability }) => ({
      messages: [
        {
          role: 'user',
          content: {
            type: 'text',
            text: `${GUIDE}\n\nQuestion: ${question}${capability === undefined ? '' : `\nCapability: ${capability}`}`,
          },
        },
      ],
    }),
  );
  server.registerPrompt(
    'explain-block',
    {
      title: 'Explain a refusal',
      description: 'What the code of a blocked call means and what can be done about it.',
      argsSchema: z.object({ code: z.string().max(40).describe('`code` of the refusal') }),
    },
    ({ code }) => {
      const known = CODES.includes(code) ? ERROR_CODES[code as ErrorCode] : undefined;
      const text =
        known === undefined
          ? 'This is no code of this bridge. Explain that to the user.'
          : [
              `A call was blocked with ${code} at the stage ${known.stage}.`,
              `Cause: ${known.cause}`,
              `Remedy: ${known.remedy}`,
              known.stage === 'egress' || known.stage === 'sandbox'
                ? 'The refusal is the same for every answer that may not leave and every way in which logic can fail; do not guess at records from it, and do not retry variants to find out.'
                : 'Nothing was released.',
              'Explain this to the user and propose the next step.',
            ].join('\n');
      return { messages: [{ role: 'user', content: { type: 'text', text } }] };
    },
  );
}
