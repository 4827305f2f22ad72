/** `nmp_job`: the outcome of work started in the background. */
import { z } from 'zod';
import { invoke } from '../invoke.ts';
import { outcomeSchema } from '../outcome.ts';
import type { RegisterTool } from './tool.ts';

const WAIT_SECONDS_MAX = 60;

export const registerJob: RegisterTool = ({ server, gateway }) => {
  server.registerTool(
    'nmp_job',
    {
      title: 'Poll or cancel a job',
      description: 'The outcome of a call made with background: true, or pending; or cancels it.',
      inputSchema: z.object({
        job: z
          .string()
          .regex(/^[A-Za-z0-9_-]{22}$/)
          .describe('The handle'),
        action: z.enum(['poll', 'cancel']).optional().describe('Default: poll'),
        waitSeconds: z
          .int()
          .min(0)
          .max(WAIT_SECONDS_MAX)
          .optional()
          .describe('Wait so long for the outcome; default: 0'),
      }),
      outputSchema: outcomeSchema,
      annotations: { readOnlyHint: true, idempotentHint: true },
    },
    async (args, ctx) =>
      invoke(gateway, ctx, {}, async ({ signal, onStage }) => {
        if (args.action === 'cancel') gateway.jobs.cancel(args.job);
        const waitMs = (args.waitSeconds ?? 0) * 1000;
        const state = await gateway.jobs.poll(
          args.job,
          AbortSignal.any([signal, AbortSignal.timeout(waitMs)]),
        );
        if (state.state === 'finished') return state.outcome;
        onStage(state.stage);
        return { verdict: 'pending', job: args.job };
      }),
  );
};
