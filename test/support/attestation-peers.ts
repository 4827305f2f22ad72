/**
 * Other people's verifiers of attestation documents, as programs that answer line by line:
 * Go `github.com/hf/nitrite` and npm `@0xsequence/tee-verifier` (test/oracle/attestation).
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { goProgram } from './go-program.ts';

export interface Question {
  readonly document: Uint8Array;
  /** The one trusted root, DER. */
  readonly root: Uint8Array;
  readonly atMs: number;
}

export interface PeerAnswer {
  readonly accepted: boolean;
  /** What the peer itself measured for this document, milliseconds. */
  readonly ms: number;
}

export type Peer = (questions: readonly Question[]) => readonly PeerAnswer[];

const FOLDER = join(import.meta.dirname, '..', 'oracle', 'attestation');

function ask(program: string, args: readonly string[], questions: readonly Question[]) {
  const input = questions
    .map(({ document, root, atMs }) =>
      JSON.stringify({
        document: Buffer.from(document).toString('base64'),
        root: Buffer.from(root).toString('base64'),
        atMs,
      }),
    )
    .join('\n');
  const options = { input: `${input}\n`, encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  const answers: PeerAnswer[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  if (answers.length !== questions.length) throw new Error(`${program}: ${answers.length} answers`);
  return answers;
}

export const sequence: Peer = (questions) =>
  ask(process.execPath, [join(FOLDER, 'sequence.ts')], questions);

/** Undefined where Go or its proxy is missing. */
export function nitritePeer(): Peer | undefined {
  const program = goProgram('attestation');
  return program === undefined ? undefined : (questions) => ask(program, [], questions);
}
