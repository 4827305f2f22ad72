/** `nmp_call`: a capability whose module is installed at the node. */
import { z } from 'zod';
import { NmpError } from '../../../shared/errors.ts';
import { invoke } from '../invoke.ts';
import { outcomeSchema } from '../outcome.ts';
import {
  background,
  boundedArguments,
  callArguments,
  capability,
  node,
  proofMode,
  timeoutSeconds,
} from './arguments.ts';
import { callOptions, nowOrLater, release } from './release.ts';
import type { RegisterTool, ToolContext } from './tool.ts';

interface Args {
  readonly node: string;
  readonly capability: string;
  readonly arguments?: unknown;
  readonly proofMode?: string | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly background?: boolean | undefined;
}

/** Calls, checks and releases; also behind the projected tools. */
export function callInstalled({ gateway, approvals }: Omit<ToolContext, 'server'>, args: Args) {
  return (ctx: Parameters<typeof invoke>[1]) =>
    invoke(gateway, ctx, { node: args.node, approvals }, async (outer) => {
      const given = boundedArguments(args.arguments);
      return nowOrLater(gateway, args, outer, async (scope) => {
        const peer = await gateway.peer(args.node, scope.signal);
        const { id, description } = await gateway.capability(peer, args.capability, scope);
        if (description.logic === 'client') throw new NmpError('CALL_CAPABILITY');
        const { moduleHash } = description.logic;
        scope.spend({ logic: moduleHash, capability: `${peer} ${id}` });
        const mesh = await gateway.mesh();
        const answer = await mesh.callTool(peer, id, given, callOptions(scope, args));
        return release(gateway, answer, { peer, capability: id, moduleHash });
      });
    });
}

export const registerCall: RegisterTool = ({ server, gateway, approvals }) => {
  server.registerTool(
    'nmp_call',
    {
      title: 'Call a capability',
      description:
        'Calls a capability whose logic is installed at the node. The result is released only ' +
        'after the enclave and its certificate were verified here; otherwise nothing is.',
      inputSchema: z.object({
        node,
        capability,
        arguments: callArguments,
        proofMode,
        timeoutSeconds,
        background,
      }),
      outputSchema: outcomeSchema,
      annotations: { readOnlyHint: true, openWorldHint: true },
    },
    async (args, ctx) => callInstalled({ gateway, approvals }, args)(ctx),
  );
};
