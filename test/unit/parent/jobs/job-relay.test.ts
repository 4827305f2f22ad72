import { Duplex, PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { JobBus, OfferHandle } from '../../../../parent/jobs/job-bus.ts';
import { DEFAULT_JOB_RELAY_LIMITS, serveJobLink } from '../../../../parent/jobs/job-relay.ts';
import { utf8 } from '../../../../shared/bytes.ts';
import {
  encodeLinkMessage,
  type LinkMessage,
  LinkMessages,
  type LinkWord,
} from '../../../../shared/wire/job-link.ts';

const name = (letter: string) => letter.repeat(22);
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

/** A bus that writes down what it is told. */
function recordingBus() {
  const said: string[] = [];
  const boxes = new Map<string, (body: Uint8Array) => void>();
  const takers: ((handle: OfferHandle) => void)[] = [];
  const handle = (label: string): OfferHandle => ({
    body: utf8(label),
    working: () => said.push(`working ${label}`),
    done: () => said.push(`done ${label}`),
    again: () => said.push(`again ${label}`),
  });
  const bus: JobBus = {
    offer: async (body) => {
      const text = new TextDecoder().decode(body);
      said.push(`offer ${text}`);
      return () => said.push(`withdraw ${text}`);
    },
    send: (box, body) => said.push(`send ${box} ${body.length}`),
    listen: (box, onBody) => {
      boxes.set(box, onBody);
      return () => boxes.delete(box);
    },
    take: (signal) =>
      new Promise((resolve) => {
        takers.push(resolve);
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      }),
    stop: async () => undefined,
  };
  return { bus, said, boxes, takers, handle };
}

function linked(limits = DEFAULT_JOB_RELAY_LIMITS) {
  const world = recordingBus();
  const [toParent, toEnclave] = [new PassThrough(), new PassThrough()];
  const stream = Duplex.from({ readable: toParent, writable: toEnclave });
  serveJobLink(world.bus, stream, limits);
  const heard: LinkMessage[] = [];
  const messages = new LinkMessages();
  toEnclave.on('data', (chunk: Buffer) => heard.push(...messages.push(chunk)));
  const say = (word: LinkWord, box: string, body: Uint8Array = new Uint8Array(0)) =>
    toParent.write(encodeLinkMessage({ word, name: box, body }));
  return { ...world, heard, say, stream, toParent };
}

describe("the parent's end of the link for proof jobs", () => {
  it('opens boxes, passes bodies on and withdraws an offer with its box', async () => {
    const { say, said, boxes, heard } = linked();
    say('open', name('a'));
    say('offer', name('a'), utf8('one'));
    say('send', name('b'), new Uint8Array(5));
    await settled();
    boxes.get(name('a'))?.(utf8('mail'));
    await settled();
    expect(heard).toEqual([{ word: 'mail', name: name('a'), body: utf8('mail') }]);
    say('close', name('a'));
    await settled();
    expect(boxes.size).toBe(0);
    expect(said).toEqual(['offer one', `send ${name('b')} 5`, 'withdraw one']);
  });

  it('makes no offer without a box, and none twice', async () => {
    const { say, said } = linked();
    say('offer', name('a'), utf8('no box'));
    say('open', name('b'));
    say('offer', name('b'), utf8('once'));
    say('offer', name('b'), utf8('twice'));
    await settled();
    expect(said).toEqual(['offer once']);
  });

  it('takes an offer for the enclave and settles it as told', async () => {
    const { say, said, takers, handle, heard } = linked();
    say('take', name('t'));
    await settled();
    takers[0]?.(handle('x'));
    await settled();
    expect(heard).toEqual([{ word: 'taken', name: name('t'), body: utf8('x') }]);
    say('working', name('t'));
    say('done', name('t'));
    say('done', name('t'));
    await settled();
    expect(said).toEqual(['working x', 'done x']);
  });

  it('gives back at once what an enclave that ended had not settled', async () => {
    const { say, said, takers, handle, stream, boxes } = linked();
    say('open', name('a'));
    say('offer', name('a'), utf8('mine'));
    say('take', name('t'));
    say('take', name('u'));
    await settled();
    takers[0]?.(handle('x'));
    await settled();
    stream.destroy();
    await settled();
    takers[1]?.(handle('late'));
    await settled();
    expect(said).toEqual(['offer mine', 'withdraw mine', 'again x']);
    expect(boxes.size).toBe(0);
  });

  it('ends the link of an enclave that wants more than it may, or does not speak the protocol', async () => {
    const boxes = linked({ ...DEFAULT_JOB_RELAY_LIMITS, boxes: 2 });
    for (const letter of ['a', 'b', 'c']) boxes.say('open', name(letter));
    const takes = linked({ ...DEFAULT_JOB_RELAY_LIMITS, takes: 1 });
    for (const letter of ['a', 'b']) takes.say('take', name(letter));
    const wrong = linked();
    wrong.say('mail', name('a'));
    const junk = linked();
    junk.toParent.write(Uint8Array.of(0, 0, 0, 2, 1, 2));
    // An enclave that reads nothing.
    const stream = new Duplex({ read: () => undefined, write: () => undefined });
    const deaf = { stream, ...recordingBus() };
    serveJobLink(deaf.bus, stream, { ...DEFAULT_JOB_RELAY_LIMITS, unsentBytes: 100_000 });
    stream.push(encodeLinkMessage({ word: 'open', name: name('a'), body: new Uint8Array(0) }));
    await settled();
    for (let i = 0; i < 3; i++) deaf.boxes.get(name('a'))?.(new Uint8Array(60_000));
    await settled();
    const ended = [boxes, takes, wrong, junk, deaf].map(({ stream }) => stream.destroyed);
    expect(ended).toEqual([true, true, true, true, true]);
  });
});
