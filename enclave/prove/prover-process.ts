/** Runs `nmp-zk-prover`, one process for each quote and each proof, over its standard streams. */
import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { z } from 'zod';
import { concat, fromHex, toHex } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { JOURNAL_BYTES } from '../../shared/receipt/journal.ts';
import { RECEIPT_BYTES_MAX } from '../../shared/receipt/seal.ts';
import { type Progress, type Prover, type Quote, SEGMENTS_MAX } from './prover.ts';
import { PROVER_REQUEST_BYTES_MAX } from './prover-request.ts';

export interface ProverProcessInit {
  /** The `nmp-zk-prover` program. */
  readonly program: string;
  /** The image of the interpreter, guest.bin. */
  readonly image: string;
  /** What `image` must be; 32 bytes. */
  readonly imageId: Uint8Array;
}

/** Lines of JSON on standard error beyond this end the process. */
const LOG_BYTES_MAX = 1024 * 1024;
const QUOTE_TIMEOUT_MS = 30_000;
/** 16 segments at some 150 s each, where the processor has no vectors. */
const PROOF_TIMEOUT_MS = 3_600_000;
/** Serving comes first. */
const PROVER_NICENESS = 15;

const quoteSchema = z.object({
  journal: z.string().length(2 * JOURNAL_BYTES),
  totalCycles: z.int().min(0),
  segments: z.int().min(1),
});
const progressSchema = z.object({ proven: z.int().min(0), segments: z.int().min(1) });
const errorSchema = z.object({ error: z.string() });

function parsed<T>(schema: z.ZodType<T>, line: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Feeds standard input, gathers standard output, hands on each line of standard error. */
function runProgram(
  { program, image }: ProverProcessInit,
  command: 'image-id' | 'quote' | 'prove',
  input: Uint8Array,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Uint8Array> {
  if (input.length > PROVER_REQUEST_BYTES_MAX) {
    return Promise.reject(new NmpError('RECEIPT_TOO_LONG'));
  }
  return new Promise((resolve, reject) => {
    // An empty environment: neither a development mode nor a log can be switched on from outside.
    const child = spawn(program, [command, image], { env: {}, stdio: 'pipe' });
    const chunks: Uint8Array[] = [];
    let written = 0;
    let log = '';
    let logged = 0;
    const end = () => child.kill('SIGKILL');
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    child.once('spawn', () => {
      try {
        if (child.pid !== undefined) setPriority(child.pid, PROVER_NICENESS);
      } catch {
        // The process has ended already; its exit tells why.
      }
    });
    child.stdout.on('data', (chunk: Uint8Array) => {
      written += chunk.length;
      if (written > RECEIPT_BYTES_MAX) end();
      else chunks.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      logged += text.length;
      if (logged > LOG_BYTES_MAX) end();
      const lines = (log + text).split('\n');
      log = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    // A prover that ends early does not read all of its request.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', (cause) => reject(new NmpError('RECEIPT_PROVER', undefined, { cause })));
    child.once('close', (code) => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(new NmpError('INTERRUPTED'));
      else if (code === 0) resolve(concat(...chunks));
      else reject(new NmpError('RECEIPT_PROVER'));
    });
  });
}

/**
 * Runs the prover once, to tell at the start what would show at the first call: that it runs on this
 * machine, and that the interpreter beside it is the one that `imageId` names.
 *
 * @throws NmpError RECEIPT_PROVER
 */
export async function probeProver(init: ProverProcessInit): Promise<void> {
  const limit = AbortSignal.timeout(QUOTE_TIMEOUT_MS);
  const out = await runProgram(init, 'image-id', new Uint8Array(0), limit, () => undefined).catch(
    (cause: unknown) => {
      throw new NmpError('RECEIPT_PROVER', undefined, { cause });
    },
  );
  if (new TextDecoder().decode(out).trim() !== toHex(init.imageId)) {
    throw new NmpError('RECEIPT_PROVER');
  }
}

/** @throws NmpError RECEIPT_PROVER if program or image are not there */
export async function createProverProcess(init: ProverProcessInit): Promise<Prover> {
  try {
    await Promise.all([access(init.program), access(init.image)]);
  } catch (cause) {
    throw new NmpError('RECEIPT_PROVER', undefined, { cause });
  }
  const bounded = (signal: AbortSignal, ms: number) =>
    AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  return {
    imageId: init.imageId,
    quote: async (request, signal): Promise<Quote> => {
      let tooLong = false;
      const onLine = (line: string) => {
        const error = parsed(errorSchema, line)?.error ?? '';
        tooLong ||= /session limit exceeded/i.test(error);
      };
      try {
        const limit = bounded(signal, QUOTE_TIMEOUT_MS);
        const out = await runProgram(init, 'quote', request, limit, onLine);
        const quote = parsed(quoteSchema, new TextDecoder().decode(out));
        const journal = fromHex(quote?.journal ?? '');
        if (quote === undefined || journal === undefined) throw new NmpError('RECEIPT_PROVER');
        tooLong = quote.segments > SEGMENTS_MAX;
        if (tooLong) throw new NmpError('RECEIPT_PROVER');
        return { journal, cycles: quote.totalCycles, segments: quote.segments };
      } catch (error) {
        throw tooLong ? new NmpError('RECEIPT_TOO_LONG', undefined, { cause: error }) : error;
      }
    },
    prove: (request, signal, onProgress: (progress: Progress) => void) =>
      runProgram(init, 'prove', request, bounded(signal, PROOF_TIMEOUT_MS), (line) => {
        const progress = parsed(progressSchema, line);
        if (progress !== undefined) onProgress(progress);
      }),
  };
}
