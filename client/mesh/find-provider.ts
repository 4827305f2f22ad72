/**
 * From a capability's key to a provider that proved itself. Provider records are anybody's claims:
 * they are capped and spread over networks, several are tried at once, the first that attests wins,
 * and those that fail rest.
 */
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import { addressGroup } from '../../shared/wire/address-group.ts';
import type { Provider, ProviderMemory } from './provider-memory.ts';

export interface FindComponents {
  readonly clock: Clock;
  readonly memory: ProviderMemory;
  /** Claims from the mesh, in the order in which they come. */
  readonly lookUp: (signal: AbortSignal) => AsyncIterable<Provider>;
  /** Dials and attests; throws unless the provider is what it must be. */
  readonly prove: (provider: Provider, signal: AbortSignal) => Promise<void>;
}

export interface FindLimits {
  /**
   * Lookups in all. One that led to nobody is done again: peers far away had not answered yet when
   * the first began, and by its end they are in the table.
   */
  readonly lookUps: number;
  /** Providers tried at once. */
  readonly parallel: number;
  /** Claims looked at in all, and per network (/16, /32 or name). */
  readonly claims: number;
  readonly claimsPerGroup: number;
  readonly addressesPerClaim: number;
  /** One provider must have proven itself in this time. */
  readonly proveTimeoutMs: number;
}

export const DEFAULT_FIND_LIMITS: FindLimits = {
  lookUps: 3,
  parallel: 3,
  claims: 256,
  claimsPerGroup: 8,
  addressesPerClaim: 8,
  proveTimeoutMs: 5_000,
};

/** Keeps claims apart: each peer once, no network more than its share. */
class Claims {
  readonly #memory: ProviderMemory;
  readonly #limits: FindLimits;
  readonly #seen = new Set<string>();
  readonly #groups = new Map<string, number>();
  readonly #waiting: Provider[] = [];
  #looked = 0;

  constructor(memory: ProviderMemory, limits: FindLimits) {
    this.#memory = memory;
    this.#limits = limits;
  }

  get full(): boolean {
    return this.#looked >= this.#limits.claims;
  }

  add(claim: Provider): void {
    this.#looked++;
    if (this.#seen.has(claim.id)) return;
    const addresses = claim.addresses.slice(0, this.#limits.addressesPerClaim);
    const group = addresses.map(addressGroup).find((found) => found !== undefined);
    // A claim without an address that can be dialled is worth nothing.
    if (group === undefined) return;
    const inGroup = this.#groups.get(group) ?? 0;
    if (inGroup >= this.#limits.claimsPerGroup) return;
    this.#groups.set(group, inGroup + 1);
    this.#seen.add(claim.id);
    this.#waiting.push({ id: claim.id, addresses });
  }

  /** The best of those that wait; of equals one from a network that was not tried, then the first. */
  take(tried: ReadonlyMap<string, number>): Provider | undefined {
    const weight = ({ id, addresses }: Provider) => {
      const group = addressGroup(addresses[0] ?? '') ?? '';
      return [this.#memory.rank(id), tried.get(group) ?? 0] as const;
    };
    let best = 0;
    for (let i = 1; i < this.#waiting.length; i++) {
      const [a, b] = [this.#waiting[i], this.#waiting[best]];
      if (a === undefined || b === undefined) continue;
      const [rankA, triedA] = weight(a);
      const [rankB, triedB] = weight(b);
      if (rankA < rankB || (rankA === rankB && triedA < triedB)) best = i;
    }
    return this.#waiting.splice(best, 1)[0];
  }
}

/**
 * @param key names the capability in the memory
 * @throws NmpError UNREACHABLE if nobody proved itself; TIMEOUT if `signal` fired before
 */
export async function findProvider(
  { clock, memory, lookUp, prove }: FindComponents,
  key: string,
  signal: AbortSignal,
  limits: FindLimits = DEFAULT_FIND_LIMITS,
): Promise<Provider> {
  if (memory.missing(key)) throw new NmpError('UNREACHABLE', 'no provider a moment ago');
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  const attempt = async (provider: Provider): Promise<Provider> => {
    const startedMs = clock.monotonicMs();
    const timeout = AbortSignal.timeout(limits.proveTimeoutMs);
    try {
      await prove(provider, AbortSignal.any([ending, timeout]));
    } catch (error) {
      // Whoever lost the race, or was left because the caller gave up, has not failed.
      if (!ending.aborted) memory.noteFailed(key, provider.id);
      throw error;
    }
    memory.noteProven(provider.id, clock.monotonicMs() - startedMs);
    return provider;
  };
  try {
    const known = memory.found(key);
    if (known !== undefined) {
      const again = await attempt(known).catch(() => undefined);
      if (again !== undefined) return again;
    }
    const winner = await race({ memory, lookUp, attempt }, limits, ending);
    memory.noteFound(key, winner);
    return winner;
  } catch (cause) {
    if (signal.aborted) throw new NmpError('TIMEOUT', undefined, { cause });
    memory.noteMissing(key);
    throw new NmpError('UNREACHABLE', 'no provider proved itself', { cause });
  } finally {
    over.abort();
  }
}

/** Tries claims as they come, `parallel` at a time. Rejects when all have failed. */
async function race(
  components: {
    readonly memory: ProviderMemory;
    readonly lookUp: FindComponents['lookUp'];
    readonly attempt: (provider: Provider) => Promise<Provider>;
  },
  limits: FindLimits,
  signal: AbortSignal,
): Promise<Provider> {
  const { memory, lookUp, attempt } = components;
  const claims = new Claims(memory, limits);
  const tried = new Map<string, number>();
  const won = Promise.withResolvers<Provider>();
  let running = 0;
  let lookingUp = true;
  /** Called when none is being tried any more and none waits. */
  let idle = () => {};
  let last: unknown;
  const abort = () => won.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const next = (): void => {
    while (running < limits.parallel) {
      const provider = claims.take(tried);
      if (provider === undefined) break;
      const group = addressGroup(provider.addresses[0] ?? '') ?? '';
      tried.set(group, (tried.get(group) ?? 0) + 1);
      running++;
      attempt(provider).then(won.resolve, (error: unknown) => {
        last = error;
        running--;
        next();
      });
    }
    if (running > 0) return;
    idle();
    if (!lookingUp) won.reject(last ?? new NmpError('UNREACHABLE'));
  };
  const look = async () => {
    for await (const claim of lookUp(signal)) {
      claims.add(claim);
      next();
      if (claims.full || signal.aborted) break;
    }
  };
  const looking = async () => {
    for (let round = 1; !claims.full && !signal.aborted; round++) {
      await look().catch((error: unknown) => {
        last = error;
      });
      if (round === limits.lookUps) return;
      const allFailed = new Promise<void>((resolve) => {
        idle = resolve;
      });
      next();
      await allFailed;
    }
  };
  void looking().then(() => {
    lookingUp = false;
    next();
  });
  try {
    return await won.promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
