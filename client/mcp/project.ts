/**
 * Capabilities as tools of their own, for hosts that handle few tools better than general ones.
 * Only what a person named, on a node that proves itself now, as it was described when pinned.
 */
import { fromJsonSchema, type McpServer, type RegisteredTool } from '@modelcontextprotocol/server';
import { firstFailure } from '../../shared/attestation/report.ts';
import { toHex } from '../../shared/bytes.ts';
import { Approvals } from './approvals.ts';
import { cleanJson, cleanText } from './clean-text.ts';
import type { Gateway } from './gateway.ts';
import { outcomeSchema } from './outcome.ts';
import { callInstalled } from './tools/call.ts';

/** Most tools that are projected: hosts lose their way among many. */
const PROJECTED_MAX = 40;
const NAME_MAX = 64;
const DESCRIPTION_MAX = 240;
const SCHEMA_NODES_MAX = 2048;
const SERVERS_MAX = 64;
/** Characters of the Peer ID that stand in a name; its end differs, its start does not. */
const PEER_CHARS = 8;

interface Projected {
  readonly name: string;
  readonly peer: string;
  readonly capability: string;
  readonly digest: string;
  readonly description: string;
  readonly input: Record<string, unknown>;
}

function nameOf(peer: string, capability: string): string {
  const clean = capability.replaceAll(/[^A-Za-z0-9_-]/g, '_');
  return `${peer.slice(-PEER_CHARS)}__${clean}`.slice(0, NAME_MAX);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export class Projection {
  readonly #gateway: Gateway;
  readonly #wanted: ReadonlySet<string>;
  #projected: readonly Projected[] = [];
  #servers: { readonly server: WeakRef<McpServer>; readonly tools: Map<string, RegisteredTool> }[] =
    [];

  /** @param wanted names or `name@version` that a person allowed */
  constructor(gateway: Gateway, wanted: readonly string[]) {
    this.#gateway = gateway;
    this.#wanted = new Set(wanted);
  }

  get names(): readonly string[] {
    return this.#projected.map(({ name }) => name);
  }

  /** Offers what is projected on a server, and keeps it up to date there. */
  attach(server: McpServer): void {
    const entry = { server: new WeakRef(server), tools: new Map<string, RegisteredTool>() };
    this.#servers = [...this.#servers.slice(-SERVERS_MAX + 1), entry];
    this.#update(server, entry.tools);
  }

  /** Asks the nodes anew. A node that is away or does not prove itself offers nothing. */
  async refresh(signal: AbortSignal): Promise<void> {
    const found: Projected[] = [];
    for (const node of this.#gateway.nodes) {
      found.push(...(await this.#of(node, signal).catch(() => [])));
    }
    // Two of one name would hide each other.
    const unique = new Map(found.map((projected) => [projected.name, projected]));
    this.#projected = [...unique.values()].slice(0, PROJECTED_MAX);
    for (const { server, tools } of this.#servers) {
      const live = server.deref();
      if (live !== undefined) this.#update(live, tools);
    }
  }

  async #of(node: string, signal: AbortSignal): Promise<Projected[]> {
    const peer = await this.#gateway.peer(node, signal);
    if (firstFailure(await this.#gateway.attest(peer, signal)) !== undefined) return [];
    const seen = await this.#gateway.capabilities(peer, signal);
    return seen.flatMap(({ id, description, digest, pin }) => {
      const wanted = this.#wanted.has(id) || this.#wanted.has(description.name);
      if (!wanted || pin === 'changed' || description.logic === 'client') return [];
      const input = cleanJson(description.input, DESCRIPTION_MAX, SCHEMA_NODES_MAX);
      if (!isObject(input) || input.type !== 'object') return [];
      const text = cleanText(description.description, DESCRIPTION_MAX);
      return [
        {
          name: nameOf(peer, description.name),
          peer,
          capability: id,
          digest: toHex(digest),
          description: `Capability ${cleanText(id, 128)} of node ${peer}. The node says: "${text}"`,
          input,
        },
      ];
    });
  }

  #update(server: McpServer, tools: Map<string, RegisteredTool>): void {
    for (const [name, tool] of tools) {
      if (this.names.includes(name)) continue;
      tool.remove();
      tools.delete(name);
    }
    for (const projected of this.#projected) {
      if (!tools.has(projected.name)) tools.set(projected.name, this.#register(server, projected));
    }
  }

  #register(server: McpServer, projected: Projected): RegisteredTool {
    const { name, peer, capability, digest, description, input } = projected;
    const gateway = this.#gateway;
    const approvals = new Approvals(gateway, server);
    return server.registerTool(
      name,
      {
        description,
        inputSchema: fromJsonSchema(input),
        outputSchema: outcomeSchema,
        annotations: { readOnlyHint: true, openWorldHint: true },
        _meta: { 'nmp/digest': digest },
      },
      async (args, ctx) => {
        const result = await callInstalled(
          { gateway, approvals },
          { node: peer, capability, arguments: args },
        )(ctx);
        const code = Reflect.get(Object(result.structuredContent), 'code');
        if (code === 'CAPABILITY_CHANGED') this.#vanish(name);
        return result;
      },
    );
  }

  /** A description that changed after it was pinned takes the tool away until it is approved. */
  #vanish(name: string): void {
    this.#projected = this.#projected.filter((projected) => projected.name !== name);
    for (const { server, tools } of this.#servers) {
      const live = server.deref();
      if (live !== undefined) this.#update(live, tools);
    }
  }
}
