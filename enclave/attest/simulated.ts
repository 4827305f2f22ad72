/**
 * A simulated Nitro Secure Module: same interface, PCR rules, errors and document shape as the
 * device, signed for real (ES384), but under a root made on this machine. Everything that reads
 * its documents can tell by that root.
 */
import { sign } from 'node:crypto';
import { NmpError } from '../../shared/errors.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import { type CborValue, encodeCbor } from '../../shared/wire/cbor.ts';
import type { AttestationRequest, Nsm, NsmDescription } from './nsm.ts';
import { PCR_COUNT, PcrBank } from './pcr-bank.ts';
import { type Chain, issueChain, issueLeaf } from './simulated-ca.ts';
import { type SimulatedRoot, toKeyObject } from './simulated-root.ts';

export interface SimulatedNsmInit {
  readonly root: SimulatedRoot;
  /** Values at boot of PCR 0, 1, 2 and others, 48 bytes each. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
}

const FIELD_BYTES_MAX = 1024;
/** Bound on the three fields together: the device takes requests of 4096 bytes. */
const REQUEST_BYTES_MAX = 4096 - 64;
const RANDOM_BYTES_MAX = 256;
/** A leaf is replaced when it would end this soon. */
const LEAF_MARGIN_MS = 30 * 60_000;
/** {1: -35}: ES384, RFC 9053, section 2.1. */
const PROTECTED = encodeCbor(new Map([[1, -35]]));

interface Signer {
  readonly certificate: Uint8Array;
  readonly key: Awaited<ReturnType<typeof toKeyObject>>;
  readonly notAfterMs: number;
}

class SimulatedNsm implements Nsm {
  readonly #components: { readonly clock: Clock; readonly random: Random };
  readonly #root: SimulatedRoot;
  readonly #bank: PcrBank;
  readonly #moduleId: string;
  #chain: Promise<Chain> | undefined;
  #signer: Promise<Signer> | undefined;

  constructor(
    components: { readonly clock: Clock; readonly random: Random },
    init: SimulatedNsmInit,
  ) {
    this.#components = components;
    this.#root = init.root;
    this.#bank = new PcrBank(init.pcrs);
    const id = Buffer.from(components.random.bytes(8)).toString('hex');
    this.#moduleId = `i-simulated-enc${id}`;
  }

  async attest(request: AttestationRequest): Promise<Uint8Array> {
    const fields = [request.publicKey, request.userData, request.nonce];
    const total = fields.reduce((sum, field) => sum + (field?.length ?? 0), 0);
    if (total > REQUEST_BYTES_MAX || fields.some((f) => (f?.length ?? 0) > FIELD_BYTES_MAX)) {
      throw new NmpError('NSM_INPUT_TOO_LARGE');
    }
    const chain = await this.#currentChain();
    const signer = await this.#currentSigner(chain);
    const payload = encodeCbor(
      new Map<string, CborValue>([
        ['module_id', this.#moduleId],
        ['digest', 'SHA384'],
        ['timestamp', BigInt(Math.trunc(this.#components.clock.nowMs()))],
        ['pcrs', this.#bank.locked()],
        ['certificate', signer.certificate],
        ['cabundle', [...chain.cabundle]],
        ['public_key', request.publicKey ?? null],
        ['user_data', request.userData ?? null],
        ['nonce', request.nonce ?? null],
      ]),
    );
    const toSign = encodeCbor(['Signature1', PROTECTED, new Uint8Array(0), payload]);
    const signature = sign('sha384', toSign, { key: signer.key, dsaEncoding: 'ieee-p1363' });
    return encodeCbor([PROTECTED, new Map(), payload, Uint8Array.from(signature)]);
  }

  async describe(): Promise<NsmDescription> {
    return {
      moduleId: this.#moduleId,
      versionMajor: 1,
      versionMinor: 0,
      versionPatch: 0,
      maxPcrs: PCR_COUNT,
      lockedPcrs: [...this.#bank.locked().keys()],
      digest: 'SHA384',
      simulated: true,
    };
  }

  async describePcr(index: number): Promise<{ locked: boolean; value: Uint8Array }> {
    return this.#bank.describe(index);
  }

  async extendPcr(index: number, data: Uint8Array): Promise<Uint8Array> {
    return this.#bank.extend(index, data);
  }

  async lockPcr(index: number): Promise<void> {
    this.#bank.lock(index);
  }

  async lockPcrs(range: number): Promise<void> {
    if (range > PCR_COUNT) throw new NmpError('NSM_INVALID_INDEX');
    for (let index = 0; index < range; index++) this.#bank.lock(index);
  }

  async random(length: number): Promise<Uint8Array> {
    if (length < 1 || length > RANDOM_BYTES_MAX) throw new NmpError('NSM_INVALID_ARGUMENT');
    return this.#components.random.bytes(length);
  }

  async close(): Promise<void> {
    this.#signer = undefined;
  }

  async #currentChain(): Promise<Chain> {
    const chain = await this.#chain;
    if (chain !== undefined && this.#fresh(chain.notAfterMs)) return chain;
    this.#signer = undefined;
    this.#chain = issueChain(this.#components, this.#root);
    return this.#chain;
  }

  async #currentSigner(chain: Chain): Promise<Signer> {
    const signer = await this.#signer;
    if (signer !== undefined && this.#fresh(signer.notAfterMs)) return signer;
    this.#signer = issueLeaf(this.#components, chain.instance, this.#moduleId).then(
      async ({ certificate, keys, notAfterMs }) => ({
        certificate,
        key: await toKeyObject(keys.privateKey),
        notAfterMs,
      }),
    );
    return this.#signer;
  }

  #fresh(notAfterMs: number): boolean {
    return this.#components.clock.nowMs() + LEAF_MARGIN_MS < notAfterMs;
  }
}

export function createSimulatedNsm(
  components: { readonly clock: Clock; readonly random: Random },
  init: SimulatedNsmInit,
): Nsm {
  return new SimulatedNsm(components, init);
}
