/** The hostile relay: what it does to the two ways of a stream, and what it remembers. */
import { deriveSessionSecrets, deriveStreamKeys } from '../../shared/crypto/key-schedule.ts';
import type { CryptoSuite, KemKeyPair } from '../../shared/crypto/suite.ts';
import {
  decodeIntentResponse,
  decodeLogicRequest,
  IntentResponse,
} from '../../shared/wire/codec.ts';
import { PROTOCOL, REQUEST_BYTES_MAX } from '../../shared/wire/constants.ts';
import { RecordReader } from '../../shared/wire/records.ts';
import { ciphertextHash, transcriptHash } from '../../shared/wire/transcript.ts';
import { framePair } from '../support/frames.ts';
import { type Plan, WIRE_FAULTS } from './faults.ts';
import type { Choices } from './random.ts';
import { HONEST, type Tamper } from './stream.ts';

type Pieces = readonly { readonly piece: Uint8Array; readonly laterMs?: number }[];

/** Splits a piece into whole frames; undefined if it does not end with one. */
export function framesOf(piece: Uint8Array): readonly Uint8Array[] | undefined {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < piece.length; ) {
    let length = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = piece[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80 && shift < 28);
    if (at + length > piece.length) return undefined;
    frames.push(piece.subarray(at, at + length));
    at += length;
  }
  return frames;
}

export function framed(frame: Uint8Array): Uint8Array {
  const prefix: number[] = [];
  let rest = frame.length;
  do {
    prefix.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
    rest >>>= 7;
  } while (rest > 0);
  return Uint8Array.from([...prefix, ...frame]);
}

function wireTamper(fault: (typeof WIRE_FAULTS)[number], choices: Choices): Tamper {
  const at = choices.below(5);
  const only = (change: (piece: Uint8Array) => Pieces): Tamper => ({
    pass: (piece, index) => (index === at ? change(piece) : [{ piece }]),
  });
  const split = (piece: Uint8Array, parts: number): Uint8Array[] => {
    const size = Math.max(1, Math.ceil(piece.length / parts));
    return Array.from({ length: Math.ceil(piece.length / size) }, (_, part) =>
      piece.subarray(part * size, (part + 1) * size),
    );
  };
  switch (fault) {
    case 'drop':
      return only(() => []);
    case 'delay': {
      // Everything from then on is as late: the order holds.
      const laterMs = choices.pick([50, 500, 5_000, 50_000]);
      return { pass: (piece, index) => [index >= at ? { piece, laterMs } : { piece }] };
    }
    case 'reorder':
      return only((piece) => [{ piece, laterMs: 1 + choices.below(400) }]);
    case 'duplicate':
      return only((piece) => [{ piece }, { piece }]);
    case 'partial-write':
      return {
        pass: (piece) => split(piece, 2 + choices.below(9)).map((part) => ({ piece: part })),
      };
    case 'bit-flip':
      return only((piece) => {
        const bit = choices.below(piece.length * 8);
        return [
          { piece: piece.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)) },
        ];
      });
    case 'half-close':
      return { ...HONEST, endAfter: at };
    case 'slow-loris':
      return {
        pass: (piece) => split(piece, 64).map((part, i) => ({ piece: part, laterMs: 2_000 * i })),
      };
    case 'cut':
      return { ...HONEST, cutAfter: at };
  }
}

/** A key of the relay's own in place of the node's, and the attempt to read what follows. */
class KeySwap {
  readonly #suite: CryptoSuite;
  readonly #pair: KemKeyPair;
  #request = new Uint8Array(0);
  #response: IntentResponse | undefined;

  constructor(suite: CryptoSuite) {
    this.#suite = suite;
    this.#pair = suite.kem.generate();
  }

  toNode(piece: Uint8Array, index: number, read: (plain: Uint8Array) => void, ids: PeerIds) {
    const frames = framesOf(piece) ?? [];
    if (index === 0) this.#request = Uint8Array.from(frames[0] ?? []);
    else void this.#read(frames, read, ids).catch(() => undefined);
  }

  toClient(piece: Uint8Array): Uint8Array {
    const [frame] = framesOf(piece) ?? [];
    if (frame === undefined || this.#response !== undefined) return piece;
    try {
      const kyberPublicKey = Uint8Array.from(this.#pair.publicKey);
      this.#response = { ...decodeIntentResponse(frame), kyberPublicKey };
    } catch {
      return piece;
    }
    return framed(IntentResponse.encode(this.#response));
  }

  #opener: { readonly token: string; readonly ciphertext: Uint8Array } | undefined;
  readonly #records: Uint8Array[] = [];

  async #read(
    frames: readonly Uint8Array[],
    read: (plain: Uint8Array) => void,
    ids: PeerIds,
  ): Promise<void> {
    const rest = [...frames];
    if (this.#opener === undefined) {
      const opener = decodeLogicRequest(rest.shift() ?? new Uint8Array(0), 2048);
      this.#opener = { token: opener.sessionToken, ciphertext: opener.pqcCiphertext };
    }
    this.#records.push(...rest);
    const intentResponse = this.#response;
    if (intentResponse === undefined || this.#records.length === 0) return;
    const { ciphertext } = this.#opener;
    const shared = this.#pair.decapsulate(ciphertext);
    const transcript = transcriptHash(this.#suite, {
      intentRequest: this.#request,
      intentResponse,
      clientPeerId: ids.client,
      nodePeerId: ids.node,
    });
    const full = ciphertextHash(this.#suite, transcript, ciphertext);
    const secrets = deriveSessionSecrets(this.#suite, shared, full);
    const { clientToNode } = deriveStreamKeys(this.#suite, secrets, 0n);
    const [ours, theirs] = framePair();
    for (const record of this.#records) await theirs.write(record);
    await theirs.close();
    const reader = new RecordReader(
      { suite: this.#suite, frames: ours },
      { key: clientToNode, stream: 0n },
    );
    read(await reader.readMessage(REQUEST_BYTES_MAX));
  }
}

export interface PeerIds {
  /** Multihashes. */
  readonly client: Uint8Array;
  readonly node: Uint8Array;
}

export interface RelayInit {
  readonly plan: Plan;
  readonly choices: Choices;
  readonly suite: CryptoSuite;
  /** Faults happen only while this is true. */
  readonly active: () => boolean;
  /** Plaintext that the relay got hold of. */
  readonly read: (plain: Uint8Array) => void;
}

/** What passed on one stream, in its pieces. */
interface Record {
  readonly protocol: string;
  readonly toNode: Uint8Array[];
  readonly toClient: Uint8Array[];
}

export class Relay {
  readonly #init: RelayInit;
  readonly #past: Record[] = [];

  constructor(init: RelayInit) {
    this.#init = init;
  }

  happens(fault: Plan['faults'][number]): boolean {
    const { plan, choices, active } = this.#init;
    return active() && plan.faults.includes(fault) && choices.chance(plan.percent);
  }

  /** An earlier stream of this protocol, for replays. */
  earlier(protocol: string): Record | undefined {
    const found = this.#past.filter((record) => record.protocol === protocol);
    return found.length === 0 ? undefined : this.#init.choices.pick(found);
  }

  /** The two ways of a new stream. */
  ways(protocol: string, ids: PeerIds): readonly [toNode: Tamper, toClient: Tamper] {
    const { choices, suite, read } = this.#init;
    const record: Record = { protocol, toNode: [], toClient: [] };
    const past = this.earlier(protocol);
    this.#past.push(record);
    const swap =
      protocol === PROTOCOL.elicit && this.happens('swap-key') ? new KeySwap(suite) : undefined;
    const replayed =
      past !== undefined &&
      (protocol === PROTOCOL.elicit
        ? this.happens('replay-document')
        : protocol === PROTOCOL.call && this.happens('replay-answer'));
    const stale = past !== undefined && protocol === PROTOCOL.elicit && this.happens('stale-nonce');
    const wire = WIRE_FAULTS.filter((fault) => this.happens(fault));
    const [fault] = wire;
    const bad = fault === undefined ? HONEST : wireTamper(fault, choices);
    const toNodeIsBad = choices.chance(50);
    return [
      {
        ...(toNodeIsBad ? bad : HONEST),
        pass: (piece, index) => {
          record.toNode.push(piece);
          swap?.toNode(piece, index, read, ids);
          const old = stale && index === 0 ? past.toNode[0] : undefined;
          return (toNodeIsBad ? bad : HONEST).pass(old ?? piece, index);
        },
      },
      {
        ...(toNodeIsBad ? HONEST : bad),
        pass: (piece, index) => {
          record.toClient.push(piece);
          const old = replayed ? past.toClient[index] : undefined;
          const shown = swap?.toClient(piece) ?? old ?? piece;
          return (toNodeIsBad ? HONEST : bad).pass(shown, index);
        },
      },
    ];
  }
}
