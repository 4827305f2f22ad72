/** What the console shows, collected at one moment. */
import { z } from 'zod';
import type { AttestationReport } from '../../shared/attestation/report.ts';
import { toHex } from '../../shared/bytes.ts';
import type { ClientPolicy } from '../../shared/policy/client-policy.ts';
import { cleanText } from '../mcp/clean-text.ts';
import type { Gateway } from '../mcp/gateway.ts';
import { codeOf } from '../mcp/refusal.ts';
import type { PinState, Trust } from '../trust/trust-store.ts';
import { type CallEvent, type CallHistory, historyOf } from './history.ts';

export interface CapabilityView {
  readonly id: string;
  readonly description: string;
  readonly datasets: readonly string[];
  /** SHA-256 of the installed module; undefined if callers ship theirs. */
  readonly moduleHash: string | undefined;
  readonly digest: string;
  readonly pin: PinState;
}

export interface NodeView {
  readonly address: string;
  readonly peer?: string;
  /** Why the node could not be asked. */
  readonly code?: string;
  readonly report?: AttestationReport;
  readonly capabilities: readonly CapabilityView[];
}

export interface CallCount {
  /** `RELEASED`, or the code of the refusal. */
  readonly code: string;
  readonly count: number;
  readonly lastAt: string;
}

export interface ConsoleState {
  readonly takenAt: string;
  readonly policy: ClientPolicy;
  readonly trust: Trust;
  readonly nodes: readonly NodeView[];
  readonly calls: readonly CallCount[];
  readonly history: CallHistory;
}

const event = z.object({ code: z.string().regex(/^[A-Z][A-Z0-9_]{1,39}$/), at: z.iso.datetime() });

/** Calls of an audit file (`nmp mcp --audit`); lines of another form are passed over. */
export function readCalls(text: string): readonly CallEvent[] {
  return text.split('\n').flatMap((line) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return [];
    }
    const parsed = event.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });
}

export function countCalls(events: readonly CallEvent[]): readonly CallCount[] {
  const counts = new Map<string, { count: number; lastAt: string }>();
  for (const { code, at } of events) {
    const known = counts.get(code);
    const lastAt = known === undefined || known.lastAt < at ? at : known.lastAt;
    counts.set(code, { count: (known?.count ?? 0) + 1, lastAt });
  }
  return [...counts]
    .map(([code, rest]) => ({ code, ...rest }))
    .toSorted((a, b) => b.count - a.count || a.code.localeCompare(b.code));
}

async function look(gateway: Gateway, address: string, signal: AbortSignal): Promise<NodeView> {
  let peer: string | undefined;
  try {
    peer = await gateway.peer(address, signal);
    const report = await gateway.attest(peer, signal);
    const capabilities = (await gateway.capabilities(peer, signal)).map((seen) => ({
      id: cleanText(seen.id, 128),
      description: cleanText(seen.description.description, 240),
      datasets: seen.description.datasets.map(({ id }) => cleanText(id, 64)),
      moduleHash:
        seen.description.logic === 'client' ? undefined : seen.description.logic.moduleHash,
      digest: toHex(seen.digest),
      pin: seen.pin,
    }));
    return { address, peer, report, capabilities };
  } catch (error) {
    const code = codeOf(error);
    return { address, code, capabilities: [], ...(peer === undefined ? {} : { peer }) };
  }
}

/** @param audit text of an audit file; '' if there is none */
export async function collectState(
  gateway: Gateway,
  audit: string,
  signal: AbortSignal,
): Promise<ConsoleState> {
  await gateway.refreshTrust();
  const nodes = await Promise.all(gateway.nodes.map((node) => look(gateway, node, signal)));
  const { trust, clock } = gateway.components;
  const events = readCalls(audit);
  return {
    takenAt: new Date(clock.nowMs()).toISOString(),
    policy: gateway.policy(),
    trust: await trust.read(),
    nodes,
    calls: countCalls(events),
    history: historyOf(events),
  };
}
