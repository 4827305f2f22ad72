/** `nmp_verify`: has a node present fresh evidence and judges it here; runs nothing. */
import { z } from 'zod';
import { firstFailure } from '../../../shared/attestation/report.ts';
import { cleanText } from '../clean-text.ts';
import { invoke } from '../invoke.ts';
import { outcomeSchema } from '../outcome.ts';
import { node } from './arguments.ts';
import type { RegisterTool } from './tool.ts';

export const registerVerify: RegisterTool = ({ server, gateway, approvals }) => {
  server.registerTool(
    'nmp_verify',
    {
      title: 'Verify a node',
      description:
        'Asks a node for a fresh attestation document and checks it against your policy: chain, ' +
        'signature, measurements, nonce, age, binding. Nothing is run and nothing is sent to it.',
      inputSchema: z.object({ node }),
      outputSchema: outcomeSchema,
      annotations: { readOnlyHint: true, openWorldHint: true, idempotentHint: true },
    },
    async (args, ctx) =>
      invoke(gateway, ctx, { node: args.node, approvals }, async ({ signal }) => {
        const report = await gateway.attest(await gateway.peer(args.node, signal), signal);
        const failure = firstFailure(report);
        if (failure !== undefined) throw failure;
        return {
          verdict: 'verified',
          result: report.checks.map(({ id, status, expected, actual }) => ({
            check: id,
            status,
            expected: cleanText(expected, 400),
            actual: cleanText(actual, 400),
          })),
          evidence: gateway.evidence.keepReport(report),
        };
      }),
  );
};
