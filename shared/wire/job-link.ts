/**
 * What an enclave and its parent say to each other about proof jobs, on one stream: a length (u32,
 * big-endian) and canonical CBOR of a word, a name and a body. The parent reads names and passes
 * bodies on.
 */
import { concat } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { CborFields, type CborValue, decodeCbor, encodeCbor } from './cbor.ts';
import { FRAME_BYTES_MAX } from './constants.ts';
import type { DialName } from './dial-opener.ts';

/** The name by which the enclave dials this service of its parent. */
export const JOB_LINK: DialName = { name: 'proof-jobs', port: 1 };

/**
 * From the enclave: a box to open or close, an offer for whoever is next, a message for a box; an
 * offer to take, still at work on it, done with it, or to be given to another. From the parent: an
 * offer under the name of the asking, a message that came into a box.
 */
export const LINK_WORDS = [
  'open',
  'close',
  'offer',
  'send',
  'take',
  'working',
  'done',
  'again',
  'taken',
  'mail',
] as const;
export type LinkWord = (typeof LINK_WORDS)[number];

export interface LinkMessage {
  readonly word: LinkWord;
  /** 22 characters. */
  readonly name: string;
  readonly body: Uint8Array;
}

const NAME = /^[\w-]{22}$/;
/** A frame with the box that it is from. */
export const LINK_BODY_BYTES_MAX = FRAME_BYTES_MAX + 16;
const MESSAGE_BYTES_MAX = LINK_BODY_BYTES_MAX + 128;
const HEAD_BYTES = 4;

const isWord = (word: string): word is LinkWord => LINK_WORDS.some((known) => known === word);

export function encodeLinkMessage({ word, name, body }: LinkMessage): Uint8Array {
  const message = encodeCbor(
    new Map<string, CborValue>([
      ['word', word],
      ['name', name],
      ['body', Uint8Array.from(body)],
    ]),
  );
  const head = new Uint8Array(HEAD_BYTES);
  new DataView(head.buffer).setUint32(0, message.length);
  return concat(head, message);
}

function decodeLinkMessage(bytes: Uint8Array): LinkMessage {
  const fields = new CborFields(decodeCbor(bytes, MESSAGE_BYTES_MAX), 3);
  const word = fields.text('word', 16);
  const name = fields.text('name', 22);
  const body = fields.bytes('body');
  if (!isWord(word) || !NAME.test(name) || body.length > LINK_BODY_BYTES_MAX) {
    throw new NmpError('FRAME_MALFORMED');
  }
  return { word, name, body };
}

/** Cuts a stream into its messages. */
export class LinkMessages {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** @throws NmpError FRAME_SIZE, FRAME_MALFORMED: the stream is then of no further use */
  push(chunk: Uint8Array): LinkMessage[] {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    const messages: LinkMessage[] = [];
    while (this.#length >= HEAD_BYTES) {
      const [first] = this.#parts;
      const bytes =
        first !== undefined && this.#parts.length === 1 ? first : concat(...this.#parts);
      this.#parts = [bytes];
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      if (length === 0 || length > MESSAGE_BYTES_MAX) throw new NmpError('FRAME_SIZE');
      const end = HEAD_BYTES + length;
      if (bytes.length < end) break;
      messages.push(decodeLinkMessage(bytes.slice(HEAD_BYTES, end)));
      this.#parts = [bytes.subarray(end)];
      this.#length -= end;
    }
    return messages;
  }
}
