/**
 * The seam to the data owner's records: typed, immutable columns with a commitment, opened once at
 * start. What a guest gets is always a projection onto named columns.
 */
import type { CellType } from '../../shared/policy/node-config.ts';
import type { ReadTable } from '../egress/filter.ts';

export interface DatasetColumn {
  readonly name: string;
  readonly type: CellType;
}

export interface Dataset {
  readonly id: string;
  /** Merkle root over the columns, 32 bytes; docs/protocol.md, Dataset commitment. */
  readonly commitment: Uint8Array;
  readonly rows: number;
  readonly columns: readonly DatasetColumn[];
  readonly classification: 'public' | 'internal' | 'confidential' | 'restricted';
}

/** Shows that a column with this salt is the `index`-th leaf of the commitment. */
export interface ColumnProof {
  readonly name: string;
  readonly index: number;
  /** Number of columns of the dataset. */
  readonly columns: number;
  /** Blinds the leaf, 32 bytes; opens this column only. */
  readonly salt: Uint8Array;
  /** Inclusion path, RFC 9162, section 2.1.3.1: hashes of 32 bytes from leaf to root. */
  readonly path: readonly Uint8Array[];
}

export interface DatasetStore {
  /** In the order of the configuration. */
  list(): readonly Dataset[];
  /** @throws NmpError DATA_UNKNOWN */
  get(id: string): Dataset;
  /**
   * Arrow IPC stream of exactly these columns in this order, one record batch; the bytes are
   * shared and must not be written to.
   * @throws NmpError DATA_UNKNOWN
   */
  project(id: string, columns: readonly string[]): Uint8Array;
  /** The same cells as text, for the egress match. @throws NmpError DATA_UNKNOWN */
  cells(id: string, columns: readonly string[]): ReadTable;
  /** @throws NmpError DATA_UNKNOWN */
  prove(id: string, columns: readonly string[]): readonly ColumnProof[];
}
