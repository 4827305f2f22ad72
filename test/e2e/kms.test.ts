/**
 * Seal, start, open, with LocalStack's KMS behind a gate that verifies documents (kms-front.ts).
 * What LocalStack does for real: keys, GenerateDataKey, Decrypt, encryption contexts, the envelope.
 * What it does not do, and the gate does in its place: look at the attestation document, and name
 * the recipient in the envelope as AWS does (`withKeyIdentifier`).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSimulatedNsm } from '../../enclave/attest/simulated.ts';
import { createSimulatedRoot, type SimulatedRoot } from '../../enclave/attest/simulated-root.ts';
import { openDatasets } from '../../enclave/data/open.ts';
import { createDataKeys } from '../../enclave/data/sealed/keys.ts';
import { createSealedSource } from '../../enclave/data/sealed/sealed-source.ts';
import { createFileSource } from '../../enclave/data/source.ts';
import { createAwsKms } from '../../enclave/kms/aws-kms.ts';
import { parseNodeConfig } from '../../shared/policy/node-config.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { withKeyIdentifier } from '../support/envelope.ts';
import {
  documentIn,
  type KmsAnswer,
  type KmsFront,
  type KmsRequest,
  startKmsFront,
} from '../support/kms-front.ts';
import { type LocalStack, localStack, startLocalStack } from '../support/localstack.ts';

const found = localStack();
if ('missing' in found) process.stderr.write(`skipped: ${found.missing}\n`);
const TITLE = `sealed datasets with LocalStack's KMS${'missing' in found ? ` (skipped: ${found.missing})` : ''}`;
const ROOT = join(import.meta.dirname, '../..');
const REGION = 'eu-central-1';
const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: REGION };
const credentials = async () => ({ accessKeyId: 'test', secretAccessKey: 'test' });
const PCR0 = new Uint8Array(48).fill(1);
const RECORDS = `a,b\n${Array.from({ length: 20_000 }, (_, at) => `person ${at},${at}`).join('\n')}\n`;

describe.skipIf('missing' in found)(TITLE, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-sealed-'));
  const fronts: KmsFront[] = [];
  let emulator: LocalStack;
  let root: SimulatedRoot;
  let arn = '';

  const nsmWith = (pcr0: Uint8Array) =>
    createSimulatedNsm(
      { clock: systemClock, random: systemRandom },
      { root, pcrs: new Map([[0, pcr0]]) },
    );

  function seal(key: string, out: string): { sealed: { kms: { keyId: string } } } {
    const stdout = execFileSync(
      process.execPath,
      [
        ...[join(ROOT, 'client/cli/main.ts'), 'seal', '--dataset', join(folder, 'lab.csv')],
        ...[
          '--kms-key',
          key,
          '--endpoint',
          emulator.endpoint,
          '--out',
          join(folder, out),
          '--json',
        ],
      ],
      { env: { ...process.env, ...KEYS }, encoding: 'utf8' },
    );
    return JSON.parse(stdout);
  }

  async function createKey(): Promise<string> {
    const client = new KMSClient({ region: REGION, endpoint: emulator.endpoint, credentials });
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
    client.destroy();
    return KeyMetadata?.Arn ?? '';
  }

  beforeAll(async () => {
    if ('missing' in found) return;
    root = await createSimulatedRoot({ clock: systemClock, random: systemRandom });
    emulator = await startLocalStack(found.folder);
    writeFileSync(join(folder, 'lab.csv'), RECORDS);
    arn = await createKey();
    expect(seal(arn, 'lab.sealed').sealed.kms.keyId).toBe(arn);
  }, 400_000);
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await emulator?.stop();
  });
  afterEach(async () => {
    await Promise.all(fronts.splice(0).map((front) => front.close()));
  });

  async function forward({ target, headers, body }: KmsRequest): Promise<KmsAnswer> {
    const answer = await fetch(emulator.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': target,
        authorization: headers.authorization ?? '',
      },
      body: JSON.stringify(body),
    });
    const fields: Record<string, unknown> = Object(await answer.json());
    const { CiphertextForRecipient: sealed } = fields;
    if (typeof sealed !== 'string') return { status: answer.status, body: fields };
    const envelope = withKeyIdentifier(Buffer.from(sealed, 'base64'));
    const CiphertextForRecipient = Buffer.from(envelope).toString('base64');
    return { status: answer.status, body: { ...fields, CiphertextForRecipient } };
  }

  /** Opens lab.sealed as a node does that measures PCR0, through a gate that asks for `wanted`. */
  async function start({
    id = 'lab',
    path = 'lab.sealed',
    keyId = arn,
    wanted = PCR0,
    behind = forward,
  }: {
    id?: string;
    path?: string;
    keyId?: string;
    wanted?: Uint8Array;
    behind?: (request: KmsRequest) => Promise<KmsAnswer>;
  } = {}) {
    const front = await startKmsFront({
      root: root.certificate,
      pcr0: wanted,
      nowMs: () => systemClock.nowMs(),
      behind,
    });
    fronts.push(front);
    const dataset = {
      ...{ id, path, format: 'csv', classification: 'restricted' },
      sealed: { kms: { keyId, endpoint: front.endpoint } },
      columns: [
        { name: 'a', type: 'utf8' },
        { name: 'b', type: 'int32' },
      ],
    };
    const text = JSON.stringify({ version: 1, datasets: [dataset], capabilities: [] });
    const nsm = nsmWith(PCR0);
    const keys = createDataKeys({ createKms: (init) => createAwsKms({ nsm, credentials }, init) });
    const source = createSealedSource({ plain: createFileSource({ folder }), keys }, { folder });
    return openDatasets(parseNodeConfig(text, 'nmp.node.json'), { random: systemRandom, source });
  }

  it('opens what nmp seal sealed', async () => {
    const sealed = readFileSync(join(folder, 'lab.sealed'));
    expect(sealed.includes('person 19999')).toBe(false);
    const store = await start();
    expect(store.get('lab').rows).toBe(20_000);
    expect(store.cells('lab', ['a']).columns[0]?.values.at(-1)).toBe('person 19999');
  });

  it('gets no key where the policy names another PCR0', async () => {
    const other = new Uint8Array(48).fill(2);
    expect(await codeOfAsync(start({ wanted: other }))).toBe('KMS_DENIED');
  });

  it('refuses a truncated envelope', async () => {
    const behind = async (request: KmsRequest) => {
      const { status, body } = await forward(request);
      const whole = Buffer.from(String(body.CiphertextForRecipient), 'base64');
      // A facts check on the emulator: an envelope of the documented kind, for 32 bytes.
      expect(whole.length).toBeGreaterThan(400);
      const CiphertextForRecipient = whole.subarray(0, -20).toString('base64');
      return { status, body: { ...body, CiphertextForRecipient } };
    };
    expect(await codeOfAsync(start({ behind }))).toBe('CMS_MALFORMED');
  });

  it('refuses an envelope whose recipient key was swapped on the way', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const document = await nsmWith(PCR0).attest({ publicKey: Uint8Array.from(spki) });
    const behind = async (request: KmsRequest) => {
      expect(documentIn(request.body)).not.toEqual(document);
      const Recipient = {
        AttestationDocument: Buffer.from(document).toString('base64'),
        KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      };
      return forward({ ...request, body: { ...request.body, Recipient } });
    };
    expect(await codeOfAsync(start({ behind }))).toBe('CMS_DECRYPT');
  });

  it('refuses a service that takes no notice of the recipient', async () => {
    const behind = async (request: KmsRequest) => {
      const { Recipient: _, ...body } = request.body;
      return forward({ ...request, body });
    };
    expect(await codeOfAsync(start({ behind }))).toBe('KMS_RESPONSE');
  });

  it('refuses a file under another id, another key, and a context that the key was not made for', async () => {
    expect(await codeOfAsync(start({ id: 'other' }))).toBe('SEALED_MISMATCH');
    expect(await codeOfAsync(start({ keyId: await createKey() }))).toBe('SEALED_MISMATCH');
    const behind = async (request: KmsRequest) =>
      forward({ ...request, body: { ...request.body, EncryptionContext: { 'nmp:name': 'x' } } });
    expect(await codeOfAsync(start({ behind }))).toBe('KMS_DENIED');
  });

  it('refuses the header of one file on the chunks of another', async () => {
    seal(arn, 'second.sealed');
    const first = readFileSync(join(folder, 'lab.sealed'));
    const second = readFileSync(join(folder, 'second.sealed'));
    const length = 12 + first.readUInt32BE(8);
    const swapped = Buffer.concat([second.subarray(0, length), first.subarray(length)]);
    writeFileSync(join(folder, 'swapped.sealed'), swapped);
    expect(await codeOfAsync(start({ path: 'swapped.sealed' }))).toBe('SEALED_CHUNK');
    expect((await start({ path: 'second.sealed' })).get('lab').rows).toBe(20_000);
  });
});
