/**
 * A report as an EAT attestation result: the claims of draft-ietf-rats-ear on RFC 9711, with the
 * trustworthiness vector of draft-ietf-rats-ar4si. Not signed here: see client/verify/sign-ear.ts.
 */
import { fromHex, toBase64Url } from '../bytes.ts';
import type { AttestationReport, Check, CheckId } from './report.ts';

/** The profile under which EAR is deployed. */
export const EAR_PROFILE = 'tag:github.com,2023:veraison/ear';

/** Values of AR4SI: 0 no claim, 2–31 affirming, 32–95 warning, 96–127 contraindicated. */
const CLAIM = {
  none: 0,
  affirming: 2,
  contraindicated: 96,
  /** Hardware: not recognised as genuine. */
  unrecognised: 97,
  /** Any claim: the cryptography of the evidence did not hold. */
  cryptography: 99,
} as const;

type Vector = Readonly<
  Record<
    | 'instance-identity'
    | 'configuration'
    | 'executables'
    | 'file-system'
    | 'hardware'
    | 'runtime-opaque'
    | 'storage-opaque'
    | 'sourced-data',
    number
  >
>;

export interface EarClaims {
  readonly eat_profile: typeof EAR_PROFILE;
  /** Time of the check, seconds since 1970. */
  readonly iat: number;
  readonly 'ear.verifier-id': { readonly developer: string; readonly build: string };
  /** Nonce of the evidence, base64url, if its text has the 8 to 88 characters of RFC 9711. */
  readonly eat_nonce?: string;
  readonly submods: {
    readonly 'nitro-enclave': {
      readonly 'ear.status': 'affirming' | 'warning' | 'contraindicated' | 'none';
      readonly 'ear.trustworthiness-vector': Vector;
      /** SHA-256 of the policy's text, as a URI of RFC 6920; absent if only evidence was judged. */
      readonly 'ear.appraisal-policy-id'?: string;
      /** The checks of the report by name. */
      readonly 'nmp.checks': Readonly<Record<string, 'pass' | 'fail' | 'skip'>>;
      readonly 'nmp.simulated': boolean;
      /** SHA-256 of the payload, hex: which evidence. */
      readonly 'nmp.evidence'?: string;
      readonly 'nmp.pcrs'?: Readonly<Record<string, string>>;
    };
  };
}

function vectorOf(report: AttestationReport): Vector {
  const status = new Map<CheckId, Check['status']>(
    report.checks.map((check) => [check.id, check.status]),
  );
  /** Affirmed only if each of the checks was made and held. */
  const claim = (...ids: readonly CheckId[]): number => {
    if (ids.some((id) => status.get(id) === 'fail')) return CLAIM.contraindicated;
    return ids.every((id) => status.get(id) === 'pass') ? CLAIM.affirming : CLAIM.none;
  };
  const evidence = claim('parses', 'chain', 'signature');
  if (evidence !== CLAIM.affirming) {
    const all = CLAIM.cryptography;
    return {
      'instance-identity': all,
      configuration: all,
      executables: all,
      'file-system': CLAIM.none,
      hardware: all,
      'runtime-opaque': all,
      'storage-opaque': CLAIM.none,
      'sourced-data': CLAIM.none,
    };
  }
  // A policy may take debug mode; the memory lies open all the same.
  const pcrs = report.document?.pcrs ?? {};
  const debug = ['0', '1', '2'].every((index) => /^0*$/.test(pcrs[index] ?? ''));
  return {
    'instance-identity': claim('nonce', 'age', 'binding'),
    configuration: claim('binding'),
    executables: claim('pcrs', 'release'),
    'file-system': CLAIM.none,
    hardware: report.simulated ? CLAIM.unrecognised : claim('authority'),
    'runtime-opaque': debug ? CLAIM.contraindicated : claim('not-debug'),
    'storage-opaque': CLAIM.none,
    'sourced-data': CLAIM.none,
  };
}

/** The tier of the worst claim; a failed report is never better than contraindicated. */
function statusOf(report: AttestationReport, vector: Vector) {
  const worst = Math.max(...Object.values(vector));
  if (report.verdict === 'fail' || worst >= CLAIM.contraindicated) return 'contraindicated';
  if (worst >= 32) return 'warning';
  // Nothing is affirmed of evidence that was not held against a policy.
  return vector.executables === CLAIM.affirming && vector.hardware === CLAIM.affirming
    ? 'affirming'
    : 'none';
}

/**
 * Simulated evidence is contraindicated always, whatever the policy takes: an EAR travels, and who
 * reads it has not seen that policy.
 * @param policyHash SHA-256 of the policy file, 32 bytes
 */
export function earOf(
  report: AttestationReport,
  verifier: { readonly developer: string; readonly build: string },
  policyHash?: Uint8Array,
): EarClaims {
  const vector = vectorOf(report);
  const { document } = report;
  const nonce = fromHex(document?.nonce ?? '');
  const text = nonce === undefined ? '' : toBase64Url(nonce);
  return {
    eat_profile: EAR_PROFILE,
    iat: Math.floor(Date.parse(report.checkedAt) / 1000),
    'ear.verifier-id': verifier,
    ...(text.length >= 8 && text.length <= 88 ? { eat_nonce: text } : {}),
    submods: {
      'nitro-enclave': {
        'ear.status': statusOf(report, vector),
        'ear.trustworthiness-vector': vector,
        ...(policyHash === undefined
          ? {}
          : { 'ear.appraisal-policy-id': `ni:///sha-256;${toBase64Url(policyHash)}` }),
        'nmp.checks': Object.fromEntries(report.checks.map(({ id, status }) => [id, status])),
        'nmp.simulated': report.simulated,
        ...(document === undefined
          ? {}
          : { 'nmp.evidence': document.payloadHash, 'nmp.pcrs': document.pcrs }),
      },
    },
  };
}
