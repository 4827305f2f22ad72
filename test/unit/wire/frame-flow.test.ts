/** Frames on a stream that the test plays: what is paused, what waits, and what is left behind. */
import { type Stream, StreamMessageEvent } from '@libp2p/interface';
import { describe, expect, it } from 'vitest';
import { NmpError } from '../../../shared/errors.ts';
import { FRAME_BYTES_MAX } from '../../../shared/wire/constants.ts';
import { libp2pFrames } from '../../../shared/wire/frames.ts';
import { codeOfAsync } from '../../support/code-of.ts';

/** As much of a libp2p stream as frames use; counts who listens. */
class PlayedStream extends EventTarget {
  readonly sent: Uint8Array[] = [];
  readonly listening = new Map<string, number>();
  readonly aborted: Error[] = [];
  pauses = 0;
  resumes = 0;
  status = 'open';
  readStatus = 'readable';
  readBufferLength = 0;
  writeBufferLength = 0;
  writableNeedsDrain = false;
  /** What the transport does in `resume`: may hand out what it held back. */
  onResume: () => void = () => undefined;

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.#count(args[0], 1);
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.#count(args[0], -1);
    super.removeEventListener(...args);
  }
  #count(name: string, by: number): void {
    this.listening.set(name, (this.listening.get(name) ?? 0) + by);
  }
  send(data: { subarray(): Uint8Array }): boolean {
    this.sent.push(data.subarray());
    return !this.writableNeedsDrain;
  }
  pause(): void {
    this.pauses++;
    this.readStatus = 'paused';
  }
  resume(): void {
    this.resumes++;
    this.readStatus = 'readable';
    this.onResume();
  }
  abort(reason: Error): void {
    this.aborted.push(reason);
  }
  async close(): Promise<void> {
    throw new Error('no longer there');
  }
  give(bytes: Uint8Array): void {
    this.dispatchEvent(new StreamMessageEvent(bytes));
  }
}

function played() {
  const stream = new PlayedStream();
  return { stream, frames: libp2pFrames(stream as unknown as Stream) };
}

/** A frame whose prefix and content have this many bytes together. */
function frameOf(bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  const length = bytes - 3;
  out.set([(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14]);
  return out;
}
const HALF = frameOf(FRAME_BYTES_MAX);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a reader that does not keep up', () => {
  it('pauses its stream when more than two frames wait, not at two', () => {
    const { stream } = played();
    stream.give(HALF);
    stream.give(HALF);
    expect(stream.pauses).toBe(0);
    stream.give(Uint8Array.of(1));
    expect(stream.pauses).toBe(1);
    stream.give(Uint8Array.of(1));
    expect(stream.pauses).toBe(1);
  });

  it('lets it run on when less than one frame waits', async () => {
    const { stream, frames } = played();
    for (let i = 0; i < 3; i++) stream.give(HALF);
    expect(stream.pauses).toBe(1);
    await frames.read();
    await frames.read();
    expect(stream.resumes).toBe(0);
    await frames.read();
    expect(stream.resumes).toBe(1);
  });

  it('pauses again only when the transport has handed out all that it held', async () => {
    const { stream, frames } = played();
    for (let i = 0; i < 3; i++) stream.give(HALF);
    let within = 0;
    stream.onResume = () => {
      stream.onResume = () => undefined;
      for (let i = 0; i < 3; i++) stream.give(HALF);
      within = stream.pauses;
    };
    for (let i = 0; i < 3; i++) await frames.read();
    expect([within, stream.pauses]).toEqual([1, 2]);
  });

  it('never pauses or resumes a stream that is at its end', async () => {
    const { stream, frames } = played();
    stream.readStatus = 'closed';
    for (let i = 0; i < 4; i++) stream.give(HALF);
    expect(stream.pauses).toBe(0);
    for (let i = 0; i < 4; i++) await frames.read();
    expect(stream.resumes).toBe(0);
  });

  it('does not resume a stream that ended while it was paused', async () => {
    const { stream, frames } = played();
    for (let i = 0; i < 3; i++) stream.give(HALF);
    stream.readStatus = 'closed';
    for (let i = 0; i < 3; i++) await frames.read();
    expect([stream.pauses, stream.resumes]).toEqual([1, 0]);
  });
});

describe('a length prefix', () => {
  it('of three bytes that asks for a fourth is refused before it comes', async () => {
    const { stream, frames } = played();
    stream.give(Uint8Array.of(0x80, 0x80, 0x80));
    expect(await codeOfAsync(frames.read(AbortSignal.timeout(1_000)))).toBe('FRAME_SIZE');
  });
});

describe('a writer', () => {
  it('waits while the transport is full, and leaves nobody listening', async () => {
    const { stream, frames } = played();
    stream.writableNeedsDrain = true;
    const before = new Map(stream.listening);
    let done = false;
    const writing = frames.write(Uint8Array.of(1)).then(() => {
      done = true;
    });
    await turn();
    // An event that changes nothing is no reason to go on.
    stream.dispatchEvent(new Event('idle'));
    await turn();
    expect(done).toBe(false);
    stream.writableNeedsDrain = false;
    stream.dispatchEvent(new Event('drain'));
    await writing;
    for (const name of ['drain', 'idle', 'close']) {
      // Added twice, taken away twice.
      expect([name, stream.listening.get(name) ?? 0]).toEqual([name, before.get(name) ?? 0]);
    }
  });

  it('waits as well while too much lies in the stream’s own buffer', async () => {
    const { stream, frames } = played();
    stream.send = (data) => {
      stream.sent.push(data.subarray());
      return false;
    };
    stream.writeBufferLength = 2 * FRAME_BYTES_MAX;
    await frames.write(Uint8Array.of(1));
    stream.writeBufferLength++;
    let done = false;
    const writing = frames.write(Uint8Array.of(2)).then(() => {
      done = true;
    });
    await turn();
    expect(done).toBe(false);
    stream.writeBufferLength = 0;
    stream.dispatchEvent(new Event('drain'));
    await writing;
  });

  it('learns that the stream is gone, that time is up, and why', async () => {
    const { stream, frames } = played();
    stream.writableNeedsDrain = true;
    const late = codeOfAsync(frames.write(Uint8Array.of(1), AbortSignal.timeout(5)));
    expect(await late).toBe('TIMEOUT');
    const told = new AbortController();
    const reason = new NmpError('INTERNAL');
    const writing = codeOfAsync(frames.write(Uint8Array.of(1), told.signal));
    told.abort(reason);
    expect(await writing).toBe('INTERNAL');
    stream.status = 'closed';
    expect(await codeOfAsync(frames.write(Uint8Array.of(1)))).toBe('CONNECTION_LOST');
  });

  it('sends nothing for a caller who has given up', async () => {
    const { stream, frames } = played();
    const given = codeOfAsync(frames.write(Uint8Array.of(1), AbortSignal.abort()));
    expect(await given).toBe('TIMEOUT');
    expect(stream.sent).toEqual([]);
  });
});

describe('an end', () => {
  it('is passed to the stream with its reason', () => {
    const { stream, frames } = played();
    const reason = new Error('enough');
    frames.abort(reason);
    expect(stream.aborted).toEqual([reason]);
  });

  it('that the transport refuses is a lost connection', async () => {
    expect(await codeOfAsync(played().frames.close())).toBe('CONNECTION_LOST');
  });

  it('is not told before what the stream still holds was read', async () => {
    const { stream, frames } = played();
    stream.readBufferLength = 2;
    stream.dispatchEvent(new Event('remoteCloseWrite'));
    const reading = frames.read();
    await turn();
    stream.readBufferLength = 0;
    stream.give(Uint8Array.of(1, 9));
    expect(await reading).toEqual(Uint8Array.of(9));
    expect(await codeOfAsync(frames.read())).toBe('CONNECTION_LOST');
  });

  it('of the reader’s patience comes at once if it is over already', async () => {
    expect(await codeOfAsync(played().frames.read(AbortSignal.abort()))).toBe('TIMEOUT');
  });
});
