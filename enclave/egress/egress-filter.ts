/**
 * The last wall, layer by layer: declared schema and canonical form, smallest group, detectors on
 * every decoded view, match against the cells that the run could read. Anything that fails blocks.
 */
import { createHash } from 'node:crypto';
import { fromUtf8, utf8 } from '../../shared/bytes.ts';
import { fits } from '../../shared/policy/value-fit.ts';
import type { ValueSchema } from '../../shared/policy/value-schema.ts';
import { canonicalJson, nestsWithin } from '../../shared/wire/canonical-json.ts';
import type {
  CountBucket,
  EgressContext,
  EgressFilter,
  EgressPolicy,
  EgressVerdict,
  ReadTable,
} from './filter.ts';
import type { Scanner, TableIndex } from './scanner.ts';

/** Version of the layers and detectors; part of every policy digest. */
const EGRESS_VERSION = 2;
const DEPTH_MAX = 32;
/** Rows that an answer is about at least, where the policy says nothing. */
const MINIMUM_GROUP = 11;
interface Failure {
  readonly code: string;
  readonly findings: readonly { readonly rule: string; readonly path: string }[];
}

function bucketOf(count: number): CountBucket {
  if (count === 0) return '0';
  if (count === 1) return '1';
  return count < 10 ? '2-9' : '10+';
}

/** The one form of a value that may leave, or undefined if it does not fit. */
function canonical(output: Uint8Array, schema: ValueSchema): Uint8Array | undefined {
  try {
    const value: unknown = JSON.parse(fromUtf8(output));
    if (!nestsWithin(value, DEPTH_MAX) || !fits(schema, value)) return undefined;
    return utf8(canonicalJson(value));
  } catch {
    return undefined;
  }
}

class LayeredFilter implements EgressFilter {
  readonly #scanner: Scanner;
  /** Built once a table: the store hands out the same object for the same columns. */
  readonly #indexes = new WeakMap<ReadTable, TableIndex>();
  readonly #planted = new WeakMap<readonly string[], TableIndex>();

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  policyDigest(policy: EgressPolicy): Uint8Array {
    const rules = createHash('sha256').update(this.#scanner.rules).digest('hex');
    const text = canonicalJson({ version: EGRESS_VERSION, rules, policy });
    return Uint8Array.from(createHash('sha256').update(text).digest());
  }

  judge(output: Uint8Array, context: EgressContext): EgressVerdict {
    const released = canonical(output, context.schema);
    const failures: Failure[] = [];
    if (released === undefined) failures.push({ code: 'SCHEMA', findings: [] });
    const { minimumGroup = MINIMUM_GROUP } = context.policy;
    if ((context.rowsRead ?? minimumGroup) < minimumGroup) {
      failures.push({ code: 'MINIMUM_GROUP', findings: [] });
    }
    // What cannot leave anyway is not looked into: its findings would only cost time.
    // Planted rows are looked for even there: they tell of intent.
    if (released !== undefined) failures.push(...this.#scan(released, context));
    else failures.push(...this.#canaryTraces(output, context));
    const codes = [...new Set(failures.map((failure) => failure.code))].sort();
    const findings = failures.flatMap((failure) => failure.findings);
    const blocked = failures.length > 0;
    return {
      blocked,
      codes,
      countBucket: bucketOf(blocked ? Math.max(1, findings.length) : 0),
      findings,
      digest: this.#digest(context, codes),
      ...(blocked || released === undefined ? {} : { output: released }),
    };
  }

  #scan(output: Uint8Array, context: EgressContext): readonly Failure[] {
    const keys = context.policy.restrictedKeys ?? [];
    const indexes = context.tables.map((table) => this.#index(table));
    const canaries = this.#canaries(context.policy);
    if (canaries !== undefined) indexes.push(canaries);
    const { findings, undecodable } = this.#scanner.scan(output, keys, indexes);
    return [
      ...findings.map(({ kind, rule, path }) => ({ code: kind, findings: [{ rule, path }] })),
      ...(undecodable ? [{ code: 'UNDECODABLE', findings: [] }] : []),
    ];
  }

  #canaryTraces(output: Uint8Array, { policy }: EgressContext): readonly Failure[] {
    const canaries = this.#canaries(policy);
    if (canaries === undefined) return [];
    return this.#scanner
      .scan(output, [], [canaries])
      .findings.filter(({ kind }) => kind === 'CANARY')
      .map(({ kind, rule, path }) => ({ code: kind, findings: [{ rule, path }] }));
  }

  #canaries(policy: EgressPolicy): TableIndex | undefined {
    if (policy.canaries === undefined || policy.canaries.length === 0) return undefined;
    let index = this.#planted.get(policy.canaries);
    if (index === undefined) {
      index = this.#scanner.indexCanaries(policy.canaries);
      this.#planted.set(policy.canaries, index);
    }
    return index;
  }

  #index(table: ReadTable): TableIndex {
    let index = this.#indexes.get(table);
    if (index === undefined) {
      const cells: string[] = [];
      const rows: number[] = [];
      for (const { values } of table.columns) {
        values.forEach((cell, row) => {
          if (cell === null) return;
          cells.push(cell);
          rows.push(row);
        });
      }
      index = this.#scanner.indexCells(cells, Uint32Array.from(rows));
      this.#indexes.set(table, index);
    }
    return index;
  }

  #digest(context: EgressContext, codes: readonly string[]): Uint8Array {
    const policy = Buffer.from(this.policyDigest(context.policy)).toString('hex');
    const text = canonicalJson({ policy, schema: context.schema, codes });
    return Uint8Array.from(createHash('sha256').update(text).digest());
  }
}

export function createEgressFilter(components: { readonly scanner: Scanner }): EgressFilter {
  return new LayeredFilter(components.scanner);
}
