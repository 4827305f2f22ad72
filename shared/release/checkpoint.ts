/**
 * Signed tree heads as text: the checkpoint of C2SP tlog-checkpoint in a signed note (C2SP
 * signed-note) with one Ed25519 signature, so that other logs' tools read ours.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, fromHex, toHex, utf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { verifyEd25519 } from './manifest.ts';

export interface Checkpoint {
  /** Name of the log, also that of its key. */
  readonly origin: string;
  readonly size: number;
  /** Root hash, 32 bytes. */
  readonly root: Uint8Array;
}

const FORM =
  /^(?<body>(?<origin>[^\n +]{1,128})\n(?<size>0|[1-9][0-9]{0,9})\n(?<root>[A-Za-z0-9+/]{43}=)\n)\n— (?<name>[^\n +]{1,128}) (?<signature>[A-Za-z0-9+/]{90,92}={0,2})\n$/u;
const ED25519 = Uint8Array.of(0x01);

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

/** First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key). */
const keyHash = (name: string, key: Uint8Array) =>
  sha256(concat(utf8(`${name}\n`), ED25519, key)).subarray(0, 4);

const bodyOf = ({ origin, size, root }: Checkpoint) => `${origin}\n${size}\n${toBase64(root)}\n`;

/** @param seed Ed25519 private key of the log, 32 bytes */
export function signCheckpoint(checkpoint: Checkpoint, seed: Uint8Array): string {
  const body = bodyOf(checkpoint);
  const hash = keyHash(checkpoint.origin, ed25519.getPublicKey(seed));
  const signature = toBase64(concat(hash, ed25519.sign(utf8(body), seed)));
  return `${body}\n— ${checkpoint.origin} ${signature}\n`;
}

/**
 * @param key raw public key of the log, hex
 * @throws NmpError RELEASE_MALFORMED, RELEASE_CHECKPOINT
 */
export function openCheckpoint(text: string, origin: string, key: string): Checkpoint {
  const parts = text.length <= 1024 ? FORM.exec(text)?.groups : undefined;
  const publicKey = fromHex(key);
  if (parts === undefined || publicKey === undefined) throw new NmpError('RELEASE_MALFORMED');
  const { body = '', size = '', root = '', name = '', signature = '' } = parts;
  let blob: Uint8Array;
  let hash: Uint8Array;
  try {
    blob = fromBase64(signature);
    hash = fromBase64(root);
  } catch (cause) {
    throw new NmpError('RELEASE_MALFORMED', undefined, { cause });
  }
  const good =
    parts.origin === origin &&
    name === origin &&
    blob.length === 68 &&
    equalBytes(blob.subarray(0, 4), keyHash(name, publicKey)) &&
    verifyEd25519(key, utf8(body), toHex(blob.subarray(4)));
  if (!good) throw new NmpError('RELEASE_CHECKPOINT');
  const checkpoint = { origin, size: Number(size), root: hash };
  // One text for one checkpoint: spare bits of base64 are not ours to choose.
  if (bodyOf(checkpoint) !== body) throw new NmpError('RELEASE_MALFORMED');
  return checkpoint;
}
