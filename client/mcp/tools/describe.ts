/** `nmp_describe`: all that is needed to call a capability or to write logic for it. */
import { z } from 'zod';
import { toHex } from '../../../shared/bytes.ts';
import { cleanJson, cleanText } from '../clean-text.ts';
import { invoke } from '../invoke.ts';
import { outcomeSchema } from '../outcome.ts';
import { capability, node } from './arguments.ts';
import type { RegisterTool } from './tool.ts';

const TEXT_MAX = 1024;
const SCHEMA_TEXT_MAX = 128;
/** Values of one schema that are shown. */
const SCHEMA_NODES_MAX = 4096;

export const registerDescribe: RegisterTool = ({ server, gateway }) => {
  server.registerTool(
    'nmp_describe',
    {
      title: 'Describe a capability',
      description:
        'Datasets and columns, input and output schema, limits and proof modes of one capability. ' +
        'Read it before nmp_call, and before writing logic for nmp_run_logic.',
      inputSchema: z.object({ node, capability }),
      outputSchema: outcomeSchema,
      annotations: { readOnlyHint: true, openWorldHint: true, idempotentHint: true },
    },
    async (args, ctx) =>
      invoke(gateway, ctx, { node: args.node }, async ({ signal }) => {
        const peer = await gateway.peer(args.node, signal);
        const { id, description, digest, pin } = await gateway.capability(peer, args.capability, {
          signal,
          changed: true,
        });
        const schema = (value: unknown) => cleanJson(value, SCHEMA_TEXT_MAX, SCHEMA_NODES_MAX);
        return {
          verdict: 'listed',
          result: {
            node: peer,
            capability: cleanText(id, 128),
            description: cleanText(description.description, TEXT_MAX),
            logic: description.logic === 'client' ? 'client' : description.logic.moduleHash,
            datasets: cleanJson(description.datasets, 64, SCHEMA_NODES_MAX),
            input: schema(description.input),
            output: schema(description.output),
            limits: description.limits,
            proofModes: description.proofModes.map((mode) => cleanText(mode, 32)),
            egressPolicy: description.egressPolicy,
            digest: toHex(digest),
            pin,
          },
        };
      }),
  );
};
