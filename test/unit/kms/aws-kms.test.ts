import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:net';
import { Duplex, pipeline, Transform } from 'node:stream';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Nsm } from '../../../enclave/attest/nsm.ts';
import { createSimulatedNsm } from '../../../enclave/attest/simulated.ts';
import { createSimulatedRoot, type SimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import { type AwsKmsInit, createAwsKms } from '../../../enclave/kms/aws-kms.ts';
import { decodeAttestationDocument } from '../../../shared/attestation/document.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';
import { envelope, PLAIN } from '../../support/envelope.ts';
import {
  envelopeFor,
  type KmsAnswer,
  type KmsFront,
  startKmsFront,
} from '../../support/kms-front.ts';
import { serverCertificate } from '../../support/server-certificate.ts';

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const request = { keyId: ARN, ciphertext: Uint8Array.of(1, 2, 3), context: { 'nmp:name': 'd' } };
const credentials = async () => ({ accessKeyId: 'test', secretAccessKey: 'test' });
const clock = new ManualClock();
const PCR0 = new Uint8Array(48).fill(1);
let root: SimulatedRoot;
let nsm: Nsm;
const fronts: KmsFront[] = [];

beforeAll(async () => {
  root = await createSimulatedRoot({ clock, random: systemRandom });
  const pcrs = new Map([[0, PCR0]]);
  nsm = createSimulatedNsm({ clock, random: systemRandom }, { root, pcrs });
});
afterEach(async () => {
  await Promise.all(fronts.splice(0).map((front) => front.close()));
});

/** Seals PLAIN to the key that the document names, as the service does. */
function honest(body: Record<string, unknown>): { KeyId: string; CiphertextForRecipient: string } {
  return { KeyId: ARN, CiphertextForRecipient: envelopeFor(body, PLAIN) };
}

interface Case {
  readonly answer?: (body: Record<string, unknown>) => KmsAnswer['body'];
  readonly status?: number;
  readonly pcr0?: Uint8Array;
  readonly root?: Uint8Array;
}

async function decrypting(bend: Case = {}, init: Partial<AwsKmsInit> = {}) {
  const front = await startKmsFront({
    root: bend.root ?? root.certificate,
    pcr0: bend.pcr0 ?? PCR0,
    nowMs: () => clock.nowMs(),
    behind: async ({ body }) => ({
      status: bend.status ?? 200,
      body: (bend.answer ?? honest)(body),
    }),
  });
  fronts.push(front);
  const where = { region: 'eu-central-1', endpoint: front.endpoint, ...init };
  return { front, kms: createAwsKms({ nsm, credentials }, where) };
}

describe('AWS KMS for an attested recipient', () => {
  it('opens what is sealed to the key in its document, and asks as documented', async () => {
    const bodies: Record<string, unknown>[] = [];
    const { kms } = await decrypting({
      answer: (body) => {
        bodies.push(body);
        return honest(body);
      },
    });
    expect(await kms.decrypt(request)).toEqual(PLAIN);
    expect(bodies[0]).toMatchObject({
      KeyId: ARN,
      CiphertextBlob: 'AQID',
      EncryptionContext: { 'nmp:name': 'd' },
      Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
    });
    kms.close();
  });

  it('names a fresh RSA-2048 key in every request', async () => {
    const { kms, front } = await decrypting();
    await kms.decrypt(request);
    await kms.decrypt(request);
    const keys = front.documents.map((bytes) => {
      const { publicKey } = decodeAttestationDocument(bytes).document;
      return createPublicKey({ key: Buffer.from(publicKey!), format: 'der', type: 'spki' });
    });
    expect(keys.map((key) => key.asymmetricKeyDetails?.modulusLength)).toEqual([2048, 2048]);
    expect(keys[0]!.equals(keys[1]!)).toBe(false);
  });

  const another = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  it.each<[string, string, Case]>([
    ['a plaintext', 'KMS_RESPONSE', { answer: (b) => ({ ...honest(b), Plaintext: 'AAAA' }) }],
    ['no envelope', 'KMS_RESPONSE', { answer: () => ({ KeyId: ARN }) }],
    ['another key', 'KMS_RESPONSE', { answer: (b) => ({ ...honest(b), KeyId: `${ARN}0` }) }],
    ['no key', 'KMS_RESPONSE', { answer: (b) => ({ ...honest(b), KeyId: undefined }) }],
    [
      'a truncated envelope',
      'CMS_MALFORMED',
      {
        answer: (b) => ({
          KeyId: ARN,
          CiphertextForRecipient: honest(b).CiphertextForRecipient.slice(0, 400),
        }),
      },
    ],
    [
      'an envelope for another recipient',
      'CMS_DECRYPT',
      {
        answer: () => ({
          KeyId: ARN,
          CiphertextForRecipient: base64(envelope({ publicKey: another.publicKey })),
        }),
      },
    ],
    ['a refusal', 'KMS_DENIED', { status: 400, answer: () => ({ __type: 'DisabledException' }) }],
    ['a fault', 'KMS_UNREACHABLE', { status: 500, answer: () => ({ __type: 'Internal' }) }],
    ['by a policy for another PCR0', 'KMS_DENIED', { pcr0: new Uint8Array(48).fill(2) }],
  ])('refuses to go on when answered with %s', async (_, code, bend) => {
    const { kms } = await decrypting(bend);
    expect(await codeOfAsync(kms.decrypt(request))).toBe(code);
  });

  it('is refused by a service that trusts another root', async () => {
    const other = await createSimulatedRoot({ clock, random: systemRandom });
    const { kms } = await decrypting({ root: other.certificate });
    expect(await codeOfAsync(kms.decrypt(request))).toBe('KMS_DENIED');
  });

  it('says so when nobody answers, or no credentials are there', async () => {
    const { kms, front } = await decrypting();
    await front.close();
    expect(await codeOfAsync(kms.decrypt(request))).toBe('KMS_UNREACHABLE');
    const empty = async () => {
      throw new Error('none');
    };
    const without = createAwsKms({ nsm, credentials: empty }, { region: 'eu-central-1' });
    expect(await codeOfAsync(without.decrypt(request))).toBe('KMS_UNREACHABLE');
  });

  it('takes no endpoint in the clear but on loopback, and none over the parent', () => {
    const make = (endpoint: string, dialled = false) =>
      codeOf(() =>
        createAwsKms(
          { nsm, credentials, ...(dialled ? { dial: async () => connect(1) } : {}) },
          { region: 'eu-central-1', endpoint },
        ).close(),
      );
    expect(make('http://kms.eu-central-1.amazonaws.com')).toBe('CONFIG_INVALID');
    expect(make('ftp://127.0.0.1')).toBe('CONFIG_INVALID');
    expect(make('no address')).toBe('CONFIG_INVALID');
    expect(make('http://127.0.0.1:4566', true)).toBe('CONFIG_INVALID');
    expect(make('http://127.0.0.1:4566')).toBeUndefined();
    expect(make('https://kms.eu-central-1.amazonaws.com', true)).toBeUndefined();
  });

  describe('over a dialled stream', () => {
    const HOST = 'kms.test';
    async function over(serverName: string, trusted: boolean) {
      const tls = await serverCertificate(serverName);
      const front = await startKmsFront({
        root: root.certificate,
        pcr0: PCR0,
        nowMs: () => clock.nowMs(),
        behind: async ({ body }) => ({ status: 200, body: honest(body) }),
        tls,
      });
      fronts.push(front);
      const dialled: string[] = [];
      const carried: Buffer[] = [];
      const dial = async (host: string, port: number) => {
        dialled.push(`${host}:${port}`);
        const socket = connect(front.port, '127.0.0.1');
        const tap = () =>
          new Transform({
            transform(chunk: Buffer, _, done) {
              carried.push(chunk);
              done(null, chunk);
            },
          });
        const [up, down] = [tap(), tap()];
        pipeline(up, socket, down, () => undefined);
        return Duplex.from({ writable: up, readable: down });
      };
      const init = { region: 'eu-central-1', endpoint: `https://${HOST}` };
      const kms = createAwsKms(
        { nsm, credentials, dial },
        trusted ? { ...init, ca: tls.cert } : init,
      );
      return { kms, dialled, carried };
    }

    it('ends TLS in the enclave: who carries the bytes sees neither name of the key nor answer', async () => {
      const { kms, dialled, carried } = await over(HOST, true);
      expect(await kms.decrypt(request)).toEqual(PLAIN);
      expect(dialled).toEqual([`${HOST}:443`]);
      const seen = Buffer.concat(carried).toString('latin1');
      expect(seen.length).toBeGreaterThan(500);
      expect(seen).not.toMatch(/CiphertextForRecipient|arn:aws/);
    });

    it('refuses a server of another name, and one that no root stands for', async () => {
      const stranger = await over('other.test', true);
      expect(await codeOfAsync(stranger.kms.decrypt(request))).toBe('KMS_UNREACHABLE');
      const unknown = await over(HOST, false);
      expect(await codeOfAsync(unknown.kms.decrypt(request))).toBe('KMS_UNREACHABLE');
    });
  });
});
