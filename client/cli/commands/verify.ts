/** `nmp verify`: judges an attestation document offline. */
import type { Anchor } from '../../../shared/attestation/chain.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { earOf } from '../../../shared/attestation/ear.ts';
import { type AttestationReport, firstFailure } from '../../../shared/attestation/report.ts';
import { AWS_ANCHORS, AWS_ROOT_G1_SHA256 } from '../../../shared/attestation/roots.ts';
import { verifyAttestation } from '../../../shared/attestation/verify.ts';
import { fromHex, toHex } from '../../../shared/bytes.ts';
import { EXIT, NmpError } from '../../../shared/errors.ts';
import { type ClientPolicy, parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { renderHtml } from '../../verify/render-html.ts';
import { renderText } from '../../verify/render-text.ts';
import { signEar } from '../../verify/sign-ear.ts';
import { readDocument, readRoot } from '../certificates.ts';
import { readText } from '../files.ts';
import { stdoutTakesColor } from '../output.ts';
import { packageVersion } from '../package-folder.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly document: string;
  readonly root: readonly string[];
  readonly at?: string;
  readonly policy?: string;
  readonly evidenceOnly?: boolean;
  readonly nonce?: string;
  readonly json?: boolean;
  readonly html?: boolean;
  readonly ear?: string;
}

async function policyOf(options: Options): Promise<ClientPolicy | undefined> {
  if (options.policy !== undefined && options.evidenceOnly) {
    throw new NmpError('USAGE', '--policy and --evidence-only exclude each other');
  }
  if (options.policy !== undefined) {
    return parseClientPolicy(await readText(options.policy), options.policy);
  }
  if (options.evidenceOnly) return undefined;
  throw new NmpError(
    'ATTESTATION_POLICY_EMPTY',
    'give --policy with the releases that you trust, or --evidence-only to judge document, chain and signature alone',
  );
}

/** Without --root AWS's; a root that is neither AWS's nor named by the policy counts as simulated. */
async function anchorsOf(
  files: readonly string[],
  policy: ClientPolicy | undefined,
  sha256: (bytes: Uint8Array) => Uint8Array,
): Promise<readonly Anchor[]> {
  if (files.length === 0) return AWS_ANCHORS;
  return Promise.all(
    files.map(async (file) => {
      const der = await readRoot(file);
      const fingerprint = toHex(sha256(der));
      const hardware = fingerprint === AWS_ROOT_G1_SHA256 || policy?.anchors?.includes(fingerprint);
      return { id: `root ${fingerprint}`, kind: hardware ? 'aws' : 'simulated', der } as const;
    }),
  );
}

function timeOf(at: string | undefined): number {
  if (at === undefined) return systemClock.nowMs();
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) throw new NmpError('USAGE', '--at takes an ISO 8601 time');
  return ms;
}

function nonceOf(nonce: string | undefined): Uint8Array | undefined {
  if (nonce === undefined) return undefined;
  const bytes = fromHex(nonce);
  if (bytes === undefined || bytes.length === 0) throw new NmpError('USAGE', '--nonce takes hex');
  return bytes;
}

/** The report as a signed attestation result; the policy is named by its hash. */
async function ear(report: AttestationReport, keyFile: string, policyFile: string | undefined) {
  const policyHash =
    policyFile === undefined
      ? undefined
      : createNodeVerifierCrypto().sha256(new TextEncoder().encode(await readText(policyFile)));
  const verifier = { developer: 'nmp-enclave', build: `nmp ${packageVersion()}` };
  return signEar(earOf(report, verifier, policyHash), await readText(keyFile));
}

async function verify(options: Options): Promise<void> {
  const crypto = createNodeVerifierCrypto();
  const policy = await policyOf(options);
  const nonce = nonceOf(options.nonce);
  const atMs = timeOf(options.at);
  const anchors = await anchorsOf(options.root, policy, (bytes) => crypto.sha256(bytes));
  const document = await readDocument(options.document);
  const report = await verifyAttestation({ crypto }, document, {
    anchors,
    atMs,
    ...(policy === undefined ? {} : { policy }),
    ...(nonce === undefined ? {} : { expected: { nonce } }),
  });
  if (options.ear !== undefined) {
    const token = await ear(report, options.ear, options.policy);
    process.stdout.write(
      options.json ? `${JSON.stringify({ ...report, ear: token })}\n` : `${token}\n`,
    );
  } else if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (options.html) process.stdout.write(renderHtml([{ title: 'Attestation', report }]));
  else process.stdout.write(renderText(report, stdoutTakesColor()));
  process.exitCode = firstFailure(report)?.exit ?? EXIT.ok;
}

const collect = (value: string, all: readonly string[]) => [...all, value];

export const registerVerify: Register = (program) => {
  program
    .command('verify')
    .description('Judge an attestation document: encoding, chain, signature, policy.')
    .requiredOption('--document <file>', 'the document, raw, base64 or hex')
    .option('--root <file>', 'a root to trust in place of AWS Root-G1 (repeatable)', collect, [])
    .option('--at <time>', 'time of the check, ISO 8601; default: now')
    .option('--policy <file>', 'what you trust (docs/schemas/client-policy.schema.json)')
    .option('--evidence-only', 'judge document, chain and signature alone')
    .option('--nonce <hex>', 'nonce that the document must carry')
    .option('--json', 'the report as one JSON object')
    .option('--html', 'the report as a page')
    .option('--ear <key>', 'as an attestation result (EAT, RFC 9711) signed with this PEM key')
    .action(verify);
};
