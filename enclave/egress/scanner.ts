/** Loads the native scanner (native/scan): deep decode and detectors in linear time. */
import { createRequire } from 'node:module';
import { NmpError } from '../../shared/errors.ts';

export interface ScanFinding {
  /** Closed set of types: EMAIL, PHONE, SSN, CARD, IBAN, SECRET, TABLE_MATCH, … */
  readonly kind: string;
  readonly rule: string;
  /** Provenance, e.g. `$.a > base64 > json $.b`; may hold guest-chosen names: never for clients. */
  readonly path: string;
}

export interface ScanResult {
  readonly findings: readonly ScanFinding[];
  /** A budget ran out, or a container could not be opened. */
  readonly undecodable: boolean;
}

/** Cells indexed for the input-aware match; opaque. */
export type TableIndex = object;

export interface Scanner {
  /**
   * @param restrictedKeys the policy's own; patientId, ssn, mrn, dob, email, apiKey, password and
   * their aliases are always restricted
   */
  scan(
    output: Uint8Array,
    restrictedKeys: readonly string[],
    indexes?: readonly TableIndex[],
  ): ScanResult;
  /** @param rows the row of each cell: two cells of one row identify where each alone does not */
  indexCells(cells: readonly string[], rows: Uint32Array): TableIndex;
  /** Planted strings of 12 characters or more; a match is a CANARY. */
  indexCanaries(canaries: readonly string[]): TableIndex;
  /** The secret rules as text, for the policy digest. */
  readonly rules: string;
}

interface Addon {
  scan(
    output: Uint8Array,
    restrictedKeys: readonly string[],
    indexes: readonly TableIndex[],
  ): ScanResult;
  TableIndex: new (cells: readonly string[], rows: Uint32Array, canaries: boolean) => TableIndex;
  rulesText(): string;
}

function isAddon(value: unknown): value is Addon {
  return typeof value === 'object' && value !== null && 'scan' in value && 'TableIndex' in value;
}

/** @throws NmpError EGRESS_UNAVAILABLE if the addon is not built */
export function loadScanner(): Scanner {
  let addon: unknown;
  try {
    addon = createRequire(import.meta.url)('#native/scan');
  } catch (cause) {
    throw new NmpError('EGRESS_UNAVAILABLE', undefined, { cause });
  }
  if (!isAddon(addon)) throw new NmpError('EGRESS_UNAVAILABLE');
  const { scan, TableIndex, rulesText } = addon;
  return {
    scan: (output, restrictedKeys, indexes) => scan(output, restrictedKeys, indexes ?? []),
    indexCells: (cells, rows) => new TableIndex(cells, rows, false),
    indexCanaries: (canaries) => new TableIndex(canaries, Uint32Array.from(canaries.keys()), true),
    rules: rulesText(),
  };
}
