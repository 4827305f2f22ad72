/**
 * Builds an enclave image: node scripts/image/eif.ts --kernel BZIMAGE [--profile release|sim]
 * [--config nmp.node.json] [--simulated-root FOLDER] [--out build/enclave.eif] [--certificate PEM (--key PEM | --signer CMD)]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildImage } from '../../enclave/image/build.ts';
import { builtInto, crateComponents } from '../../enclave/image/crates.ts';
import { createKeySigner, type EifSigner } from '../../enclave/image/eif-signature.ts';
import { sbomOf } from '../../enclave/image/sbom.ts';
import { NmpError } from '../../shared/errors.ts';
import { systemClock } from '../../shared/runtime.ts';

const root = resolve(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    kernel: { type: 'string' },
    profile: { type: 'string', default: 'release' },
    config: { type: 'string', default: join(root, 'examples', 'nmp.node.json') },
    out: { type: 'string', default: join(root, 'build', 'enclave.eif') },
    native: { type: 'string', default: join(root, 'build', 'image', 'native') },
    prover: { type: 'string', default: join(root, 'build', 'native', 'nmp-zk-prover') },
    'simulated-root': { type: 'string' },
    certificate: { type: 'string' },
    key: { type: 'string' },
    signer: { type: 'string' },
  },
});

/** A command that reads the message and writes r ‖ s, 96 bytes: a token's or a service's. */
function commandSigner(command: string, certificatePem: string): EifSigner {
  return {
    certificatePem,
    async sign(message) {
      const { status, stdout } = spawnSync(command, {
        shell: true,
        input: message,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      if (status !== 0) throw new Error(`the signer ended with ${status}`);
      return Uint8Array.from(stdout);
    },
  };
}

function signerOf(): EifSigner | undefined {
  const { certificate, key, signer } = values;
  if (certificate === undefined && key === undefined && signer === undefined) return undefined;
  if (certificate === undefined || (key === undefined) === (signer === undefined)) {
    throw new NmpError('USAGE', '--certificate goes with either --key or --signer');
  }
  const certificatePem = readFileSync(certificate, 'utf8');
  if (signer !== undefined) return commandSigner(signer, certificatePem);
  return createKeySigner({ certificatePem, keyPem: readFileSync(key ?? '', 'utf8') });
}

try {
  const { profile, kernel, config, out } = values;
  if (kernel === undefined || (profile !== 'release' && profile !== 'sim')) {
    throw new NmpError('USAGE', '--kernel is required; --profile is release or sim');
  }
  const signer = signerOf();
  const simulatedRoot = values['simulated-root'];
  const packageFile: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const version =
    typeof packageFile === 'object' && packageFile !== null && 'version' in packageFile
      ? String(packageFile.version)
      : '';
  const { eif, manifest, contents } = await buildImage(
    { clock: systemClock },
    {
      root,
      kernel,
      profile,
      config: resolve(config),
      native: values.native,
      prover: values.prover,
      cache: process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
      version,
      ...(signer && { signer }),
      ...(simulatedRoot !== undefined && { simulatedRoot }),
    },
  );
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, eif);
  const name = profile === 'release' ? 'pcrs.json' : `pcrs-${profile}.json`;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  writeFileSync(join(dirname(out), name), json(manifest));
  const built = builtInto(manifest.ramdisks.flatMap(({ files }) => files));
  writeFileSync(
    join(dirname(out), name.replace('pcrs', 'sbom')),
    json(sbomOf({ manifest, bundle: contents.bundle, crates: crateComponents(root, built) })),
  );
  process.stderr.write(`${out}: ${eif.length} bytes, ${profile} profile\n`);
  process.stdout.write(`${JSON.stringify(manifest.pcrs)}\n`);
} catch (error) {
  const failure =
    error instanceof NmpError ? error : new NmpError('INTERNAL', String(error), { cause: error });
  process.stderr.write(
    `${failure.message}\n  code    ${failure.code}\n  remedy  ${failure.remedy}\n`,
  );
  process.exit(failure.exit);
}
