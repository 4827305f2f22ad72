import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../shared/bytes.ts';
import { hkdfExtract } from '../../../shared/crypto/hkdf.ts';
import {
  deriveSessionSecrets,
  deriveStreamKeys,
  nextStreamKey,
} from '../../../shared/crypto/key-schedule.ts';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { IntentRequest, IntentResponse } from '../../../shared/wire/codec.ts';
import {
  ciphertextHash,
  clientSignatureMessage,
  transcriptHash,
} from '../../../shared/wire/transcript.ts';

const vector = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'handshake.json'), 'utf8'),
);
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

describe.each([
  ['node:crypto', createNodeSuite()],
  ['pure TypeScript', createNobleSuite(systemRandom)],
] as const)('the handshake on %s gives the vectors computed in Python', (_name, suite) => {
  it('messages and transcript', () => {
    const m1 = IntentRequest.encode({
      agentDid: 'did:nmp:client',
      suites: [1],
      clientNonce: bytes(vector.clientNonce),
    });
    expect(toHex(m1)).toBe(vector.m1);
    const intentResponse = IntentResponse.decode(bytes(vector.m2WithoutDocument));
    // The document is left out of the transcript, whatever it is.
    intentResponse.attestationDocument = bytes('aabbcc');
    const transcript = transcriptHash(suite, {
      intentRequest: m1,
      intentResponse,
      clientPeerId: bytes(vector.clientPeerId),
      nodePeerId: bytes(vector.nodePeerId),
    });
    expect(toHex(transcript)).toBe(vector.transcript);
    const full = ciphertextHash(suite, transcript, bytes(vector.ciphertext));
    expect(toHex(full)).toBe(vector.full);
    expect(toHex(clientSignatureMessage(full))).toBe(vector.clientSignatureMessage);
  });

  it('key schedule', () => {
    const full = bytes(vector.full);
    const shared = bytes(vector.sharedSecret);
    expect(toHex(hkdfExtract(suite, full, shared))).toBe(vector.extracted);
    const secrets = deriveSessionSecrets(suite, shared, full);
    expect(toHex(secrets.clientToNode)).toBe(vector.clientToNode);
    expect(toHex(secrets.nodeToClient)).toBe(vector.nodeToClient);
    for (const expected of vector.streams) {
      const keys = deriveStreamKeys(suite, secrets, BigInt(expected.stream));
      for (const direction of ['clientToNode', 'nodeToClient'] as const) {
        let current = keys[direction];
        for (const generation of expected[direction]) {
          const { key, iv, next } = current;
          expect(toHex(key) + toHex(iv) + toHex(next)).toBe(generation);
          current = nextStreamKey(suite, current);
        }
      }
    }
  });
});
