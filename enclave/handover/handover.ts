/**
 * Ledger and keys from one enclave to another of equal measurements and equal rules
 * (docs/protocol.md, Handover). The giver gives up first, on its disk, and sends then: at no moment
 * can two enclaves charge one ledger, whatever fails or is killed in between.
 */
import { equalBytes, lengthPrefixed, utf8 } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import { CborFields, type CborValue, decodeCbor, encodeCbor } from '../../shared/wire/cbor.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { refusedFrame } from '../../shared/wire/records.ts';
import {
  initiateMutual,
  type MutualComponents,
  NONCE_BYTES,
  respondMutual,
} from '../attest/mutual.ts';
import type { Ledger } from '../egress/gate/ledger.ts';
import {
  decodeContents,
  encodeContents,
  HANDOVER_BYTES_MAX,
  type HandoverContents,
} from './contents.ts';

export interface HandoverInit {
  /** `rulesDigest` of the configuration, 32 bytes. */
  readonly rules: Uint8Array;
}

const HELLO_BYTES_MAX = 256;
const NOTHING = new Uint8Array(0);

/** One configuration, one meaning of the units in a ledger. */
export function rulesDigest(suite: CryptoSuite, configText: string): Uint8Array {
  return suite.sha256(
    lengthPrefixed(utf8('nmp-handover/v1 rules')),
    lengthPrefixed(utf8(configText)),
  );
}

function encodeHello(nonce: Uint8Array, rules: Uint8Array): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ['version', 1],
      ['nonce', nonce],
      ['rules', rules],
    ]),
  );
}

function decodeHello(frame: Uint8Array): {
  readonly nonce: Uint8Array;
  readonly rules: Uint8Array;
} {
  const fields = new CborFields(decodeCbor(frame, HELLO_BYTES_MAX), 3);
  if (fields.uint('version') !== 1n) throw new NmpError('FRAME_MALFORMED');
  return { nonce: fields.bytes('nonce', NONCE_BYTES), rules: fields.bytes('rules', 32) };
}

/**
 * Gives to whoever proves to be an equal and says that it is ready. Nothing is given up before that.
 * @throws NmpError HANDOVER_REFUSED for other rules, ATTESTATION_*, EGRESS_LEDGER: nothing was given;
 *   HANDOVER_UNCONFIRMED: the ledger is given up, and the heir may or may not have it
 */
export async function giveOver(
  components: MutualComponents & { readonly ledger: Ledger },
  init: HandoverInit & { readonly identity?: Uint8Array | undefined },
  frames: FrameChannel,
  signal: AbortSignal,
): Promise<void> {
  const { ledger } = components;
  const hello = await frames.read(signal);
  const { nonce, rules } = decodeHello(hello);
  if (!equalBytes(rules, init.rules)) {
    await frames.write(refusedFrame('HANDOVER_REFUSED'), signal);
    throw new NmpError('HANDOVER_REFUSED');
  }
  const mutual = { purpose: 'nmp-handover/v1', hello, helloNonce: nonce } as const;
  const channel = await respondMutual(components, mutual, frames, signal);
  try {
    // Only who has the keys of this exchange can say so: no replay gets a ledger given up.
    await channel.reader.readMessage(0, { signal });
    const { identity } = init;
    const contents = encodeContents({
      ledger: ledger.give(),
      ...(identity === undefined ? {} : { identity }),
    });
    try {
      await channel.writer.writeMessage(contents, signal);
      await channel.reader.readMessage(0, { signal });
    } catch (cause) {
      throw new NmpError('HANDOVER_UNCONFIRMED', undefined, { cause });
    } finally {
      contents.fill(0);
    }
  } finally {
    channel.wipe();
  }
}

/**
 * Takes over what an equal gives. @param keep stores it durably before the giver is told
 * @throws NmpError HANDOVER_REFUSED, ATTESTATION_*, RECORD_*, CONNECTION_LOST, TIMEOUT: nothing was
 *   kept; what `keep` throws
 */
export async function takeOver(
  components: MutualComponents,
  { rules }: HandoverInit,
  frames: FrameChannel,
  keep: (contents: HandoverContents) => Promise<void> | void,
  signal: AbortSignal,
): Promise<void> {
  const helloNonce = Uint8Array.from(components.random.bytes(NONCE_BYTES));
  const hello = encodeHello(helloNonce, rules);
  await frames.write(hello, signal);
  const mutual = { purpose: 'nmp-handover/v1', hello, helloNonce } as const;
  const channel = await initiateMutual(components, mutual, frames, signal);
  try {
    await channel.writer.writeMessage(NOTHING, signal);
    const contents = await channel.reader.readMessage(HANDOVER_BYTES_MAX, { signal });
    try {
      await keep(decodeContents(contents));
    } finally {
      contents.fill(0);
    }
    // It holds the ledger whether the giver hears of it or not.
    await channel.writer.writeMessage(NOTHING, signal).catch(() => undefined);
  } finally {
    channel.wipe();
  }
}
