/** `nmp seal`: encrypts a dataset so that only an attested node opens it. */
import { writeFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { NmpError } from '../../../shared/errors.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { readBounded } from '../files.ts';
import { loadSeal } from '../node-side.ts';
import { remark } from '../output.ts';
import type { Register } from '../register.ts';

const FORMATS = ['csv', 'fhir-ndjson', 'ndjson'] as const;
const KEY_FILE_BYTES_MAX = 66;
const DATA_KEY_BYTES = 32;

type Format = (typeof FORMATS)[number];
type Seal = Awaited<ReturnType<typeof loadSeal>>;

interface Options {
  readonly dataset: string;
  readonly out: string;
  readonly id?: string;
  readonly format?: string;
  readonly kmsKey?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
}

interface Keyed {
  readonly provider: 'kms' | 'local';
  readonly keyId: string;
  readonly encryptedKey: Uint8Array;
  readonly dataKey: Uint8Array;
}

/** @throws NmpError USAGE */
function formatOf({ dataset, format }: Options): Format {
  const asked = format ?? extname(dataset).slice(1);
  const found = FORMATS.find((name) => name === asked);
  if (found !== undefined) return found;
  throw new NmpError('USAGE', `--format is one of ${FORMATS.join(', ')}`);
}

async function localKey(
  seal: Seal,
  file: string,
  named: { readonly name: string; readonly format: Format },
): Promise<Keyed> {
  const text = await readBounded(file, KEY_FILE_BYTES_MAX);
  const key = seal.parseKeyFile(text);
  const dataKey = systemRandom.bytes(DATA_KEY_BYTES);
  const encryptedKey = seal.wrapLocally(key, named, dataKey, systemRandom.bytes(12));
  const keyId = seal.localKeyId(key);
  key.fill(0);
  text.fill(0);
  return { provider: 'local', keyId, encryptedKey, dataKey };
}

async function kmsKey(
  seal: Seal,
  keyId: string,
  { endpoint, region }: Options,
  named: { readonly name: string; readonly format: Format },
): Promise<Keyed> {
  const made = await seal.generateDataKey(keyId, seal.encryptionContext(named), {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  });
  return {
    provider: 'kms',
    keyId: made.keyId,
    encryptedKey: made.encrypted,
    dataKey: made.plaintext,
  };
}

async function sealDataset(options: Options): Promise<void> {
  const name = options.id ?? basename(options.dataset, extname(options.dataset));
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) {
    throw new NmpError('USAGE', '--id must be an id of nmp.node.json: a-z, 0-9, dot, hyphen');
  }
  if ((options.kmsKey === undefined) === (options.keyFile === undefined)) {
    throw new NmpError('USAGE', 'one of --kms-key and --key-file is required');
  }
  const named = { name, format: formatOf(options) };
  const seal = await loadSeal();
  const plaintext = await readBounded(options.dataset, seal.fileBytesMax);
  const keyed =
    options.keyFile === undefined
      ? await kmsKey(seal, options.kmsKey ?? '', options, named)
      : await localKey(seal, options.keyFile, named);
  const { dataKey, ...key } = keyed;
  const sealed = seal.sealBytes(
    { ...key, ...named, chunkBytes: seal.chunkBytes, noncePrefix: systemRandom.bytes(7) },
    dataKey,
    plaintext,
  );
  dataKey.fill(0);
  try {
    await writeFile(options.out, sealed, { flag: 'wx' });
  } catch (cause) {
    throw new NmpError('USAGE', `${options.out}: cannot be written, or is there already`, {
      cause,
    });
  }
  const { endpoint, keyFile } = options;
  const config =
    keyFile === undefined
      ? { kms: { keyId: key.keyId, ...(endpoint === undefined ? {} : { endpoint }) } }
      : { keyFile };
  const dataset = { id: name, format: named.format, path: basename(options.out), sealed: config };
  if (keyFile !== undefined) {
    remark('Sealed under a key file, not under KMS: whoever has that file opens the dataset.');
  }
  process.stdout.write(`${JSON.stringify(dataset, null, options.json === true ? 0 : 2)}\n`);
}

export const registerSeal: Register = (program) => {
  program
    .command('seal')
    .description('Encrypt a dataset for attested nodes; prints its part of nmp.node.json.')
    .requiredOption('--dataset <file>', 'the plaintext')
    .requiredOption('--out <file>', 'the sealed dataset, which must not be there yet')
    .option('--id <id>', 'id in nmp.node.json; default: the name of the file')
    .option('--format <format>', `${FORMATS.join(', ')}; default: by the ending`)
    .option('--kms-key <key>', 'ARN, id or alias of the AWS KMS key')
    .option('--region <region>', 'of the key; default: as every AWS tool finds it')
    .option('--endpoint <url>', 'of the key service; default: that of the region')
    .option('--key-file <file>', 'instead of KMS, for trials: 64 hexadecimal digits')
    .option('--json', 'one line of JSON')
    .action(sealDataset);
};
