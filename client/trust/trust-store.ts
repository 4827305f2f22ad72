/**
 * What a person approved beyond the policy file: measurements, and the descriptions of capabilities
 * as they were when first seen. A description that changes is unusable until it is approved.
 */
import { z } from 'zod';
import { NmpError } from '../../shared/errors.ts';
import type { ReleasePolicy } from '../../shared/policy/client-policy.ts';

const FILE_CHARS_MAX = 1_048_576;
const ENTRIES_MAX = 1024;

const pcr = z.string().regex(/^[0-9a-f]{96}$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime();

const measurement = z.strictObject({ pcr0: pcr, pcr1: pcr, pcr2: pcr, approvedAt: instant });
const pinned = z.strictObject({
  peer: z.string().min(1).max(128),
  /** `name@version`. */
  capability: z.string().min(1).max(128),
  /** SHA-256 of the description that was pinned. */
  digest,
  pinnedAt: instant,
  /** SHA-256 of another description that the node gives since; waits for approval. */
  changedTo: digest.exactOptional(),
});

const trustSchema = z.strictObject({
  version: z.literal(1),
  measurements: z.array(measurement).max(ENTRIES_MAX),
  capabilities: z.array(pinned).max(ENTRIES_MAX),
});

export type Trust = z.output<typeof trustSchema>;
export type Measurement = Trust['measurements'][number];
export type PinnedCapability = Trust['capabilities'][number];

export const EMPTY_TRUST: Trust = { version: 1, measurements: [], capabilities: [] };

/** @throws NmpError CONFIG_INVALID */
export function parseTrust(text: string, file: string): Trust {
  let value: unknown;
  try {
    if (text.length > FILE_CHARS_MAX) throw new RangeError('too long');
    value = JSON.parse(text);
  } catch (cause) {
    throw new NmpError('CONFIG_INVALID', `${file}: not JSON`, { cause });
  }
  const parsed = trustSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  throw new NmpError('CONFIG_INVALID', `${file}: ${place || 'top level'}: invalid`);
}

/** Where trust is kept between runs. */
export interface TrustKeeper {
  load(): Promise<Trust>;
  save(trust: Trust): Promise<void>;
}

/** Keeps nothing beyond the process. */
export function createMemoryKeeper(initial: Trust = EMPTY_TRUST): TrustKeeper {
  let kept = initial;
  return {
    load: async () => kept,
    save: async (trust) => {
      kept = trust;
    },
  };
}

export type PinState = 'new' | 'pinned' | 'changed';

const same = (a: PinnedCapability, peer: string, capability: string) =>
  a.peer === peer && a.capability === capability;

/** One change after another: each reads the newest state, changes it and writes it back. */
export class TrustStore {
  readonly #keeper: TrustKeeper;
  readonly #now: () => string;
  #last: Promise<unknown> = Promise.resolve();

  /** @param now ISO 8601 in UTC */
  constructor(keeper: TrustKeeper, now: () => string) {
    this.#keeper = keeper;
    this.#now = now;
  }

  read(): Promise<Trust> {
    return this.#keeper.load();
  }

  async approveMeasurement(values: Omit<Measurement, 'approvedAt'>): Promise<void> {
    await this.#change((trust) => ({
      ...trust,
      measurements: [
        ...trust.measurements.filter((known) => !sameImage(known, values)),
        { ...values, approvedAt: this.#now() },
      ],
    }));
  }

  /** Pins a description seen for the first time; notes one that differs from what was pinned. */
  async see(peer: string, capability: string, seen: string): Promise<PinState> {
    const { capabilities } = await this.read();
    const known = capabilities.find((entry) => same(entry, peer, capability));
    // Never makes room: a flood of new names must not push out what is pinned.
    if (known === undefined && capabilities.length >= ENTRIES_MAX) return 'changed';
    if (known?.digest === seen) return 'pinned';
    if (known?.changedTo === seen) return 'changed';
    await this.#change((trust) => ({
      ...trust,
      capabilities:
        known === undefined
          ? [
              ...trust.capabilities.filter((entry) => !same(entry, peer, capability)),
              { peer, capability, digest: seen, pinnedAt: this.#now() },
            ]
          : trust.capabilities.map((entry) =>
              same(entry, peer, capability) ? { ...entry, changedTo: seen } : entry,
            ),
    }));
    return known === undefined ? 'new' : 'changed';
  }

  /** Takes the changed description of a capability for the pinned one. @returns false if none waits */
  async approveCapability(peer: string, capability: string): Promise<boolean> {
    let found = false;
    await this.#change((trust) => ({
      ...trust,
      capabilities: trust.capabilities.map((entry) => {
        const { changedTo, ...rest } = entry;
        if (!same(entry, peer, capability) || changedTo === undefined) return entry;
        found = true;
        return { ...rest, digest: changedTo, pinnedAt: this.#now() };
      }),
    }));
    return found;
  }

  /** Forgets a measurement by its PCR0, or what is pinned of a peer. @returns how many entries went */
  async revoke(what: string): Promise<number> {
    let gone = 0;
    await this.#change((trust) => {
      const measurements = trust.measurements.filter(({ pcr0 }) => pcr0 !== what);
      const capabilities = trust.capabilities.filter(({ peer }) => peer !== what);
      gone =
        trust.measurements.length -
        measurements.length +
        trust.capabilities.length -
        capabilities.length;
      return { ...trust, measurements, capabilities };
    });
    return gone;
  }

  async #change(change: (trust: Trust) => Trust): Promise<void> {
    const next = this.#last.then(async () => this.#keeper.save(change(await this.#keeper.load())));
    this.#last = next.catch(() => undefined);
    await next;
  }
}

function sameImage(a: Omit<Measurement, 'approvedAt'>, b: Omit<Measurement, 'approvedAt'>) {
  return a.pcr0 === b.pcr0 && a.pcr1 === b.pcr1 && a.pcr2 === b.pcr2;
}

/** An approved measurement as a release of the policy. */
export function releaseOf({ pcr0, pcr1, pcr2 }: Measurement): ReleasePolicy {
  return { pcr0, pcr1, pcr2 };
}
