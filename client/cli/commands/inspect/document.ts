/** `nmp inspect document`: what an attestation document says, without judging it. */
import { decodeAttestationDocument } from '../../../../shared/attestation/document.ts';
import { toHex } from '../../../../shared/bytes.ts';
import { readDocument } from '../../certificates.ts';
import type { Register } from '../../register.ts';

const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : toHex(bytes));

/** @throws NmpError USAGE, ATTESTATION_* for what is no document */
async function describe(file: string): Promise<Record<string, unknown>> {
  const { document, signature } = decodeAttestationDocument(await readDocument(file));
  return {
    judged: false,
    moduleId: document.moduleId,
    digest: document.digest,
    timestamp: new Date(document.timestampMs).toISOString(),
    pcrs: Object.fromEntries([...document.pcrs].map(([index, value]) => [index, toHex(value)])),
    certificateBytes: document.certificate.length,
    cabundle: document.cabundle.map((certificate) => certificate.length),
    publicKey: hex(document.publicKey),
    userData: hex(document.userData),
    nonce: hex(document.nonce),
    signature: toHex(signature),
  };
}

export const registerInspectDocument: Register = (inspect) => {
  inspect
    .command('document')
    .description('Show what an attestation document says, without judging it.')
    .argument('<file>', 'the document, raw, base64 or hex')
    .option('--json', 'one JSON object')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const facts = await describe(file);
      if (options.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
      else {
        const lines = Object.entries(facts).map(
          ([name, value]) =>
            `${name.padEnd(18)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
        );
        process.stdout.write(`${lines.join('\n')}\nNot judged: use nmp verify.\n`);
      }
    });
};
