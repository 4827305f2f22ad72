/** Numbers of streams that were used, each once, as long as they do not run far apart (RFC 4303, 3.4.3). */
import { NmpError } from '../../shared/errors.ts';

/** How far the numbers may run apart. */
const WINDOW = 1024n;
const MASK = (1n << WINDOW) - 1n;

export class ReplayWindow {
  #highest = -1n;
  /** Bit i: whether `#highest - i` was used. */
  #used = 0n;

  /** @throws NmpError SESSION_REPLAY for a number that was used or is out of the window */
  check(stream: bigint): void {
    const behind = this.#highest - stream;
    if (behind >= WINDOW || -behind > WINDOW) throw new NmpError('SESSION_REPLAY');
    if (behind >= 0n && (this.#used >> behind) & 1n) throw new NmpError('SESSION_REPLAY');
  }

  /** Uses a number. @throws NmpError SESSION_REPLAY */
  take(stream: bigint): void {
    this.check(stream);
    const behind = this.#highest - stream;
    if (behind >= 0n) {
      this.#used |= 1n << behind;
      return;
    }
    this.#highest = stream;
    this.#used = ((this.#used << -behind) | 1n) & MASK;
  }
}
