/** How a call grows with the rows that its module reads: the example of card fraud, verified. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildLogic } from '../../../client/author/build.ts';
import { startLocal } from '../../support/local-node.ts';
import type { Curve } from '../row.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const ROWS = [1_000, 4_000, 16_000, 64_000];
const CALLS = 7;

interface Config {
  readonly datasets: readonly { readonly id: string }[];
  readonly capabilities: readonly { readonly name: string }[];
}

export async function growth(): Promise<Curve> {
  const example: Config = JSON.parse(await readFile(join(EXAMPLES, 'nmp.node.json'), 'utf8'));
  const csv = await readFile(join(EXAMPLES, 'finance/transactions.csv'), 'utf8');
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const { bytes: module } = await buildLogic(
    join(EXAMPLES, 'logic/assembly/card-fraud-features.ts'),
  );
  const args = { categories: ['grocery', 'fuel', 'travel'], minimumAmount: 0 };
  const points: (readonly [number, number])[] = [];
  for (const rows of ROWS) {
    const table = Array.from({ length: rows }, (_, i) => lines[i % lines.length]);
    const node = await startLocal(
      {
        version: 1,
        datasets: example.datasets
          .filter(({ id }) => id === 'transactions')
          .map((dataset) => ({ ...dataset, path: 'transactions.csv' })),
        capabilities: example.capabilities.filter(({ name }) => name === 'card-fraud-features'),
      },
      { 'transactions.csv': [header, ...table].join('\n') },
    );
    const client = node.client();
    const peer = await client.connect(node.parent.address);
    const request = { module, args, capability: 'card-fraud-features' };
    await client.run(peer, request);
    const times: number[] = [];
    for (let call = 0; call < CALLS; call++) {
      const started = performance.now();
      await client.run(peer, request);
      times.push(performance.now() - started);
    }
    points.push([rows, times.sort((a, b) => a - b)[CALLS >> 1] ?? Number.NaN]);
    await client.close();
    await node.stop();
  }
  return {
    area: 'sandbox',
    id: 'rows',
    title: 'Verified call, by rows that its module reads',
    x: 'rows of three columns',
    y: 'ms',
    points,
  };
}
