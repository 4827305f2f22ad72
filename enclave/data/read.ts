/** Reads the bytes of a dataset into typed columns; the configuration decides what is kept. */
import { NmpError } from '../../shared/errors.ts';
import type { DatasetConfig } from '../../shared/policy/node-config.ts';
import { type CellTarget, cellOfJson, cellOfText } from './cell.ts';
import { type Cell, type Column, ColumnBuilder } from './column.ts';
import { type CsvField, readCsv } from './csv.ts';
import { DATASET_LIMITS, type DatasetLimits } from './limits.ts';
import { isObject, readNdjson } from './ndjson.ts';
import { malformed, overLimit, type Place } from './record-error.ts';
import { compileView } from './view.ts';

type Row = { readonly cells: readonly Cell[]; readonly place: Place };
type Of<F extends DatasetConfig['format']> = Extract<DatasetConfig, { format: F }>;

function* fhirRows(config: Of<'fhir-ndjson'>, bytes: Uint8Array, limits: DatasetLimits) {
  const view = compileView(config.view);
  for (const { record, place } of readNdjson(config.path, bytes, limits)) {
    const cells = view.row(record, place, limits.cellBytes);
    if (cells !== undefined) yield { cells, place };
  }
}

function memberAt(record: unknown, path: readonly string[]): unknown {
  let value = record;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function* ndjsonRows(config: Of<'ndjson'>, bytes: Uint8Array, limits: DatasetLimits) {
  const targets = config.columns.map((column) => ({
    ...column,
    path: (column.from ?? column.name).split('.'),
  }));
  for (const { record, place } of readNdjson(config.path, bytes, limits)) {
    const cells = targets.map((target) =>
      cellOfJson(memberAt(record, target.path), target, place, limits.cellBytes),
    );
    yield { cells, place };
  }
}

function* csvRows(config: Of<'csv'>, bytes: Uint8Array, limits: DatasetLimits) {
  const records = readCsv(config.path, bytes, config.delimiter ?? ',', limits);
  const header = records.next();
  const top = { file: config.path, line: 1 };
  if (header.done) throw malformed(top, 'the header line is missing');
  const names = header.value.fields.map((field) => field.text);
  const targets = config.columns.map((column) => {
    const from = column.from ?? column.name;
    const index = names.indexOf(from);
    if (index < 0) throw malformed(top, `the header has no field for column ${column.name}`);
    if (names.lastIndexOf(from) !== index) {
      throw malformed(top, `the header has the field of column ${column.name} twice`);
    }
    return { ...column, index };
  });
  for (const { fields, place } of records) {
    const cells = targets.map((target) => {
      const field: CsvField = fields[target.index] ?? { text: '', quoted: false };
      return cellOfText(field.text, field.quoted, target, place, limits.cellBytes);
    });
    yield { cells, place };
  }
}

function rowsOf(config: DatasetConfig, bytes: Uint8Array, limits: DatasetLimits): Iterable<Row> {
  if (config.format === 'fhir-ndjson') return fhirRows(config, bytes, limits);
  if (config.format === 'ndjson') return ndjsonRows(config, bytes, limits);
  return csvRows(config, bytes, limits);
}

function targetsOf(config: DatasetConfig): readonly CellTarget[] {
  return config.format === 'fhir-ndjson' ? compileView(config.view).columns : config.columns;
}

/**
 * The columns of a dataset, in the order of the configuration.
 * @throws NmpError DATA_MALFORMED, DATA_LIMIT with file and line; FHIRPATH_INVALID
 */
export function readDataset(
  config: DatasetConfig,
  bytes: Uint8Array,
  limits: DatasetLimits = DATASET_LIMITS,
): readonly Column[] {
  if (bytes.length > limits.fileBytes) {
    throw new NmpError('DATA_LIMIT', `${config.path}: longer than ${limits.fileBytes} bytes`);
  }
  const builders = targetsOf(config).map(({ name, type }) => new ColumnBuilder(name, type));
  let rows = 0;
  for (const { cells, place } of rowsOf(config, bytes, limits)) {
    if (++rows > limits.rows) throw overLimit(place, `more than ${limits.rows} rows`);
    builders.forEach((builder, at) => {
      builder.push(cells[at] ?? null);
    });
  }
  return builders.map((builder) => builder.finish());
}
