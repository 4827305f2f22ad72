/** Many clients with many calls in flight each; NMP_CLIENTS makes it more (200 in `make crowd`). */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { descendants, type LocalNode, startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const CLIENTS = Number(process.env.NMP_CLIENTS ?? 8);
const IN_FLIGHT = 16;
const CONFIG = {
  version: 1,
  datasets: [],
  capabilities: [
    {
      name: 'small',
      version: '1.0.0',
      datasets: [],
      input: { type: 'object', properties: {}, additionalProperties: false },
      output: {
        type: 'object',
        properties: { n: { type: 'integer', minimum: 0, maximum: 1_000_000 } },
        required: ['n'],
        additionalProperties: false,
      },
    },
  ],
};

let node: LocalNode;
beforeAll(async () => {
  node = await startLocal(CONFIG);
}, 60_000);
afterAll(() => node.stop());

/** Resident memory of the node's process, MiB. */
async function residentMb(): Promise<number> {
  let kb = 0;
  for (const pid of await descendants('enclave/main')) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    kb += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return kb / 1024;
}

async function crowd(): Promise<void> {
  const clients = Array.from({ length: CLIENTS }, () => node.client());
  let peer = '';
  // All ends of all connections share this machine's processors: not all at the same instant.
  for (let at = 0; at < CLIENTS; at += IN_FLIGHT) {
    const batch = clients.slice(at, at + IN_FLIGHT);
    const connecting = batch.map((client) => client.connect(node.parent.address));
    peer = (await Promise.all(connecting))[0] ?? '';
  }
  const answers = await Promise.all(
    clients.map((client, c) =>
      Promise.all(
        Array.from({ length: IN_FLIGHT }, async (_unused, i) => {
          const module = constantModule(`{"n":${c * IN_FLIGHT + i}}`);
          const request = { module, args: {}, capability: 'small' };
          return (await client.run(peer, request, { timeoutMs: 120_000 })).output;
        }),
      ),
    ),
  );
  await Promise.all(clients.map((client) => client.close()));
  // Each call has the answer to its own module: none is lost, mixed up or given twice.
  const expected = Array.from({ length: CLIENTS * IN_FLIGHT }, (_, n) => ({ n }));
  expect(answers.flat()).toEqual(expected);
}

it(`${CLIENTS} clients, ${IN_FLIGHT} calls each in flight: each call its answer, memory flat after`, async () => {
  await crowd();
  await crowd();
  const before = await residentMb();
  await crowd();
  const after = await residentMb();
  // A leak of a session, stream or module a call would be more.
  expect(after).toBeLessThan(before * 1.25 + 16);
}, 400_000);
