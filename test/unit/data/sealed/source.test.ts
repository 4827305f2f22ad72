import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createDataKeys,
  type DataKeysComponents,
  encryptionContext,
  localKeyId,
  parseKeyFile,
  wrapLocally,
} from '../../../../enclave/data/sealed/keys.ts';
import { createSealedSource } from '../../../../enclave/data/sealed/sealed-source.ts';
import { sealBytes } from '../../../../enclave/data/sealed/stream.ts';
import { createFileSource } from '../../../../enclave/data/source.ts';
import { generateDataKey } from '../../../../enclave/kms/data-key.ts';
import type { DecryptRequest } from '../../../../enclave/kms/kms.ts';
import { concat, toHex, utf8 } from '../../../../shared/bytes.ts';
import type { DatasetConfig, SealedConfig } from '../../../../shared/policy/node-config.ts';
import { parseNodeConfig } from '../../../../shared/policy/node-config.ts';
import { codeOf, codeOfAsync } from '../../../support/code-of.ts';

const folder = mkdtempSync(join(tmpdir(), 'nmp-sealed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const KEY = new Uint8Array(32).fill(0xa5);
const PLAIN = utf8('a\nx\n');
const named = { name: 'd', format: 'csv' as const };
const common = { ...named, chunkBytes: 64, noncePrefix: new Uint8Array(7) };
const dataKey = () => new Uint8Array(32).fill(6);
const wrapped = wrapLocally(KEY, named, dataKey(), new Uint8Array(12));
const local = { ...common, provider: 'local' as const, keyId: localKeyId(KEY) };
const write = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);
write('local', sealBytes({ ...local, encryptedKey: wrapped }, dataKey(), PLAIN));
const kmsHeader = { ...common, provider: 'kms' as const, keyId: ARN, encryptedKey: utf8('blob') };
write('kms', sealBytes(kmsHeader, dataKey(), PLAIN));
write('plain', PLAIN);

const keyFile = utf8(`${toHex(KEY)}\n`);
const FILE: SealedConfig = { keyFile: 'k' };
const KMS: SealedConfig = { kms: { keyId: ARN } };

function reading(
  path: string,
  sealed: SealedConfig | undefined,
  components: DataKeysComponents = { readKeyFile: async () => Uint8Array.from(keyFile) },
  more: Partial<{ id: string; format: 'csv' | 'ndjson' }> = {},
) {
  const dataset: DatasetConfig = {
    ...{ id: 'd', format: 'csv', path, classification: 'internal', ...more },
    columns: [{ name: 'a', type: 'utf8' }],
    ...(sealed === undefined ? {} : { sealed }),
  };
  const plain = createFileSource({ folder });
  const source = createSealedSource({ plain, keys: createDataKeys(components) }, { folder });
  return source.read(dataset, 1000);
}

function kmsWith(answer: Uint8Array) {
  const seen: DecryptRequest[] = [];
  let closed = 0;
  const regions: string[] = [];
  const components: DataKeysComponents = {
    createKms: ({ region }) => {
      regions.push(region);
      return {
        decrypt: async (request) => {
          seen.push(request);
          return answer;
        },
        close: () => void closed++,
      };
    },
  };
  return { components, seen, regions, closed: () => closed };
}

describe('the source of sealed datasets', () => {
  it('opens a file sealed under a key file, and leaves plain ones alone', async () => {
    expect(await reading('local', FILE)).toEqual(PLAIN);
    expect(await reading('plain', undefined)).toEqual(PLAIN);
  });

  it('asks the service of the region in the ARN, for this name and format, and wipes the key', async () => {
    const answer = dataKey();
    const { components, seen, regions, closed } = kmsWith(answer);
    expect(await reading('kms', KMS, components)).toEqual(PLAIN);
    const context = { 'nmp:sealed-dataset': '1', 'nmp:name': 'd', 'nmp:format': 'csv' };
    expect(encryptionContext(named)).toEqual(context);
    expect(seen).toEqual([{ keyId: ARN, ciphertext: utf8('blob'), context }]);
    expect([regions, closed()]).toEqual([['eu-central-1'], 1]);
    expect(answer).toEqual(new Uint8Array(32));
  });

  it('wipes the key of a file that does not open, too', async () => {
    const answer = new Uint8Array(32).fill(1);
    const { components, closed } = kmsWith(answer);
    expect(await codeOfAsync(reading('kms', KMS, components))).toBe('SEALED_CHUNK');
    expect([answer, closed()]).toEqual([new Uint8Array(32), 1]);
  });

  it('refuses a data key of another length', async () => {
    const { components } = kmsWith(new Uint8Array(16).fill(1));
    expect(await codeOfAsync(reading('kms', KMS, components))).toBe('SEALED_KEY');
  });

  const other = { keyId: ARN.replace('1234abcd', '00000000') };
  it.each<[string, string, Parameters<typeof reading>]>([
    ['a plain file that should be sealed', 'SEALED_MALFORMED', ['plain', FILE]],
    ['a file that is not there', 'DATA_UNREADABLE', ['nothing', FILE]],
    ['a folder', 'DATA_UNREADABLE', ['.', FILE]],
    ['another id', 'SEALED_MISMATCH', ['local', FILE, undefined, { id: 'e' }]],
    ['another format', 'SEALED_MISMATCH', ['local', FILE, undefined, { format: 'ndjson' }]],
    [
      'a local file where KMS is configured',
      'SEALED_MISMATCH',
      ['local', KMS, kmsWith(KEY).components],
    ],
    ['a KMS file where a key file is configured', 'SEALED_MISMATCH', ['kms', FILE]],
    ['another KMS key', 'SEALED_MISMATCH', ['kms', { kms: other }, kmsWith(KEY).components]],
    ['KMS where nothing leads to it', 'KMS_UNREACHABLE', ['kms', KMS, {}]],
    ['a key file where none has a place', 'CONFIG_INVALID', ['local', FILE, {}]],
    [
      'another key file',
      'SEALED_KEY',
      ['local', FILE, { readKeyFile: async () => utf8('00'.repeat(32)) }],
    ],
  ])('refuses %s', async (_, code, args) => {
    expect(await codeOfAsync(reading(...args))).toBe(code);
  });

  it.each<[string, Uint8Array]>([
    ['cut short', wrapped.slice(0, -1)],
    ['bent', concat(wrapped.slice(0, 20), Uint8Array.of(1), wrapped.slice(21))],
    [
      'of another dataset',
      wrapLocally(KEY, { ...named, name: 'e' }, dataKey(), new Uint8Array(12)),
    ],
  ])('refuses a local data key %s', async (_, encryptedKey) => {
    write('bent', sealBytes({ ...local, encryptedKey }, dataKey(), PLAIN));
    expect(await codeOfAsync(reading('bent', FILE))).toBe('SEALED_KEY');
  });

  it('reads 64 digits as a key and nothing else', () => {
    expect(parseKeyFile(keyFile)).toEqual(KEY);
    expect(parseKeyFile(utf8(toHex(KEY)))).toEqual(KEY);
    for (const text of ['', 'zz'.repeat(32), 'ab'.repeat(31), 'ab'.repeat(33), 'ab'.repeat(4000)]) {
      expect(codeOf(() => parseKeyFile(utf8(text)))).toBe('SEALED_KEY');
    }
  });

  it('seals nothing when the service cannot be reached', async () => {
    const where = { endpoint: 'http://127.0.0.1:1', region: 'eu-central-1' };
    const before = { ...process.env };
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    const code = await codeOfAsync(generateDataKey(ARN, {}, where));
    process.env = before;
    expect(code).toBe('KMS_UNREACHABLE');
  });
});

describe('sealed in nmp.node.json', () => {
  const parse = (sealed: unknown) =>
    codeOf(() => {
      const dataset = {
        ...{ id: 'd', format: 'csv', path: 'd', classification: 'internal', sealed },
        columns: [{ name: 'a', type: 'utf8' }],
      };
      const config = { version: 1, datasets: [dataset], capabilities: [] };
      parseNodeConfig(JSON.stringify(config), 'nmp.node.json');
    });

  it('takes a KMS key or a key file', () => {
    expect(parse(KMS)).toBeUndefined();
    expect(parse({ kms: { keyId: ARN, endpoint: 'https://kms.example' } })).toBeUndefined();
    expect(parse(FILE)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['both', { ...KMS, ...FILE }],
    ['neither', {}],
    ['an alias, which the holder of the account can move', { kms: { keyId: 'alias/a' } }],
    ['another service', { kms: { keyId: ARN.replace('kms', 's3') } }],
    ['an unknown member', { kms: { keyId: ARN, plain: true } }],
    ['no address', { kms: { keyId: ARN, endpoint: 'nowhere' } }],
  ])('refuses %s', (_, sealed) => {
    expect(parse(sealed)).toBe('CONFIG_INVALID');
  });
});
