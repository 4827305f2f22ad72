/**
 * A dataset that the parent cannot read: sealed into an image, opened by the node that boots from
 * it, with a key that a key service gives to its measurements alone. The service is this test's
 * own, over TLS through the parent; its gate verifies each document as kms-front.ts says. Needs what
 * `make test-boot` builds.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encryptionContext } from '../../enclave/data/sealed/keys.ts';
import { sealBytes } from '../../enclave/data/sealed/stream.ts';
import { buildImage } from '../../enclave/image/build.ts';
import { readEif } from '../../enclave/image/eif-read.ts';
import { fromHex, utf8 } from '../../shared/bytes.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import {
  BOOT_MS,
  type Booted,
  boot,
  CALL_MS,
  clientOf,
  imageOf,
  PATIENCE_MS,
  ROOT,
  TOOLS,
} from '../support/boot.ts';
import { codeOfAsync } from '../support/code-of.ts';
import {
  denied,
  envelopeFor,
  type KmsAnswer,
  type KmsFront,
  type KmsRequest,
  startKmsFront,
} from '../support/kms-front.ts';
import { serverCertificate } from '../support/server-certificate.ts';

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const NAMED = { name: 'lab', format: 'csv' } as const;
const SECRET_LINE = 'Quillfeather,41';
const RECORDS = `person,value\n${SECRET_LINE}\n${'Other,1\n'.repeat(99)}`;
const WRAPPED = Uint8Array.from({ length: 184 }, (_, at) => at);
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

const capability = {
  name: 'total',
  version: '1.0.0',
  logic: 'client',
  datasets: [{ id: 'lab', columns: ['value'] }],
  input: { type: 'object', properties: {}, additionalProperties: false },
  output: { type: 'integer', minimum: 0, maximum: 1_000_000 },
  limits: { fuel: 200_000_000, deadlineMs: 60_000 },
};
const SUM = `export function run(input) {
  return input.table('lab').column('value').reduce((sum, value) => sum + value, 0);
}`;

describe.skipIf(TOOLS === undefined)('a sealed dataset in an image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-boot-kms-'));
  const image = join(folder, 'sealed.eif');
  const configFile = join(folder, 'nmp.node.json');
  const dataKey = systemRandom.bytes(32);
  const asked: KmsRequest[] = [];
  let front: KmsFront;
  let pcr0: Uint8Array;
  let wanted: Uint8Array;
  let booted: Booted | undefined;

  /** Gives the data key away for its own ciphertext and context, as KMS does. */
  async function behind(request: KmsRequest): Promise<KmsAnswer> {
    asked.push(request);
    const { CiphertextBlob, EncryptionContext } = request.body;
    const same =
      CiphertextBlob === Buffer.from(WRAPPED).toString('base64') &&
      JSON.stringify(EncryptionContext) === JSON.stringify(encryptionContext(NAMED));
    if (!same) return denied;
    const CiphertextForRecipient = envelopeFor(request.body, dataKey);
    return { status: 200, body: { KeyId: ARN, CiphertextForRecipient } };
  }

  beforeAll(async () => {
    Object.assign(process.env, CREDENTIALS);
    const tls = await serverCertificate('localhost');
    front = await startKmsFront({
      pcr0: () => wanted,
      nowMs: () => systemClock.nowMs(),
      behind,
      tls,
    });
    const header = {
      ...NAMED,
      provider: 'kms' as const,
      keyId: ARN,
      encryptedKey: WRAPPED,
      chunkBytes: 65_536,
      noncePrefix: systemRandom.bytes(7),
    };
    const sealed = sealBytes(header, dataKey, utf8(RECORDS));
    writeFileSync(join(folder, 'lab.sealed'), sealed);
    writeFileSync(join(folder, 'roots.pem'), tls.cert);
    const endpoint = `https://localhost:${front.port}`;
    const dataset = {
      ...{ id: 'lab', format: 'csv', path: 'lab.sealed', classification: 'restricted' },
      sealed: { kms: { keyId: ARN, endpoint, ca: 'roots.pem' } },
      columns: [
        { name: 'person', type: 'utf8' },
        { name: 'value', type: 'int32' },
      ],
    };
    const listen = { host: '127.0.0.1', port: 0 };
    const config = { version: 1, listen, datasets: [dataset], capabilities: [capability] };
    writeFileSync(configFile, JSON.stringify(config));
    const kernel = join(folder, 'bzImage');
    writeFileSync(kernel, readEif(Uint8Array.from(readFileSync(imageOf('sim')))).kernel);
    const { eif, manifest } = await buildImage(
      { clock: systemClock },
      {
        root: ROOT,
        kernel,
        config: configFile,
        profile: 'sim',
        native: join(ROOT, 'build', 'image', 'native'),
        prover: join(ROOT, 'build', 'native', 'nmp-zk-prover'),
        cache: process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
        version: '0.0.0',
      },
    );
    writeFileSync(image, eif);
    pcr0 = fromHex(manifest.pcrs.PCR0) ?? new Uint8Array(0);
  }, PATIENCE_MS);
  afterEach(async () => {
    asked.length = 0;
    await booted?.parent.stop();
    booted = undefined;
  }, PATIENCE_MS);
  afterAll(async () => {
    for (const name of Object.keys(CREDENTIALS)) delete process.env[name];
    await front?.close();
    rmSync(folder, { recursive: true });
  });

  it(
    'is opened with the key that the service gives to these measurements, and answers',
    async () => {
      wanted = pcr0;
      booted = await boot('sim', { image, configFile, log: 'kms' });
      const client = clientOf(booted.parent.ready);
      try {
        const peer = await client.connect(booted.parent.address, { timeoutMs: CALL_MS });
        const { output, report } = await client.run(
          peer,
          { module: utf8(SUM), abi: 'javascript', capability: 'total', args: {} },
          // The engine of texts is compiled first: a minute in an emulated machine on a slow host.
          { timeoutMs: PATIENCE_MS },
        );
        expect(output).toBe(140);
        expect(report.verdict).toBe('pass');
      } finally {
        await client.close();
      }
      expect(asked).toHaveLength(1);
      expect(asked[0]?.headers.authorization).toContain('Credential=test/');
      // What the host of the image has: neither a record nor the key.
      const bytes = Buffer.from(readFileSync(join(folder, 'lab.sealed')));
      expect(bytes.includes(SECRET_LINE)).toBe(false);
      expect(bytes.includes(Buffer.from(dataKey))).toBe(false);
    },
    BOOT_MS + PATIENCE_MS,
  );

  it(
    'stays closed where the service wants another image, and the node does not start',
    async () => {
      wanted = pcr0.with(0, (pcr0[0] ?? 0) ^ 1);
      expect(await codeOfAsync(boot('sim', { image, configFile, log: 'kms' }))).toBe('KMS_DENIED');
      expect(asked).toHaveLength(0);
      expect(front.documents.length).toBeGreaterThan(0);
    },
    BOOT_MS,
  );
});
