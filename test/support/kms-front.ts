/**
 * A key service's gate for tests: it verifies the attestation document of a Decrypt and its PCR0, as
 * the condition kms:RecipientAttestation:ImageSha384 of a key policy asks, before anything behind it
 * hears of the request. LocalStack itself encrypts to whatever key a document names, unchecked.
 */
import { createPublicKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import { decodeAttestationDocument } from '../../shared/attestation/document.ts';
import { verifyAttestation } from '../../shared/attestation/verify.ts';
import { equalBytes } from '../../shared/bytes.ts';
import { envelope } from './envelope.ts';

export interface KmsAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A request as it came, with its body read. */
export interface KmsRequest {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

export interface KmsFrontInit {
  /**
   * DER of the root under which documents must verify; default: the first certificate of their own
   * chain, for machines that make their root when they boot.
   */
  readonly root?: Uint8Array;
  /** That the policy of the key asks for. */
  readonly pcr0: Uint8Array | (() => Uint8Array);
  readonly nowMs: () => number;
  readonly behind: (request: KmsRequest) => Promise<KmsAnswer>;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export const denied: KmsAnswer = { status: 400, body: { __type: 'AccessDeniedException' } };

/** The document of the Recipient, if the body has one. */
export function documentIn(body: Record<string, unknown>): Uint8Array | undefined {
  const recipient: unknown = body.Recipient;
  if (typeof recipient !== 'object' || recipient === null) return undefined;
  if (!('AttestationDocument' in recipient)) return undefined;
  const { AttestationDocument: text } = recipient;
  return typeof text === 'string' ? Uint8Array.from(Buffer.from(text, 'base64')) : undefined;
}

/** Base64 of a CMS envelope for the key that the document in the body names, as the service makes it. */
export function envelopeFor(body: Record<string, unknown>, plain: Uint8Array): string {
  const bytes = documentIn(body);
  if (bytes === undefined) throw new Error('no document');
  const { publicKey } = decodeAttestationDocument(bytes).document;
  if (publicKey === null || publicKey === undefined) throw new Error('no key');
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  return Buffer.from(envelope({ plain, publicKey: key })).toString('base64');
}

async function mayPass(body: Record<string, unknown>, init: KmsFrontInit): Promise<boolean> {
  const bytes = documentIn(body);
  if (bytes === undefined) return false;
  const { pcrs, cabundle } = decodeAttestationDocument(bytes).document;
  const der = init.root ?? cabundle[0];
  if (der === undefined) return false;
  const report = await verifyAttestation({ crypto: createNodeVerifierCrypto() }, bytes, {
    anchors: [{ id: 'test', kind: 'simulated', der }],
    atMs: init.nowMs(),
  });
  if (report.verdict !== 'pass') return false;
  const pcr0 = pcrs.get(0);
  const wanted = typeof init.pcr0 === 'function' ? init.pcr0() : init.pcr0;
  return pcr0 !== undefined && equalBytes(pcr0, wanted);
}

export interface KmsFront {
  readonly endpoint: string;
  readonly port: number;
  /** Documents that came, refused ones included. */
  readonly documents: readonly Uint8Array[];
  close(): Promise<void>;
}

export async function startKmsFront(init: KmsFrontInit): Promise<KmsFront> {
  const documents: Uint8Array[] = [];
  const serve: Parameters<typeof createServer>[1] = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: Record<string, unknown> = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      const target = String(request.headers['x-amz-target']);
      const document = documentIn(body);
      if (document !== undefined) documents.push(document);
      const decrypting = target.endsWith('.Decrypt');
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      const decide = async () =>
        decrypting && !(await mayPass(body, init))
          ? denied
          : init.behind({ target, headers, body });
      decide().then(
        (answer) => {
          response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
          response.end(JSON.stringify(answer.body));
        },
        () => response.destroy(),
      );
    });
  };
  const server: Server =
    init.tls === undefined ? createServer(serve) : createTlsServer(init.tls, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    documents,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
