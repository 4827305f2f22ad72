/**
 * Other people's verifiers of attestation documents, as programs that answer line by line:
 * Go `github.com/hf/nitrite` and npm `@0xsequence/tee-verifier` (test/oracle/attestation).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

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
const CACHE = process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave');

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

/** Builds the Go program once, keyed by its sources; undefined where Go or its proxy is missing. */
export function nitritePeer(): Peer | undefined {
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(FOLDER, file)));
  const program = join(CACHE, `attestation-oracle-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(program)) {
    mkdirSync(CACHE, { recursive: true });
    const args = ['build', '-trimpath', '-o', program, '.'];
    const env = { ...process.env, GOFLAGS: '-mod=readonly' };
    const { status, stderr, error } = spawnSync('go', args, { cwd: FOLDER, encoding: 'utf8', env });
    if (status !== 0) {
      const reason = `${error?.message ?? ''}${stderr ?? ''}`;
      if (!/ENOENT|dial tcp|lookup|timeout|proxy|no such host|toolchain/i.test(reason)) {
        throw new Error(`test/oracle/attestation does not build: ${reason}`);
      }
      process.stderr.write('skipped: Go or the module github.com/hf/nitrite cannot be had here\n');
      return undefined;
    }
  }
  return (questions) => ask(program, [], questions);
}
