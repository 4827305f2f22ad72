/**
 * AWS KMS for an attested recipient (KMS API reference, Decrypt, Recipient). TLS ends in here,
 * whatever carries the bytes: `dial` is a tunnel through the parent, which sees ciphertext only.
 */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { Agent } from 'node:https';
import { isIP } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { DecryptCommand, type DecryptCommandOutput, KMSClient } from '@aws-sdk/client-kms';
import { NmpError } from '../../shared/errors.ts';
import type { Nsm } from '../attest/nsm.ts';
import { openEnvelope } from './cms.ts';
import type { DecryptRequest, Kms } from './kms.ts';
import { kmsFailure } from './service-error.ts';

const generateKeys = promisify(generateKeyPair);
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const ATTEMPTS = 3;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

export interface KmsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A stream of bytes to `host`:`port`, by whatever way. @throws NmpError KMS_UNREACHABLE */
export type Dial = (host: string, port: number) => Promise<Duplex>;

export interface AwsKmsComponents {
  readonly nsm: Pick<Nsm, 'attest'>;
  /** Asked for anew by the SDK when it needs them; short-lived ones of a role are usual. */
  readonly credentials: () => Promise<KmsCredentials>;
  /** Without it, the machine's own network: local mode only. */
  readonly dial?: Dial;
}

export interface AwsKmsInit {
  readonly region: string;
  /** Default: the region's own. Plain HTTP is for loopback, where tests emulate the service. */
  readonly endpoint?: string;
  /** PEM of further roots for TLS; default: those of Node.js. */
  readonly ca?: string;
}

/** An agent whose TLS runs over a dialled stream. */
function tunnelAgent(dial: Dial, ca: string | undefined): Agent {
  const agent = new Agent({ keepAlive: false });
  const encrypt = (stream: Duplex, host: string) => {
    const tls = connectTls({
      socket: stream,
      // RFC 6066, section 3: an address is no server name.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      host,
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
    });
    // A handshake that fails leaves the stream below open.
    tls.once('close', () => stream.destroy());
    return tls;
  };
  agent.createConnection = (options, callback) => {
    const host = options.host ?? '';
    dial(host, Number(options.port)).then(
      (stream) => callback?.(null, encrypt(stream, host)),
      // Node's types ask for a stream beside an error; none is looked at.
      (error: unknown) => callback?.(error as Error, new PassThrough()),
    );
    return undefined;
  };
  return agent;
}

/** @throws NmpError CONFIG_INVALID */
function checkEndpoint(endpoint: string, dialled: boolean): void {
  const url = URL.parse(endpoint);
  const plain = url?.protocol === 'http:' && LOOPBACK.has(url.hostname) && !dialled;
  if (url === null || (url.protocol !== 'https:' && !plain)) {
    throw new NmpError('CONFIG_INVALID', 'The endpoint of the key service must be https.');
  }
}

class AwsKms implements Kms {
  readonly #nsm: Pick<Nsm, 'attest'>;
  readonly #client: KMSClient;

  constructor({ nsm, credentials, dial }: AwsKmsComponents, init: AwsKmsInit) {
    if (init.endpoint !== undefined) checkEndpoint(init.endpoint, dial !== undefined);
    this.#nsm = nsm;
    this.#client = new KMSClient({
      region: init.region,
      credentials,
      maxAttempts: ATTEMPTS,
      ...(init.endpoint === undefined ? {} : { endpoint: init.endpoint }),
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
        ...(dial === undefined
          ? init.ca !== undefined && { httpsAgent: new Agent({ keepAlive: false, ca: init.ca }) }
          : { httpsAgent: tunnelAgent(dial, init.ca) }),
      },
    });
  }

  async decrypt(request: DecryptRequest): Promise<Uint8Array> {
    // Fresh for every request: an envelope of an earlier one opens nothing.
    const { publicKey, privateKey } = await generateKeys('rsa', { modulusLength: 2048 });
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const document = await this.#nsm.attest({ publicKey: Uint8Array.from(spki) });
    return this.#open(await this.#send(request, document), request.keyId, privateKey);
  }

  async #send(request: DecryptRequest, document: Uint8Array): Promise<DecryptCommandOutput> {
    try {
      return await this.#client.send(
        new DecryptCommand({
          KeyId: request.keyId,
          CiphertextBlob: request.ciphertext,
          EncryptionContext: { ...request.context },
          EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          Recipient: {
            AttestationDocument: document,
            KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
          },
        }),
      );
    } catch (cause) {
      throw kmsFailure(cause);
    }
  }

  #open(answer: DecryptCommandOutput, keyId: string, privateKey: KeyObject): Uint8Array {
    const { Plaintext, CiphertextForRecipient, KeyId } = answer;
    // A plaintext means that the service took no notice of the recipient.
    if (Plaintext !== undefined && Plaintext.length > 0) throw new NmpError('KMS_RESPONSE');
    if (KeyId !== keyId || CiphertextForRecipient === undefined) throw new NmpError('KMS_RESPONSE');
    return openEnvelope(CiphertextForRecipient, privateKey);
  }

  close(): void {
    this.#client.destroy();
  }
}

/** @throws NmpError CONFIG_INVALID for an endpoint in the clear */
export function createAwsKms(components: AwsKmsComponents, init: AwsKmsInit): Kms {
  return new AwsKms(components, init);
}
