/**
 * That the prover has shut itself in before it reads a byte of a request. What it can no longer do is
 * tried in native/zk/confine; here that the program does it, where one is built.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { GUEST_IMAGE } from '../../support/receipts.ts';

const PROVER = join(import.meta.dirname, ...['..', '..', '..', 'build', 'native', 'nmp-zk-prover']);

it.skipIf(!existsSync(PROVER)).each(['quote', 'prove'])(
  'a prover that waits for what it shall %s has no way out in any thread',
  async (command) => {
    const child = spawn(PROVER, [command, GUEST_IMAGE], { env: {}, stdio: 'pipe' });
    const proc = join('/proc', String(child.pid));
    try {
      const threads = await vi.waitFor(
        async () => {
          const ids = await readdir(join(proc, 'task'));
          const texts = await Promise.all(
            ids.map((id) => readFile(join(proc, 'task', id, 'status'), 'utf8')),
          );
          for (const text of texts) expect(text).toMatch(/^Seccomp:\t2$/m);
          return texts;
        },
        { timeout: 20_000, interval: 20 },
      );
      for (const text of threads) {
        expect(text).toMatch(/^NoNewPrivs:\t1$/m);
        expect(text).toMatch(/^Seccomp_filters:\t[2-9]$/m);
      }
      // Short of memory, the kernel takes this one and not the node.
      expect((await readFile(join(proc, 'oom_score_adj'), 'utf8')).trim()).toBe('1000');
    } finally {
      child.kill('SIGKILL');
    }
  },
  30_000,
);
