/**
 * Two enclaves attest each other in one round trip and get a sealed channel (docs/protocol.md,
 * Mutual attestation). The side that said hello is the initiator: it judges the other's document
 * before it encapsulates, and the other judges its document before it reads anything.
 */
import { lengthPrefixed, utf8 } from '../../shared/bytes.ts';
import {
  deriveSessionSecrets,
  deriveStreamKeys,
  wipeSecrets,
} from '../../shared/crypto/key-schedule.ts';
import { type CryptoSuite, type KemKeyPair, XWING } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import { CborFields, type CborValue, decodeCbor, encodeCbor } from '../../shared/wire/cbor.ts';
import { DOCUMENT_BYTES_MAX } from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { RecordReader, RecordWriter, refusedError } from '../../shared/wire/records.ts';
import type { JudgePeer } from './judge-peer.ts';
import type { Nsm } from './nsm.ts';

export interface MutualComponents {
  readonly suite: CryptoSuite;
  readonly nsm: Pick<Nsm, 'attest'>;
  readonly random: Random;
  readonly clock: Clock;
  readonly judge: JudgePeer;
}

export interface MutualInit {
  /** Separates exchanges that are about different things. */
  readonly purpose: 'nmp-job/v1' | 'nmp-handover/v1';
  /** What the initiator said first, byte for byte, and the nonce in it (32 bytes). */
  readonly hello: Uint8Array;
  readonly helloNonce: Uint8Array;
}

/** Records of stream 0, one key a direction. */
export interface MutualChannel {
  readonly reader: RecordReader;
  readonly writer: RecordWriter;
  /** SHA-384 over transcript and ciphertext: names this exchange, 48 bytes. */
  readonly exchange: Uint8Array;
  wipe(): void;
}

export const NONCE_BYTES = 32;
/** Document, key and nonce with their names. */
const MESSAGE_BYTES_MAX = DOCUMENT_BYTES_MAX + 2048;
const STREAM = 0n;

interface Answer {
  readonly nonce: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly document: Uint8Array;
}

interface Closing {
  readonly ciphertext: Uint8Array;
  readonly document: Uint8Array;
}

function encodeAnswer({ nonce, publicKey, document }: Answer): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ['version', 1],
      ['nonce', nonce],
      ['publicKey', publicKey],
      ['document', document],
    ]),
  );
}

/** @throws NmpError FRAME_SIZE, FRAME_MALFORMED */
function decodeAnswer(frame: Uint8Array): Answer {
  const fields = new CborFields(decodeCbor(frame, MESSAGE_BYTES_MAX), 4);
  if (fields.uint('version') !== 1n) throw new NmpError('FRAME_MALFORMED');
  return {
    nonce: fields.bytes('nonce', NONCE_BYTES),
    publicKey: fields.bytes('publicKey', XWING.publicKey),
    document: fields.bytes('document'),
  };
}

function encodeClosing({ ciphertext, document }: Closing): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ['ciphertext', ciphertext],
      ['document', document],
    ]),
  );
}

/** @throws NmpError FRAME_SIZE, FRAME_MALFORMED */
function decodeClosing(frame: Uint8Array): Closing {
  const fields = new CborFields(decodeCbor(frame, MESSAGE_BYTES_MAX), 2);
  return {
    ciphertext: fields.bytes('ciphertext', XWING.ciphertext),
    document: fields.bytes('document'),
  };
}

/** A peer that refuses says why in one frame that starts with zero, which no map of ours does. */
async function readFrame(frames: FrameChannel, signal: AbortSignal): Promise<Uint8Array> {
  const frame = await frames.read(signal);
  if (frame[0] === 0) throw refusedError(String.fromCharCode(...frame.subarray(1, 65)));
  return frame;
}

/** T: the hello and the answer without its document. */
function transcriptOf(suite: CryptoSuite, { purpose, hello }: MutualInit, answer: Answer) {
  const bare = encodeAnswer({ ...answer, document: new Uint8Array(0) });
  return suite.sha384(
    lengthPrefixed(utf8(`${purpose} transcript`)),
    lengthPrefixed(hello),
    lengthPrefixed(bare),
  );
}

/** F: the transcript and the ciphertext. */
function exchangeOf(
  suite: CryptoSuite,
  { purpose }: MutualInit,
  transcript: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array {
  return suite.sha384(
    lengthPrefixed(utf8(`${purpose} ciphertext`)),
    lengthPrefixed(transcript),
    lengthPrefixed(ciphertext),
  );
}

/** What the initiator's document is bound to: that it made this very ciphertext. */
function initiatorData(suite: CryptoSuite, { purpose }: MutualInit, exchange: Uint8Array) {
  return suite.sha384(lengthPrefixed(utf8(`${purpose} initiator`)), lengthPrefixed(exchange));
}

function channelOf(
  { suite, clock }: MutualComponents,
  frames: FrameChannel,
  sharedSecret: Uint8Array,
  exchange: Uint8Array,
  initiator: boolean,
): MutualChannel {
  const secrets = deriveSessionSecrets(suite, sharedSecret, exchange);
  sharedSecret.fill(0);
  const { clientToNode, nodeToClient } = deriveStreamKeys(suite, secrets, STREAM);
  wipeSecrets(secrets);
  const [read, write] = initiator ? [nodeToClient, clientToNode] : [clientToNode, nodeToClient];
  const reader = new RecordReader({ suite, frames }, { key: read, stream: STREAM });
  const writer = new RecordWriter({ suite, frames, clock }, { key: write, stream: STREAM });
  return {
    reader,
    writer,
    exchange,
    wipe: () => {
      reader.wipe();
      writer.wipe();
    },
  };
}

/**
 * The side that said `hello`. What it writes first travels with its proof, sealed to an enclave that
 * it has judged.
 * @throws NmpError ATTESTATION_*, FRAME_*, HANDSHAKE_KEM, CONNECTION_LOST, TIMEOUT
 */
export async function initiateMutual(
  components: MutualComponents,
  init: MutualInit,
  frames: FrameChannel,
  signal: AbortSignal,
): Promise<MutualChannel> {
  const { suite, nsm, judge } = components;
  const answer = decodeAnswer(await readFrame(frames, signal));
  const transcript = transcriptOf(suite, init, answer);
  await judge({ document: answer.document, nonce: init.helloNonce, userData: transcript });
  const { ciphertext, sharedSecret } = suite.kem.encapsulate(answer.publicKey);
  const exchange = exchangeOf(suite, init, transcript, ciphertext);
  const userData = initiatorData(suite, init, exchange);
  const document = await nsm.attest({ nonce: answer.nonce, userData });
  await frames.write(encodeClosing({ ciphertext, document }), signal);
  return channelOf(components, frames, sharedSecret, exchange, true);
}

/**
 * The side that was greeted: nothing that the other says counts before its document has held.
 * @throws NmpError ATTESTATION_*, FRAME_*, HANDSHAKE_KEM, CONNECTION_LOST, TIMEOUT
 */
export async function respondMutual(
  components: MutualComponents,
  init: MutualInit,
  frames: FrameChannel,
  signal: AbortSignal,
): Promise<MutualChannel> {
  const { suite, nsm, judge, random } = components;
  const pair: KemKeyPair = suite.kem.generate();
  try {
    const bare = {
      nonce: Uint8Array.from(random.bytes(NONCE_BYTES)),
      publicKey: Uint8Array.from(pair.publicKey),
      document: new Uint8Array(0),
    };
    const transcript = transcriptOf(suite, init, bare);
    const document = await nsm.attest({ nonce: init.helloNonce, userData: transcript });
    await frames.write(encodeAnswer({ ...bare, document }), signal);
    const closing = decodeClosing(await readFrame(frames, signal));
    const exchange = exchangeOf(suite, init, transcript, closing.ciphertext);
    const userData = initiatorData(suite, init, exchange);
    await judge({ document: closing.document, nonce: bare.nonce, userData });
    const sharedSecret = pair.decapsulate(closing.ciphertext);
    return channelOf(components, frames, sharedSecret, exchange, false);
  } finally {
    pair.wipe();
  }
}
