/** Waiting for what another program makes. */
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { NmpError } from '../../shared/errors.ts';
import type { Program } from './program.ts';

const POLL_MS = 20;
const TRIES = 500;

/**
 * Resolves when the file is there, which takes ten seconds at most.
 *
 * @param maker whose end means that the file will never be there
 * @throws NmpError ENCLAVE_RUN
 */
export async function waitForFile(path: string, maker: Program): Promise<void> {
  let gone = false;
  void maker.ended.then(() => {
    gone = true;
  });
  for (let attempt = 0; attempt < TRIES && !gone; attempt++) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return;
    await sleep(POLL_MS);
  }
  throw new NmpError('ENCLAVE_RUN');
}
