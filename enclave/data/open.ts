/** Opens the datasets of a configuration into memory and commits to them. */
import { fromHex } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { DatasetConfig, NodeConfig } from '../../shared/policy/node-config.ts';
import type { Random } from '../../shared/runtime.ts';
import type { ReadTable } from '../egress/filter.ts';
import { arrowStream } from './arrow.ts';
import { type Column, columnText } from './column.ts';
import {
  columnLeaf,
  columnSalt,
  DATASET_SALT_BYTES,
  merklePath,
  merkleRoot,
} from './commitment.ts';
import { DATASET_LIMITS } from './limits.ts';
import { readDataset } from './read.ts';
import type { DatasetSource } from './source.ts';
import type { ColumnProof, Dataset, DatasetStore } from './store.ts';

export interface OpenComponents {
  readonly source: DatasetSource;
  /** Makes the salt of a dataset whose configuration names none. */
  readonly random: Random;
}

/** Projections kept of one dataset; a request may name any granted subset in any order. */
const PROJECTIONS_MAX = 32;

class OpenDataset {
  readonly description: Dataset;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #salts: readonly Uint8Array[];
  readonly #leaves: readonly Uint8Array[];
  readonly #streams = new Map<string, Uint8Array>();
  readonly #texts = new Map<string, readonly (string | null)[]>();
  readonly #tables = new Map<string, ReadTable>();

  constructor(config: DatasetConfig, columns: readonly Column[], salt: Uint8Array) {
    this.#columns = new Map(columns.map((column) => [column.name, column]));
    this.#salts = columns.map((column) => columnSalt(salt, column.name));
    this.#leaves = columns.map((column, at) =>
      columnLeaf(column, this.#salts[at] ?? new Uint8Array(0)),
    );
    this.description = {
      id: config.id,
      commitment: merkleRoot(this.#leaves),
      rows: columns[0]?.rows ?? 0,
      columns: columns.map(({ name, type }) => ({ name, type })),
      classification: config.classification,
    };
  }

  #select(names: readonly string[]): readonly Column[] {
    if (names.length === 0 || new Set(names).size !== names.length) {
      throw new NmpError('DATA_UNKNOWN');
    }
    return names.map((name) => {
      const column = this.#columns.get(name);
      if (column === undefined) throw new NmpError('DATA_UNKNOWN');
      return column;
    });
  }

  project(names: readonly string[]): Uint8Array {
    const columns = this.#select(names);
    const key = names.join(',');
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = arrowStream(columns);
      const oldest = this.#streams.keys().next();
      if (this.#streams.size === PROJECTIONS_MAX && !oldest.done) {
        this.#streams.delete(oldest.value);
      }
      this.#streams.set(key, stream);
    }
    return stream;
  }

  cells(names: readonly string[]): ReadTable {
    // One object for the same columns: what is derived from it is derived once.
    const key = names.join('\n');
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const columns = this.#select(names).map((column) => {
      let values = this.#texts.get(column.name);
      if (values === undefined) {
        values = columnText(column);
        this.#texts.set(column.name, values);
      }
      return { name: column.name, values };
    });
    const table = { dataset: this.description.id, columns };
    if (this.#tables.size < PROJECTIONS_MAX) this.#tables.set(key, table);
    return table;
  }

  prove(names: readonly string[]): readonly ColumnProof[] {
    const order = [...this.#columns.keys()];
    return this.#select(names).map(({ name }) => {
      const index = order.indexOf(name);
      return {
        name,
        index,
        columns: order.length,
        salt: Uint8Array.from(this.#salts[index] ?? []),
        path: merklePath(this.#leaves, index),
      };
    });
  }
}

/**
 * Reads, checks and commits to every dataset; the first fault ends the start.
 * @throws NmpError DATA_UNREADABLE, DATA_MALFORMED, DATA_LIMIT, FHIRPATH_INVALID
 */
export async function openDatasets(
  config: Pick<NodeConfig, 'datasets'>,
  { source, random }: OpenComponents,
): Promise<DatasetStore> {
  const open = new Map<string, OpenDataset>();
  for (const dataset of config.datasets) {
    const bytes = await source.read(dataset, DATASET_LIMITS.fileBytes);
    const columns = readDataset(dataset, bytes);
    const salt =
      dataset.salt === undefined ? random.bytes(DATASET_SALT_BYTES) : fromHex(dataset.salt);
    if (salt === undefined) throw new NmpError('CONFIG_INVALID');
    open.set(dataset.id, new OpenDataset(dataset, columns, salt));
  }
  const find = (id: string): OpenDataset => {
    const dataset = open.get(id);
    if (dataset === undefined) throw new NmpError('DATA_UNKNOWN');
    return dataset;
  };
  return {
    list: () => [...open.values()].map((dataset) => dataset.description),
    get: (id) => find(id).description,
    project: (id, columns) => find(id).project(columns),
    cells: (id, columns) => find(id).cells(columns),
    prove: (id, columns) => find(id).prove(columns),
  };
}
