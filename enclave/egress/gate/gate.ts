/**
 * What stands around the verdict: bits already told to a client, blocks already met, modules that
 * were caught. Every call is charged before it runs and settled after, so that a crash between the
 * two costs the client bits and never the data owner.
 */
import { createHash } from 'node:crypto';
import { NmpError } from '../../../shared/errors.ts';
import type { EgressPolicy, EgressVerdict } from '../filter.ts';
import type { Ledger } from './ledger.ts';

export interface GateCall {
  /** Peer id of the client. */
  readonly client: string;
  /** SHA-256 of the module, 32 bytes. */
  readonly moduleHash: Uint8Array;
  /** Datasets that the call reads; empty if none. */
  readonly datasets: readonly string[];
  readonly policy: EgressPolicy;
  /** Information in one answer of the capability (shared/policy/value-bits.ts). */
  readonly bits: number;
}

/** A call that may run. One of the two is to be called, once. */
export interface Admission {
  /** @throws NmpError EGRESS_LEDGER: the verdict must then not be acted on */
  settle(verdict: Pick<EgressVerdict, 'blocked' | 'codes'>): void;
  /** The run gave no answer. @throws NmpError EGRESS_LEDGER */
  failed(): void;
}

export interface EgressGate {
  /** @throws NmpError EGRESS_QUOTA, EGRESS_QUARANTINE, EGRESS_BANNED, EGRESS_LEDGER */
  admit(call: GateCall): Admission;
  /** Lifts the ban of a module; for the operator only. */
  liftBan(moduleHash: Uint8Array): void;
  /** Lets a client use a module again; for the operator only. */
  liftQuarantine(client: string, moduleHash: Uint8Array): void;
}

/** The ledger counts in 1/1024 bit. */
export const UNITS_PER_BIT = 1024;
/** An answer that does not come tells which of some sixty codes and four buckets it was. */
export const OUTCOME_BITS = 8;
/** Blocks of one client with one module before both wait for the operator. */
export const BLOCKS_DEFAULT = 3;
const CANARY = 'CANARY';

const units = (bits: number) => Math.ceil(bits * UNITS_PER_BIT);

/** Does the policy need a ledger? */
export function isCounted(policy: EgressPolicy): boolean {
  return (
    policy.quotaBits !== undefined ||
    policy.clientQuotaBits !== undefined ||
    policy.blocksBeforeQuarantine !== undefined ||
    policy.canaries !== undefined ||
    policy.privacy !== undefined
  );
}

/** Names of clients and datasets do not stand in the ledger, and have one length there. */
function keyOf(kind: string, ...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of [kind, ...parts]) {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return `${kind} ${hash.digest('base64url')}`;
}

class LedgerGate implements EgressGate {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  admit(call: GateCall): Admission {
    const ledger = this.#ledger;
    const { policy, moduleHash, client } = call;
    const banned = keyOf('banned', moduleHash);
    const blocks = keyOf('blocks', client, moduleHash);
    if (ledger.get(banned) > 0) throw new NmpError('EGRESS_BANNED');
    // Of this client alone: nobody can take a module away from others.
    const budget = policy.blocksBeforeQuarantine ?? BLOCKS_DEFAULT;
    if (ledger.get(blocks) >= budget) throw new NmpError('EGRESS_QUARANTINE');
    const accounts = this.#accounts(call);
    const price = units(call.bits + OUTCOME_BITS);
    const epsilon = this.#epsilon(call);
    for (const { key, limit } of accounts) {
      if (ledger.get(key) + price > limit) throw new NmpError('EGRESS_QUOTA');
    }
    for (const { key, amount, limit } of epsilon) {
      if (ledger.get(key) + amount > limit) throw new NmpError('EGRESS_QUOTA');
    }
    const charge = (amount: number) =>
      new Map(accounts.map(({ key }) => [key, ledger.get(key) + amount]));
    // ε is spent whether an answer comes or not: that it does not is an answer too.
    const spent = new Map(epsilon.map(({ key, amount }) => [key, ledger.get(key) + amount]));
    if (accounts.length + epsilon.length > 0) ledger.set(new Map([...charge(price), ...spent]));
    const back = units(OUTCOME_BITS) - price;
    let open = true;
    const close = (changes: Map<string, number>) => {
      if (!open) throw new NmpError('INTERNAL', 'a call is settled once');
      open = false;
      if (changes.size > 0) ledger.set(changes);
    };
    return {
      settle: ({ blocked, codes }) => {
        if (!blocked) return close(new Map());
        const changes = charge(back);
        if (codes.includes(CANARY)) changes.set(banned, 1);
        changes.set(blocks, ledger.get(blocks) + 1);
        return close(changes);
      },
      failed: () => close(charge(back)),
    };
  }

  liftBan(moduleHash: Uint8Array): void {
    this.#ledger.set(new Map([[keyOf('banned', moduleHash), 0]]));
  }

  liftQuarantine(client: string, moduleHash: Uint8Array): void {
    this.#ledger.set(new Map([[keyOf('blocks', client, moduleHash), 0]]));
  }

  /** One account a dataset: clients may tell each other what they learned. */
  #epsilon({ datasets, policy: { privacy } }: GateCall) {
    if (privacy === undefined) return [];
    const { milliEpsilon: amount, milliEpsilonTotal: limit } = privacy;
    return datasets.map((dataset) => ({ key: keyOf('epsilon', dataset), amount, limit }));
  }

  /** Per module, and over all modules: a module is changed in one byte. */
  #accounts({ client, moduleHash, datasets, policy }: GateCall) {
    const { quotaBits, clientQuotaBits } = policy;
    return datasets.flatMap((dataset) => [
      ...(quotaBits === undefined
        ? []
        : [{ key: keyOf('bits', client, moduleHash, dataset), limit: units(quotaBits) }]),
      ...(clientQuotaBits === undefined
        ? []
        : [{ key: keyOf('all-bits', client, dataset), limit: units(clientQuotaBits) }]),
    ]);
  }
}

export function createEgressGate(components: { readonly ledger: Ledger }): EgressGate {
  return new LedgerGate(components.ledger);
}
