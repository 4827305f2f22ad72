/** Secrets left in a module's data: whoever gets the module would get them too. */

/** The seam to the egress filter's detectors. */
export interface SecretDetector {
  /** True if the bytes hold a credential; linear in their length, never throws. */
  holdsSecret(bytes: Uint8Array): boolean;
}

/**
 * Formats that name themselves, so that nothing harmless looks like them: PEM private keys
 * (RFC 7468), AWS access key ids, GitHub, GitLab, Slack, Stripe, Google, npm, PyPI and OpenAI tokens, and
 * JSON Web Tokens with a signature (RFC 7519). Each pattern starts with a literal and has bounded
 * repeats without overlap: linear time.
 */
const PATTERNS: readonly RegExp[] = [
  /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/,
  /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])/,
  /(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,255}/,
  /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{36,255}/,
  /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,64}/,
  /(?<![A-Za-z0-9])xox[abeoprs]-[0-9A-Za-z-]{24,255}/,
  /(?<![A-Za-z0-9])(?:sk|rk)_live_[0-9A-Za-z]{16,255}/,
  /(?<![A-Za-z0-9])sk-(?:proj-|ant-)?[A-Za-z0-9_-]{40,255}/,
  /(?<![A-Za-z0-9])AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/,
  /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/,
  /(?<![A-Za-z0-9])pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,255}/,
  /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{16,1000}/,
];

/** Literals without which no pattern can match: most data is passed by these alone. */
const HINTS = [
  'PRIVATE KEY',
  'AKIA',
  'ASIA',
  'gh',
  'glpat-',
  'xox',
  '_live_',
  'sk-',
  'AIza',
  'npm_',
  'pypi-',
  'eyJ',
].map((text) => Buffer.from(text, 'latin1'));

/** Detector of credentials that carry their issuer's prefix. */
export const prefixedSecrets: SecretDetector = {
  holdsSecret(bytes) {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!HINTS.some((hint) => view.indexOf(hint) >= 0)) return false;
    const text = view.toString('latin1');
    return PATTERNS.some((pattern) => pattern.test(text));
  },
};
