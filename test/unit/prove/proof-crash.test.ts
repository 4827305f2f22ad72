/** Provers that die while a node goes on: processes of a few lines of shell stand in for the prover. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { ProofQueue } from '../../../enclave/prove/proof-queue.ts';
import { createProverProcess } from '../../../enclave/prove/prover-process.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'nmp-crash-'));
afterAll(() => rmSync(folder, { recursive: true }));
const quote = { journal: new Uint8Array(248), cycles: 1, segments: 1 };

describe.each([
  ['is killed', 'kill -9 $$'],
  ['breaks down', 'kill -SEGV $$'],
  ['ends in the middle of a receipt', 'printf half; exit 1'],
  ['closes its input unread', 'exec 0<&-; exit 1'],
])('a prover that %s', (_, end) => {
  it('costs its own job and no other, and the node goes on', { timeout: 600_000 }, async () => {
    const program = join(folder, 'prover');
    // A request that begins with x is the end of it; any other is given back as its receipt.
    const lines = [
      '#!/bin/sh',
      'read -r request',
      `case "$request" in x*) ${end};; esac`,
      'printf %s "$request"',
    ];
    writeFileSync(program, `${lines.join('\n')}\n`);
    chmodSync(program, 0o755);
    writeFileSync(join(folder, 'image'), 'image');
    const queue = new ProofQueue({
      prover: await createProverProcess({
        program,
        image: join(folder, 'image'),
        imageId: new Uint8Array(32),
      }),
      clock: systemClock,
      random: systemRandom,
      availableMemory: () => Number.MAX_SAFE_INTEGER,
    });
    let turns = 0;
    const serving = setInterval(() => turns++, 1);
    const crashing = queue.submit(
      'a',
      new TextEncoder().encode(`x${'-'.repeat(300_000)}\n`),
      quote,
    );
    const good = queue.submit('b', new TextEncoder().encode('good\n'), quote);
    const done = () => expect(queue.status('b', good).state).toBe('proven');
    await vi.waitFor(done, { timeout: 240_000, interval: 10 });
    clearInterval(serving);
    expect(queue.status('a', crashing)).toMatchObject({ state: 'failed', code: 'RECEIPT_PROVER' });
    expect(queue.status('b', good).receipt).toEqual(new TextEncoder().encode('good'));
    expect(turns).toBeGreaterThan(0);
    // The next job is taken as if nothing had been.
    const next = queue.submit('a', new TextEncoder().encode('next\n'), quote);
    await vi.waitFor(() => expect(queue.status('a', next).state).toBe('proven'), {
      timeout: 240_000,
      interval: 10,
    });
    queue.stop();
  });
});
