import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLogic } from '../../../client/author/build.ts';
import { openDatasets } from '../../../enclave/data/open.ts';
import { createFileSource } from '../../../enclave/data/source.ts';
import type { DatasetStore } from '../../../enclave/data/store.ts';
import { type NodeConfig, parseNodeConfig } from '../../../shared/policy/node-config.ts';
import type { JsonValue } from '../../../shared/wire/canonical-json.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { runGuest } from './run-guest.ts';

const examples = join(import.meta.dirname, '../../../examples');
const folder = mkdtempSync(join(tmpdir(), 'nmp-examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const logic = (name: string) => join(examples, 'logic/assembly', `${name}.ts`);
const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Lines of an example file as plain JSON, read by none of the code under test. */
interface Resource {
  readonly id: string;
  readonly gender: string;
  readonly birthDate: string;
  readonly subject: { readonly reference: string };
  readonly code: { readonly coding: readonly { readonly code: string }[] };
  readonly valueQuantity?: { readonly value: number };
  readonly component?: readonly {
    readonly code: { readonly coding: readonly { readonly code: string }[] };
    readonly valueQuantity: { readonly value: number };
  }[];
}
const resources = (name: string): readonly Resource[] =>
  readFileSync(join(examples, 'health', `${name}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Resource => JSON.parse(line));

describe('example logic on example data', () => {
  let config: NodeConfig;
  let store: DatasetStore;
  beforeAll(async () => {
    config = parseNodeConfig(
      readFileSync(join(examples, 'nmp.node.json'), 'utf8'),
      'nmp.node.json',
    );
    store = await openDatasets(config, {
      source: createFileSource({ folder: examples }),
      random: { bytes: (length) => new Uint8Array(length) },
    });
  });

  async function call(name: string, capability: string, args: JsonValue): Promise<string> {
    const { bytes } = await buildLogic(logic(name));
    const granted = config.capabilities.find((c) => c.name === capability)!.datasets;
    const tables = granted.map(({ id, columns }) => ({
      name: id,
      stream: store.project(id, columns),
    }));
    return runGuest(bytes, encodeGuestInput({ arguments: args, tables }));
  }

  it.each(['59621000', '15777000', '414545008'])(
    'cohort-statistics agrees with plain arithmetic on the files: %s',
    async (condition) => {
      const output = await call('cohort-statistics', 'cohort-statistics', {
        condition,
        year: 2026,
      });
      const keyOf = (resource: Resource) => resource.subject.reference.replace('Patient/', '');
      const cohort = new Set(
        resources('Condition')
          .filter((resource) => resource.code.coding[0]!.code === condition)
          .map(keyOf),
      );
      const systolic = new Map<string, number>();
      for (const resource of resources('Observation')) {
        const part = resource.component?.find((c) => c.code.coding[0]!.code === '8480-6');
        if (part !== undefined) systolic.set(keyOf(resource), part.valueQuantity.value);
      }
      const groups = ['female', 'male'].flatMap((sex) => {
        const people = resources('Patient').filter((p) => p.gender === sex && cohort.has(p.id));
        const pressure = people.map((p) => systolic.get(p.id)).filter((v) => v !== undefined);
        if (people.length < 10) return [];
        return {
          sex,
          patients: people.length,
          meanAge: round(mean(people.map((p) => 2026 - Number(p.birthDate.slice(0, 4)))), 1),
          meanSystolic: round(mean(pressure), 1),
        };
      });
      expect(groups.length).toBeGreaterThan(0);
      expect(JSON.parse(output)).toEqual({ groups });
    },
  );

  it('card-fraud-features agrees with plain arithmetic on the file', async () => {
    const categories = ['grocery', 'travel', 'cash'];
    const output = await call('card-fraud-features', 'card-fraud-features', {
      categories,
      minimumAmount: 20,
    });
    const rows = readFileSync(join(examples, 'finance/transactions.csv'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      // The quoted fields are names of holders, which come before the ones read here.
      .map((line) => line.split(',').slice(-4))
      .map(([category, amount, , fraud]) => ({ category, amount: Number(amount), fraud }))
      .filter((row) => row.amount >= 20);
    const features = categories.map((category) => {
      const mine = rows.filter((row) => row.category === category);
      const amounts = (fraud: string) => mine.filter((r) => r.fraud === fraud).map((r) => r.amount);
      return {
        category,
        payments: mine.length,
        fraudShare: round(amounts('true').length / mine.length, 4),
        meanHonest: round(mean(amounts('false')), 2),
        meanFraud: round(mean(amounts('true')), 2),
      };
    });
    expect(JSON.parse(output)).toEqual({ features });
  });

  it('mean-hba1c agrees with plain arithmetic on the file', async () => {
    const output = await call('mean-hba1c', 'mean-hba1c', {});
    const values = resources('Observation').flatMap((resource) =>
      resource.code.coding[0]!.code === '4548-4' ? [resource.valueQuantity!.value] : [],
    );
    const expected = { readings: values.length, meanPercent: round(mean(values), 1) };
    expect(JSON.parse(output)).toEqual(expected);
  });

  it('leak hides identifiers two levels deep', async () => {
    const output: { note: string } = JSON.parse(await call('leak', 'cohort-note', {}));
    const inner: { summary: string } = JSON.parse(output.note);
    const stolen: { patientId: string }[] = JSON.parse(inner.summary);
    const ids = store.cells('patients', ['id']).columns[0]!.values;
    expect(stolen.map((entry) => entry.patientId)).toEqual(ids.slice(0, 10));
  });

  it('leak-hash answers with FNV-1a of the first identifier', async () => {
    const output: { note: string } = JSON.parse(await call('leak-hash', 'cohort-note', {}));
    const [id] = store.cells('patients', ['id']).columns[0]!.values;
    let hash = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(id!)) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    }
    expect(output.note).toBe(hash.toString(16));
  });

  it('endless compiles to a loop that the optimizer did not remove', async () => {
    const { bytes } = await buildLogic(logic('endless'));
    // 0x03 0x40: loop without a result.
    expect(Buffer.from(bytes).includes(Buffer.from([0x03, 0x40]))).toBe(true);
  });

  it('the aggregate of the demo has fewer than thirty lines', () => {
    const source = readFileSync(logic('cohort-statistics'), 'utf8');
    const body = source.slice(source.indexOf('export function run')).trimEnd().split('\n');
    expect(body.length).toBeLessThan(30);
  });

  it('the first example of docs/write-logic.md compiles and answers', async () => {
    const page = readFileSync(join(examples, '../docs/write-logic.md'), 'utf8');
    const code = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const file = join(folder, 'mean-amount.ts');
    writeFileSync(file, code);
    const { bytes } = await buildLogic(file);
    const stream = store.project('transactions', ['category', 'amount']);
    const tables = [{ name: 'transactions', stream }];
    const input = encodeGuestInput({ arguments: { category: 'fuel' }, tables });
    const output: { payments: number } = JSON.parse(await runGuest(bytes, input));
    const all = store.cells('transactions', ['category']).columns[0]!.values;
    expect(output.payments).toBe(all.filter((value) => value === 'fuel').length);
  });
});
