import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../shared/bytes.ts';
import { hkdfExpand } from '../../../shared/crypto/hkdf.ts';
import {
  deriveSessionSecrets,
  deriveStreamKeys,
  nextStreamKey,
  wipeSecrets,
  wipeStreamKey,
} from '../../../shared/crypto/key-schedule.ts';
import type { CryptoSuite } from '../../../shared/crypto/suite.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { codeOf } from '../../support/code-of.ts';

const suite = createNodeSuite();
const fresh = () => ({
  clientToNode: new Uint8Array(48).fill(1),
  nodeToClient: new Uint8Array(48).fill(2),
});
const zeros = (length: number) => new Uint8Array(length);

/** Found by the simulation: a session that was closed while a call's stream opened. */
it('derives no key from secrets that were wiped, which anybody knows', () => {
  const secrets = fresh();
  expect(deriveStreamKeys(suite, secrets, 1n).clientToNode.key).toHaveLength(32);
  for (const half of [{ nodeToClient: zeros(48) }, { clientToNode: zeros(48) }]) {
    expect(codeOf(() => deriveStreamKeys(suite, { ...secrets, ...half }, 1n))).toBe(
      'SESSION_UNKNOWN',
    );
  }
  const last = zeros(48).with(47, 1);
  const odd = { clientToNode: last, nodeToClient: last };
  expect(deriveStreamKeys(suite, odd, 1n).nodeToClient.iv).toHaveLength(12);
  wipeSecrets(secrets);
  expect(secrets).toEqual({ clientToNode: zeros(48), nodeToClient: zeros(48) });
  expect(codeOf(() => deriveStreamKeys(suite, secrets, 1n))).toBe('SESSION_UNKNOWN');
});

describe('the keys of docs/protocol.md', () => {
  /** Written apart from ours, on node:crypto. */
  const expand = (secret: Uint8Array, info: Uint8Array) => {
    // Expand alone: node:crypto extracts first, so the blocks are made by HMAC.
    const one = suite.hmacSha384(secret, info, Uint8Array.of(1));
    const two = suite.hmacSha384(secret, one, info, Uint8Array.of(2));
    return concat(one, two).subarray(0, 92);
  };
  const cut = (bytes: Uint8Array) => ({
    key: bytes.subarray(0, 32),
    iv: bytes.subarray(32, 44),
    next: bytes.subarray(44, 92),
  });

  it('come one a direction from the shared secret and the transcript', () => {
    const [shared, hash] = [new Uint8Array(32).fill(3), new Uint8Array(48).fill(4)];
    const of = (label: string) =>
      new Uint8Array(hkdfSync('sha384', shared, hash, concat(utf8(label), hash), 48));
    expect(deriveSessionSecrets(suite, shared, hash)).toEqual({
      clientToNode: of('nmp-elicit/v1 client to node'),
      nodeToClient: of('nmp-elicit/v1 node to client'),
    });
  });

  it('come one a stream and direction, and the next from the one before', () => {
    const secrets = fresh();
    const stream = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2);
    const info = concat(utf8('nmp-elicit/v1 stream'), stream);
    const keys = deriveStreamKeys(suite, secrets, 258n);
    expect(keys.clientToNode).toEqual(cut(expand(secrets.clientToNode, info)));
    expect(keys.nodeToClient).toEqual(cut(expand(secrets.nodeToClient, info)));
    const next = nextStreamKey(suite, keys.clientToNode);
    expect(next).toEqual(cut(expand(keys.clientToNode.next, utf8('nmp-elicit/v1 rekey'))));
    expect(next.key).not.toEqual(keys.clientToNode.key);
  });

  it('are forgotten whole', () => {
    const { clientToNode } = deriveStreamKeys(suite, fresh(), 1n);
    wipeStreamKey(clientToNode);
    expect(clientToNode).toEqual({ key: zeros(32), iv: zeros(12), next: zeros(48) });
  });

  it('leave nothing of the key that they all come from', () => {
    const made: Uint8Array[] = [];
    const watched: CryptoSuite = {
      ...suite,
      hmacSha384: (key, ...parts) => {
        const out = suite.hmacSha384(key, ...parts);
        made.push(out);
        return out;
      },
    };
    deriveSessionSecrets(watched, new Uint8Array(32).fill(3), new Uint8Array(48).fill(4));
    expect(made[0]).toEqual(zeros(48));
  });
});

it('HKDF gives at most 255 blocks', () => {
  const key = new Uint8Array(48).fill(5);
  expect(hkdfExpand(suite, key, utf8('info'), 255 * 48)).toHaveLength(12_240);
  expect(() => hkdfExpand(suite, key, utf8('info'), 255 * 48 + 1)).toThrow(
    new RangeError('HKDF-Expand: length out of range'),
  );
});
