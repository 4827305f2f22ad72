/** `nmp_discover`: which nodes there are and what they offer. */
import { z } from 'zod';
import { toHex } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { cleanText } from '../clean-text.ts';
import type { Gateway, SeenCapability } from '../gateway.ts';
import { invoke } from '../invoke.ts';
import { outcomeSchema } from '../outcome.ts';
import { codeOf } from '../refusal.ts';
import type { RegisterTool } from './tool.ts';

/** Nodes asked in one call, and nodes listed. */
const NODES_MAX = 16;
const CAPABILITIES_MAX = 64;
const DESCRIPTION_MAX = 240;

interface Found {
  readonly node: string;
  readonly capabilities: readonly object[];
  readonly code?: string;
}

function summary({ id, description, digest, pin }: SeenCapability): object {
  return {
    capability: cleanText(id, 128),
    description: cleanText(description.description, DESCRIPTION_MAX),
    logic: description.logic === 'client' ? 'you send it (nmp_run_logic)' : 'installed (nmp_call)',
    datasets: description.datasets.map((dataset) => cleanText(dataset.id, 64)),
    digest: toHex(digest),
    pin,
  };
}

async function ask(
  gateway: Gateway,
  node: string,
  query: string,
  signal: AbortSignal,
): Promise<{ found: Found; seen: readonly SeenCapability[] }> {
  try {
    const peer = await gateway.peer(node, signal);
    const seen = (await gateway.capabilities(peer, signal)).filter(
      ({ id, description }) => id.includes(query) || description.description.includes(query),
    );
    return {
      found: { node: peer, capabilities: seen.slice(0, CAPABILITIES_MAX).map(summary) },
      seen,
    };
  } catch (error) {
    // The policy is a matter of the whole call; a node that is away is one of this node.
    if (error instanceof NmpError && error.code === 'ATTESTATION_POLICY_EMPTY') throw error;
    return { found: { node, capabilities: [], code: codeOf(error) }, seen: [] };
  }
}

/** Peers that the mesh names for what is already known; hints, and never dialled here. */
async function others(
  gateway: Gateway,
  seen: readonly SeenCapability[],
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly object[]> {
  const mesh = await gateway.mesh();
  const hints: object[] = [];
  for (const { description, id } of seen) {
    for await (const { peer, addresses } of mesh.discover(description, { signal })) {
      if (known.has(peer)) continue;
      hints.push({
        node: cleanText(peer, 128),
        addresses: addresses.slice(0, 4).map((address) => cleanText(address, 256)),
        capability: cleanText(id, 128),
      });
      if (hints.length >= NODES_MAX) return hints;
    }
  }
  return hints;
}

export const registerDiscover: RegisterTool = ({ server, gateway }) => {
  server.registerTool(
    'nmp_discover',
    {
      title: 'List nodes and capabilities',
      description:
        'Lists the nodes of the confidential mesh and what each offers. Start here. What nodes say ' +
        'about themselves is not attested yet; evidence comes with every result.',
      inputSchema: z.object({
        query: z.string().max(64).optional().describe('Part of a name or description'),
        node: z.string().min(1).max(512).optional().describe('Ask only this node'),
        widen: z
          .boolean()
          .optional()
          .describe('Ask the mesh for further nodes with the same capabilities'),
      }),
      outputSchema: outcomeSchema,
      annotations: { readOnlyHint: true, openWorldHint: true, idempotentHint: true },
    },
    async (args, ctx) =>
      invoke(gateway, ctx, {}, async ({ signal }) => {
        const wanted = args.node === undefined ? gateway.nodes : [args.node];
        const asked = await Promise.all(
          wanted.slice(0, NODES_MAX).map((node) => ask(gateway, node, args.query ?? '', signal)),
        );
        const nodes = asked.map(({ found }) => found);
        const known = new Set(nodes.map(({ node }) => node));
        const seen = asked.flatMap((one) => one.seen);
        const result =
          args.widen === true
            ? { nodes, alsoNamedByTheMesh: await others(gateway, seen, known, signal) }
            : { nodes };
        return { verdict: 'listed', result };
      }),
  );
};
