/** `nmp release`: sign a release, log it, and verify what was published; all offline. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { toHex } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import {
  bundleOf,
  parseRelease,
  releaseBundleSchema,
  releaseStateSchema,
  releaseTrustSchema,
  verifyReleaseBundle,
} from '../../../shared/release/bundle.ts';
import {
  addSignature,
  entryBytes,
  type Measurements,
  measurementsSchema,
  releaseManifestSchema,
  type SignedRelease,
  signedReleaseSchema,
} from '../../../shared/release/manifest.ts';
import { readBounded, readJson, readText } from '../files.ts';
import type { Register } from '../register.ts';

const SBOM_BYTES_MAX = 64 * 1024 * 1024;
const LOG_BYTES_MAX = 64 * 1024 * 1024;

async function keyOf(file: string): Promise<{ readonly seed: Uint8Array; readonly id: string }> {
  let jwk: JsonWebKey;
  try {
    const key: KeyObject = createPrivateKey(await readText(file));
    jwk = key.asymmetricKeyType === 'ed25519' ? key.export({ format: 'jwk' }) : {};
  } catch (error) {
    if (error instanceof NmpError) throw error;
    // Without the cause: it may quote the key.
    jwk = {};
  }
  if (jwk.d === undefined || jwk.x === undefined) {
    throw new NmpError('USAGE', `${file}: not an Ed25519 private key in PEM`);
  }
  const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'base64url'));
  return { seed: bytes(jwk.d), id: toHex(bytes(jwk.x)) };
}

async function publicKeyOf(file: string): Promise<string> {
  try {
    const { x } = createPublicKey(await readText(file)).export({ format: 'jwk' });
    const bytes = Buffer.from(x ?? '', 'base64url');
    if (bytes.length === 32) return bytes.toString('hex');
  } catch (error) {
    if (error instanceof NmpError) throw error;
  }
  throw new NmpError('USAGE', `${file}: not an Ed25519 key in PEM`);
}

/** PCRs as `make eif` and as `nitro-cli describe-eif` write them. */
async function measurementsOf(file: string): Promise<Measurements> {
  const value = await readJson(file);
  const record = (candidate: unknown): Record<string, unknown> =>
    typeof candidate === 'object' && candidate !== null ? { ...candidate } : {};
  const top = record(value);
  const inner = { ...top, ...record(top.Measurements), ...record(top.measurements) };
  const pcr = (index: number) => inner[`pcr${index}`] ?? inner[`PCR${index}`];
  const pcr8 = pcr(8);
  return parseRelease(measurementsSchema, {
    pcr0: pcr(0),
    pcr1: pcr(1),
    pcr2: pcr(2),
    ...(typeof pcr8 === 'string' && !/^0*$/.test(pcr8) ? { pcr8 } : {}),
  });
}

interface SignOptions {
  readonly release?: string;
  readonly pcrs?: string;
  readonly name: string;
  readonly label?: string;
  readonly sequence?: string;
  readonly sbom?: string;
  readonly policyDigest: readonly string[];
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly key: string;
}

function digestsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

async function newRelease(options: SignOptions): Promise<SignedRelease> {
  const { pcrs, label, sequence, sbom } = options;
  if (pcrs === undefined || label === undefined || sequence === undefined || sbom === undefined) {
    throw new NmpError(
      'USAGE',
      'a new release takes --pcrs, --label, --sequence and --sbom; --release adds a signature',
    );
  }
  const digest = createHash('sha256')
    .update(await readBounded(sbom, SBOM_BYTES_MAX))
    .digest('hex');
  const manifest = parseRelease(releaseManifestSchema, {
    version: 1,
    name: options.name,
    release: label,
    sequence: Number(sequence),
    measurements: await measurementsOf(pcrs),
    policyDigests: digestsOf(options.policyDigest),
    sbom: digest,
    ...(options.notBefore === undefined ? {} : { notBefore: options.notBefore }),
    ...(options.notAfter === undefined ? {} : { notAfter: options.notAfter }),
  });
  return { manifest, signatures: [] };
}

async function sign(options: SignOptions): Promise<void> {
  const release =
    options.release === undefined
      ? await newRelease(options)
      : parseRelease(signedReleaseSchema, await readJson(options.release));
  const { seed } = await keyOf(options.key);
  process.stdout.write(`${JSON.stringify(addSignature(release, seed), null, 2)}\n`);
}

async function entriesOf(file: string): Promise<readonly SignedRelease[]> {
  if (!existsSync(file)) return [];
  const text = new TextDecoder().decode(await readBounded(file, LOG_BYTES_MAX));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, at) => {
      try {
        return parseRelease(signedReleaseSchema, JSON.parse(line));
      } catch (cause) {
        throw new NmpError('RELEASE_MALFORMED', `${file}: line ${at + 1}`, { cause });
      }
    });
}

interface LogOptions {
  readonly log: string;
  readonly append?: string;
  readonly origin: string;
  readonly key: string;
  readonly index?: string;
  readonly from?: string;
}

function indexOf(text: string, limit: number, option: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value < limit) return value;
  throw new NmpError('USAGE', `${option} takes a number below ${limit}`);
}

/** Appends with one write at the end of the file, and prints the bundle of one entry. */
async function log(options: LogOptions): Promise<void> {
  const { seed } = await keyOf(options.key);
  const entries = [...(await entriesOf(options.log))];
  if (options.append !== undefined) {
    const release = parseRelease(signedReleaseSchema, await readJson(options.append));
    const last = Math.max(-1, ...entries.map((entry) => entry.manifest.sequence));
    if (release.manifest.sequence <= last) {
      throw new NmpError('RELEASE_ROLLBACK', `the log holds sequence ${last} already`);
    }
    const file = await open(options.log, 'a');
    try {
      await file.write(`${new TextDecoder().decode(entryBytes(release))}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    entries.push(release);
  }
  if (entries.length === 0) throw new NmpError('USAGE', 'the log is empty: --append a release');
  const at =
    options.index === undefined
      ? entries.length - 1
      : indexOf(options.index, entries.length, '--index');
  const from =
    options.from === undefined ? undefined : indexOf(options.from, entries.length + 1, '--from');
  if (from === 0) throw new NmpError('USAGE', '--from takes a size of at least 1');
  const bundle = bundleOf(entries, at, options.origin, seed, from);
  process.stdout.write(`${JSON.stringify(bundle, null, 2)}\n`);
}

interface VerifyOptions {
  readonly bundle: string;
  readonly trust: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** With --state, what was accepted is remembered, so that no later run goes back behind it. */
async function verify(options: VerifyOptions): Promise<void> {
  const bundle = parseRelease(releaseBundleSchema, await readJson(options.bundle));
  const trust = parseRelease(releaseTrustSchema, await readJson(options.trust));
  const { state: file } = options;
  const seen =
    file !== undefined && existsSync(file)
      ? parseRelease(releaseStateSchema, await readJson(file))
      : undefined;
  const { manifest, state } = verifyReleaseBundle(bundle, trust, seen);
  if (file !== undefined) {
    await writeFile(`${file}.new`, `${JSON.stringify(state)}\n`);
    await rename(`${file}.new`, file);
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ verdict: 'pass', manifest, state })}\n`);
    return;
  }
  const { pcr0, pcr1, pcr2 } = manifest.measurements;
  const signers = `${trust.threshold} of ${trust.signers.length}`;
  process.stdout.write(
    `${manifest.name} ${manifest.release} (sequence ${manifest.sequence})\n` +
      `  signed     by at least ${signers} trusted keys\n` +
      `  logged     entry ${bundle.index} of ${state.size} in ${state.origin}\n` +
      `  PCR0       ${pcr0}\n  PCR1       ${pcr1}\n  PCR2       ${pcr2}\n`,
  );
}

const collect = (value: string, all: readonly string[]) => [...all, value];

export const registerRelease: Register = (program) => {
  const release = program
    .command('release')
    .description('Sign releases, log them, verify what was published.');
  release
    .command('sign')
    .description('Print a release manifest with one more Ed25519 signature.')
    .requiredOption('--key <pem>', 'Ed25519 private key of the signer')
    .option('--release <file>', 'a manifest that others have signed: add a signature')
    .option('--pcrs <file>', 'measurements, as `make eif` writes them')
    .option('--name <text>', 'what is released', 'nmp-enclave')
    .option('--label <text>', 'its version, for people')
    .option('--sequence <n>', 'number above that of every release before')
    .option('--sbom <file>', 'bill of materials; its SHA-256 is signed')
    .option('--policy-digest <name=hex>', 'SHA-256 of a policy (repeatable)', collect, [])
    .option('--not-before <time>', 'ISO 8601')
    .option('--not-after <time>', 'ISO 8601')
    .action(sign);
  release
    .command('log')
    .description('Append to a transparency log, and print the bundle of an entry.')
    .requiredOption('--log <file>', 'the log: one signed release a line')
    .requiredOption('--origin <name>', 'name of the log')
    .requiredOption('--key <pem>', 'Ed25519 private key of the log')
    .option('--append <file>', 'signed release to append')
    .option('--index <n>', 'entry to bundle; default: the last')
    .option('--from <size>', 'prove consistency with the log of this size')
    .action(log);
  release
    .command('verify')
    .description('Judge a bundle: signatures, inclusion in the log, no step back.')
    .requiredOption('--bundle <file>', 'what `nmp release log` printed')
    .requiredOption('--trust <file>', 'log, signers and threshold that you trust')
    .option('--state <file>', 'what was accepted before; updated')
    .option('--json', 'manifest and state as one JSON object')
    .action(verify);
  release
    .command('public-key')
    .description('Print the public key of an Ed25519 key in PEM, as a trust file names it.')
    .argument('<pem>')
    .action(async (file: string) => {
      process.stdout.write(`${await publicKeyOf(file)}\n`);
    });
};
