/**
 * The control channel between an enclave and its parent: lines of JSON over vsock port 5007. The
 * parent says under which addresses it can be reached; the enclave says that it is ready, or why it
 * ends. Neither believes the other: addresses are tried, measurements are verified by clients.
 */
import { z } from 'zod';
import { NmpError } from '../errors.ts';

/** Longest line, bytes. */
export const CONTROL_LINE_BYTES_MAX = 16_384;

/** Of a role of the parent's, for the key service: without a document of ours they open nothing. */
const credentialsSchema = z.strictObject({
  accessKeyId: z.string().regex(/^\w{4,128}$/),
  secretAccessKey: z.string().min(4).max(128),
  sessionToken: z.string().min(1).max(8192).exactOptional(),
});

const helloSchema = z.strictObject({
  version: z.literal(1),
  announce: z.array(z.string().min(1).max(256)).max(16),
  /** Only to an enclave whose configuration names a key service. */
  credentials: credentialsSchema.exactOptional(),
  /** What the enclave is to be; default: a node. Its measurements are the same, and say so to peers. */
  role: z.enum(['node', 'prover']).exactOptional(),
});

const pcr = z.string().regex(/^[0-9a-f]{96}$/);
const readySchema = z.strictObject({
  peerId: z.string().min(1).max(128),
  mode: z.enum(['local', 'qemu', 'nitro']),
  simulatedRoot: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
  pcrs: z.strictObject({ pcr0: pcr, pcr1: pcr, pcr2: pcr }),
});
const reportSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), ready: readySchema }),
  z.strictObject({
    type: z.literal('failure'),
    /** A code of docs/errors.md. */
    code: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/),
    /** The node's exit code, or its signal below zero; 0 if it never ran. */
    exit: z.int(),
  }),
]);

export type RoleCredentials = z.infer<typeof credentialsSchema>;
/** From the parent, once on each connection. */
export type ControlHello = z.infer<typeof helloSchema>;
/** What an enclave says of itself; claims only. */
export type EnclaveReady = z.infer<typeof readySchema>;
/** From the enclave. */
export type ControlReport = z.infer<typeof reportSchema>;

function parse<T>(schema: z.ZodType<T>, line: string): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (cause) {
    throw new NmpError('CONTROL_MALFORMED', undefined, { cause });
  }
}

/** @throws NmpError CONTROL_MALFORMED */
export function parseControlHello(line: string): ControlHello {
  return parse(helloSchema, line);
}

/** @throws NmpError CONTROL_MALFORMED */
export function parseControlReport(line: string): ControlReport {
  return parse(reportSchema, line);
}

/** @throws NmpError CONTROL_MALFORMED if the line would be too long */
export function encodeControlLine(message: ControlHello | ControlReport): string {
  const line = `${JSON.stringify(message)}\n`;
  if (line.length > CONTROL_LINE_BYTES_MAX) throw new NmpError('CONTROL_MALFORMED');
  return line;
}

/** Cuts a stream into its lines. */
export class ControlLines {
  #rest = '';
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });

  /** @throws NmpError CONTROL_MALFORMED if a line is too long or no UTF-8 */
  push(chunk: Uint8Array): string[] {
    try {
      this.#rest += this.#decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new NmpError('CONTROL_MALFORMED', undefined, { cause });
    }
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    if ([...lines, this.#rest].some((line) => line.length >= CONTROL_LINE_BYTES_MAX)) {
      throw new NmpError('CONTROL_MALFORMED');
    }
    return lines;
  }
}
