/**
 * The other direction: what a tool of an existing MCP server returns becomes a dataset of a node,
 * so that logic travels to it under the owner's rules instead of its rows travelling to a model.
 */
import type { Client, Transport } from '@modelcontextprotocol/client';
import { NmpError } from '../../shared/errors.ts';
import type { CellType, DatasetConfig } from '../../shared/policy/node-config-schema.ts';

export type WrappedDataset = Extract<DatasetConfig, { format: 'ndjson' }>;
type Column = WrappedDataset['columns'][number];

export interface WrapSource {
  /** The tool that is called once. */
  readonly tool: string;
  readonly arguments?: Record<string, unknown>;
  /** Members, joined by dots, that lead to the rows in the tool's result; none: the result itself. */
  readonly rows?: string;
}

const ROWS_MAX = 1_000_000;
/** Longest text of a result that is parsed, and longest dataset that is written. */
const CHARS_MAX = 64 * 1024 * 1024;
const TIMEOUT_MS = 300_000;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value that members joined by dots lead to; undefined if there is none. */
function at(value: unknown, path: string): unknown {
  let here = value;
  for (const member of path.split('.')) {
    if (!isObject(here) || !Object.hasOwn(here, member)) return undefined;
    here = here[member];
  }
  return here;
}

const FITS: Readonly<Record<CellType, (value: unknown) => boolean>> = {
  utf8: (value) => typeof value === 'string',
  int32: (value) => Number.isInteger(value) && Math.trunc(Number(value)) === (Number(value) | 0),
  float64: (value) => typeof value === 'number' && Number.isFinite(value),
  bool: (value) => typeof value === 'boolean',
};

function put(row: Record<string, unknown>, path: string, value: unknown): void {
  const members = path.split('.');
  const last = members.pop() ?? '';
  let here = row;
  for (const member of members) {
    const next: Record<string, unknown> = Object.hasOwn(here, member) ? Object(here[member]) : {};
    here[member] = next;
    here = next;
  }
  here[last] = value;
}

/** Only what is declared is taken: further members of a row go nowhere. */
function lineOf(row: unknown, columns: readonly Column[], number: number): string {
  if (!isObject(row)) throw new NmpError('DATA_MALFORMED', `row ${number}: not an object`);
  const line: Record<string, unknown> = {};
  for (const { name, from = name, type } of columns) {
    const value = at(row, from) ?? null;
    if (value !== null && !FITS[type](value)) {
      throw new NmpError('DATA_MALFORMED', `row ${number}: column ${name} is no ${type}`);
    }
    put(line, from, value);
  }
  return JSON.stringify(line);
}

/**
 * @param result structured content of a tool, or the JSON of its text
 * @returns NDJSON with exactly the declared columns
 * @throws NmpError DATA_MALFORMED with the row's number, never its content; DATA_LIMIT
 */
export function toNdjson(result: unknown, source: WrapSource, dataset: WrappedDataset): string {
  const rows = source.rows === undefined ? result : at(result, source.rows);
  if (!Array.isArray(rows)) {
    throw new NmpError('DATA_MALFORMED', 'the result of the tool has no list of rows there');
  }
  if (rows.length > ROWS_MAX) throw new NmpError('DATA_LIMIT');
  let length = 0;
  const lines = rows.map((row: unknown, i) => {
    const line = lineOf(row, dataset.columns, i + 1);
    length += line.length + 1;
    if (length > CHARS_MAX) throw new NmpError('DATA_LIMIT');
    return line;
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** What a tool answered, as a value. @throws NmpError DATA_UNREADABLE, DATA_LIMIT, DATA_MALFORMED */
async function resultOf(client: Client, source: WrapSource): Promise<unknown> {
  const { tool: name, arguments: args = {} } = source;
  const { isError, structuredContent, content } = await client
    .callTool({ name, arguments: args }, { timeout: TIMEOUT_MS })
    .catch((cause: unknown) => {
      throw new NmpError('DATA_UNREADABLE', 'the MCP server did not answer', { cause });
    });
  if (isError === true) throw new NmpError('DATA_UNREADABLE', 'the tool failed');
  if (structuredContent !== undefined) return structuredContent;
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  if (text.length > CHARS_MAX) throw new NmpError('DATA_LIMIT');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NmpError('DATA_MALFORMED', 'the result of the tool is not JSON', { cause });
  }
}

/**
 * Calls the tool once and returns the dataset's file.
 * @param transport to the MCP server; closed afterwards
 * @throws NmpError DATA_UNREADABLE, DATA_MALFORMED, DATA_LIMIT
 */
export async function wrapTool(
  transport: Transport,
  source: WrapSource,
  dataset: WrappedDataset,
): Promise<string> {
  const { Client } = await import('@modelcontextprotocol/client');
  const client = new Client(
    { name: 'nmp-enclave', version: '1.0.0' },
    { versionNegotiation: { mode: 'auto' } },
  );
  try {
    await client.connect(transport).catch((cause: unknown) => {
      throw new NmpError('DATA_UNREADABLE', 'the MCP server cannot be reached', { cause });
    });
    return toNdjson(await resultOf(client, source), source, dataset);
  } finally {
    await client.close();
  }
}
