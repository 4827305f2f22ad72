/** One tool call: limits, progress, cancellation, and one place where failures become refusals. */
import type {
  CallToolResult,
  InputRequiredResult,
  ServerContext,
} from '@modelcontextprotocol/server';
import { NmpError } from '../../shared/errors.ts';
import type { Approvals } from './approvals.ts';
import type { Spender } from './block-budget.ts';
import type { Gateway } from './gateway.ts';
import { type ToolOutcome, toResult } from './outcome.ts';

/** Longest that a call may be asked to wait for. */
export const TIMEOUT_SECONDS_MAX = 3600;
export const TIMEOUT_SECONDS = 60;

/** What a tool's work is given. */
export interface CallScope {
  readonly signal: AbortSignal;
  /** Reports progress; numbers and fixed words only. */
  readonly onStage: (stage: number) => void;
  /** Names whose budget a block counts against, once it is known. */
  spend(spender: Spender): void;
}

export type Work = (scope: CallScope) => Promise<ToolOutcome>;

function progressOf(ctx: ServerContext): (stage: number) => void {
  const token = ctx.mcpReq._meta?.progressToken;
  if (token === undefined) return () => undefined;
  let progress = 0;
  return (stage) => {
    progress += 1;
    ctx.mcpReq
      .notify({
        method: 'notifications/progress',
        params: {
          progressToken: token,
          progress,
          message: stage === 0 ? 'asking the node' : `the node is at work, stage ${stage}`,
        },
      })
      .catch(() => undefined);
  };
}

/** Runs `work` to an outcome; a failure becomes the refusal that the host may see. */
export async function settle(
  gateway: Gateway,
  scope: Omit<CallScope, 'spend'>,
  node: string | undefined,
  work: Work,
  onError?: (error: unknown) => void,
): Promise<ToolOutcome> {
  const startedMs = gateway.components.clock.monotonicMs();
  let spender: Spender | undefined;
  try {
    return await work({
      ...scope,
      spend(names) {
        spender = names;
        gateway.assertBudget(names);
      },
    });
  } catch (error) {
    onError?.(error);
    const seen = scope.signal.aborted ? abortError(scope.signal, error) : error;
    return gateway.refuse(seen, {
      startedMs,
      ...(spender === undefined ? {} : { spender }),
      ...(node === undefined ? {} : { node }),
    });
  }
}

/** A call that the host gave up says so, unless it had failed otherwise. */
function abortError(signal: AbortSignal, error: unknown): unknown {
  if (error instanceof NmpError && error.code !== 'TIMEOUT') return error;
  return signal.reason instanceof NmpError ? signal.reason : new NmpError('INTERRUPTED');
}

export interface InvokeOptions {
  readonly node?: string;
  /** Asks a person about an unknown measurement; absent for tools that attest nothing. */
  readonly approvals?: Approvals;
}

/** Runs a tool's work for one request. */
export async function invoke(
  gateway: Gateway,
  ctx: ServerContext,
  options: InvokeOptions,
  work: Work,
): Promise<CallToolResult | InputRequiredResult> {
  const { node, approvals } = options;
  const onStage = progressOf(ctx);
  let failure: unknown;
  const outcome = await settle(
    gateway,
    { signal: ctx.mcpReq.signal, onStage },
    node,
    async (scope) => {
      if (node !== undefined) await approvals?.take(ctx, node);
      onStage(0);
      return work(scope);
    },
    (error) => {
      failure = error;
    },
  );
  if (node !== undefined && approvals !== undefined) {
    const question = await approvals.question(ctx, node, failure);
    if (question !== undefined) return question;
  }
  return toResult(outcome);
}
