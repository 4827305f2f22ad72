/**
 * The bridge between an MCP server and the mesh. Whatever the server offers besides, it offers the
 * mesh through six tools that never change; each answer is verified here before the host sees it.
 */
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { InMemoryTransport, McpServer, type McpServerFactory } from '@modelcontextprotocol/server';
import { NmpError } from '../../shared/errors.ts';
import type { ClientPolicy } from '../../shared/policy/client-policy.ts';
import { Approvals } from './approvals.ts';
import { createGateway } from './compose.ts';
import type { Gateway } from './gateway.ts';
import { registerPrompts } from './prompts.ts';
import { registerResources } from './resources.ts';
import { registerCall } from './tools/call.ts';
import { registerDescribe } from './tools/describe.ts';
import { registerDiscover } from './tools/discover.ts';
import { registerJob } from './tools/job.ts';
import { registerRunLogic } from './tools/run-logic.ts';
import type { RegisterTool } from './tools/tool.ts';
import { registerVerify } from './tools/verify.ts';
import { type WrappedDataset, type WrapSource, wrapTool } from './wrap.ts';

/** In this order in every listing: hosts cache prompts by it. */
const TOOLS: readonly RegisterTool[] = [
  registerDiscover,
  registerDescribe,
  registerCall,
  registerRunLogic,
  registerJob,
  registerVerify,
];

const INSTRUCTIONS =
  'Confidential computing mesh: records stay in enclaves, logic travels to them, and each result ' +
  'comes with verified evidence. Start with nmp_discover, then nmp_describe. verdict "blocked" is ' +
  'final for that logic: do not retry variants to learn about records. evidence.simulated means ' +
  'that no hardware stands behind a result: say so.';

export interface NmpMcpBridgeInit {
  /** The side towards the mesh, shared by all servers of a process; one of its own if absent. */
  readonly gateway?: Gateway;
  /** What is trusted; ignored beside `gateway`. Without one every call is refused. */
  readonly policy?: ClientPolicy;
  /** Nodes to use, as multiaddrs or Peer IDs; ignored beside `gateway`. */
  readonly nodes?: readonly string[];
  /** Key of the client on the mesh; a fresh one if absent. Ignored beside `gateway`. */
  readonly meshIdentity?: Ed25519PrivateKey;
  /** A tool of the server whose rows `publish` gives to a node as a dataset. */
  readonly publishToMesh?: WrapSource & { readonly dataset: WrappedDataset };
}

export class NmpMcpBridge {
  readonly server: McpServer;
  readonly gateway: Gateway;
  readonly #publication: NmpMcpBridgeInit['publishToMesh'];

  /** @param server gets the tools, resources and prompts of the mesh; must not be connected yet */
  constructor(server: McpServer, init: NmpMcpBridgeInit = {}) {
    this.server = server;
    this.gateway = init.gateway ?? createGateway(init);
    this.#publication = init.publishToMesh;
    const { gateway } = this;
    const approvals = new Approvals(gateway, server);
    for (const register of TOOLS) register({ server, gateway, approvals });
    registerResources(server, gateway);
    registerPrompts(server);
  }

  /**
   * Calls the tool named by `publishToMesh` and returns its rows as the dataset's file (NDJSON, the
   * declared columns only). Logic then travels to them; the tool itself is not exposed to the mesh.
   * To be called before the server is connected to a host.
   * @throws NmpError USAGE, DATA_UNREADABLE, DATA_MALFORMED, DATA_LIMIT
   */
  async publish(): Promise<string> {
    if (this.#publication === undefined) {
      throw new NmpError('USAGE', 'the bridge was made without publishToMesh');
    }
    const { dataset, ...source } = this.#publication;
    const [here, there] = InMemoryTransport.createLinkedPair();
    await this.server.connect(there);
    return wrapTool(here, source, dataset);
  }

  /** Closes the server and the side towards the mesh. */
  async close(): Promise<void> {
    await this.server.close();
    await this.gateway.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Longest combined number of elements and members in the arguments of one call. */
const INPUT_ELEMENTS_MAX = 10_000;
const LIST_TTL_MS = 3_600_000;

/**
 * Makes a server with the bridge for each connection (stdio) or request (HTTP).
 * @param extend adds to each server what it offers besides
 */
export function createBridgeFactory(
  gateway: Gateway,
  info: { readonly version: string },
  extend: (server: McpServer) => void = () => undefined,
): McpServerFactory {
  const stable = { ttlMs: LIST_TTL_MS, cacheScope: 'private' } as const;
  return () => {
    const server = new McpServer(
      { name: 'nmp-enclave', title: 'NMP confidential mesh', version: info.version },
      {
        instructions: INSTRUCTIONS,
        maxToolInputElements: INPUT_ELEMENTS_MAX,
        cacheHints: { 'tools/list': stable, 'prompts/list': stable, 'server/discover': stable },
        requestState: { verify: (state, ctx) => gateway.approvalCodec.verify(state, ctx) },
      },
    );
    const bridge = new NmpMcpBridge(server, { gateway });
    extend(server);
    return bridge.server;
  };
}
