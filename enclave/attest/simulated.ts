/**
 * A simulated Nitro Secure Module: same interface, PCR rules, errors and document shape as the
 * device, signed for real (ES384), but under a root made on this machine. Everything that reads
 * its documents can tell by that root.
 */
import { type KeyObject, sign } from 'node:crypto';
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

/** Three such fields fit the device's request of 4096 bytes. */
const FIELD_BYTES_MAX = 1024;
const RANDOM_BYTES_MAX = 256;
/** A leaf is replaced when it would end this soon. */
const LEAF_MARGIN_MS = 30 * 60_000;
/** {1: -35}: ES384, RFC 9053, section 2.1. */
const PROTECTED = encodeCbor(new Map([[1, -35]]));

/** A chain with a leaf that its instance certificate signed: issued and replaced as one. */
interface Identity {
  readonly cabundle: readonly Uint8Array[];
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
  readonly notAfterMs: number;
}

class SimulatedNsm implements Nsm {
  readonly #components: { readonly clock: Clock; readonly random: Random };
  readonly #root: SimulatedRoot;
  readonly #bank: PcrBank;
  readonly #moduleId: string;
  #chain: Chain | undefined;
  /** In flight or done; set before anything is awaited, so that callers never issue side by side. */
  #identity: Promise<Identity> | undefined;

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
    if (fields.some((field) => (field?.length ?? 0) > FIELD_BYTES_MAX)) {
      throw new NmpError('NSM_INPUT_TOO_LARGE');
    }
    const identity = await this.#currentIdentity();
    const payload = encodeCbor(
      new Map<string, CborValue>([
        ['module_id', this.#moduleId],
        ['digest', 'SHA384'],
        ['timestamp', BigInt(Math.trunc(this.#components.clock.nowMs()))],
        ['pcrs', this.#bank.locked()],
        ['certificate', identity.certificate],
        ['cabundle', [...identity.cabundle]],
        ['public_key', request.publicKey ?? null],
        ['user_data', request.userData ?? null],
        ['nonce', request.nonce ?? null],
      ]),
    );
    const toSign = encodeCbor(['Signature1', PROTECTED, new Uint8Array(0), payload]);
    const signature = sign('sha384', toSign, { key: identity.key, dsaEncoding: 'ieee-p1363' });
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
    if (!Number.isInteger(range) || range < 1 || range > PCR_COUNT) {
      throw new NmpError('NSM_INVALID_INDEX');
    }
    for (let index = 0; index < range; index++) this.#bank.lock(index);
  }

  async random(length: number): Promise<Uint8Array> {
    if (!Number.isInteger(length) || length < 1 || length > RANDOM_BYTES_MAX)
      throw new NmpError('NSM_INVALID_ARGUMENT');
    return this.#components.random.bytes(length);
  }

  async close(): Promise<void> {
    this.#identity = undefined;
  }

  async #currentIdentity(): Promise<Identity> {
    for (;;) {
      const issuing = this.#identity ?? this.#issue();
      this.#identity = issuing;
      try {
        const identity = await issuing;
        if (this.#fresh(identity.notAfterMs)) return identity;
      } catch (error) {
        // A failure is told once and tried anew, not kept.
        if (this.#identity === issuing) this.#identity = undefined;
        throw error;
      }
      if (this.#identity === issuing) this.#identity = undefined;
    }
  }

  async #issue(): Promise<Identity> {
    if (this.#chain === undefined || !this.#fresh(this.#chain.notAfterMs)) {
      this.#chain = await issueChain(this.#components, this.#root);
    }
    const chain = this.#chain;
    const leaf = await issueLeaf(this.#components, chain.instance, this.#moduleId);
    return {
      cabundle: chain.cabundle,
      certificate: leaf.certificate,
      key: await toKeyObject(leaf.keys.privateKey),
      notAfterMs: Math.min(leaf.notAfterMs, chain.notAfterMs),
    };
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
