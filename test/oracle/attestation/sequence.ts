/**
 * A second independent judge of attestation documents, with the lines of main.go: reads
 * {"document": base64, "root": base64 DER, "atMs": n}, writes {"accepted": bool, "ms": n}.
 * A program of its own, since the package wants a browser's `window`.
 */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

Reflect.set(globalThis, 'window', globalThis);
const { SignedAttestation } = await import('@0xsequence/tee-verifier');

interface Question {
  readonly document: string;
  readonly root: string;
  readonly atMs: number;
}

/** The package's own manual order: chain, fingerprint of the root, signature. */
async function judge({ document, root, atMs }: Question): Promise<boolean> {
  try {
    const attestation = SignedAttestation.fromDocument(document);
    const fingerprint = createHash('sha256').update(Buffer.from(root, 'base64')).digest('hex');
    return (
      (await attestation.verifyRootOfTrust(new Date(atMs))) &&
      (await attestation.rootCertFingerprint()) === fingerprint &&
      (await attestation.verifySignature())
    );
  } catch {
    return false;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const question: Question = JSON.parse(line);
  const started = performance.now();
  const accepted = await judge(question);
  process.stdout.write(`${JSON.stringify({ accepted, ms: performance.now() - started })}\n`);
}
