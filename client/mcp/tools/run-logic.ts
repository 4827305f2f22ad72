/** `nmp_run_logic`: sends logic to the data. */
import { z } from 'zod';
import { type ErrorCode, NmpError } from '../../../shared/errors.ts';
import type { GuestAbi, RunRequest } from '../../nmp-client.ts';
import { cleanText } from '../clean-text.ts';
import type { Gateway } from '../gateway.ts';
import { invoke } from '../invoke.ts';
import { type Outcome, outcomeSchema } from '../outcome.ts';
import { codeOf } from '../refusal.ts';
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
import type { RegisterTool } from './tool.ts';

/** Longest source text taken, characters. */
const SOURCE_CHARS_MAX = 65_536;
/** Longest module taken, as the node's own limit. */
const MODULE_BYTES_MAX = 10 * 1024 * 1024;
const DIAGNOSTICS_MAX = 4000;

interface Logic {
  readonly source?: string | undefined;
  readonly file?: string | undefined;
  readonly moduleHash?: string | undefined;
  readonly abi?: GuestAbi | undefined;
}

/** A text is JavaScript if the caller, or the name of its file, says so. */
const abiOf = ({ abi, file }: Logic): GuestAbi =>
  abi ?? (file?.endsWith('.js') === true ? 'javascript' : 'pure');

/** @throws NmpError LOGIC_SOURCE, BUILD_FAILED */
async function moduleOf(gateway: Gateway, logic: Logic): Promise<Uint8Array> {
  const { source, file, moduleHash } = logic;
  if ([source, file, moduleHash].filter((way) => way !== undefined).length !== 1) {
    throw new NmpError('LOGIC_SOURCE');
  }
  const { compile, readLogic } = gateway.components;
  let module: Uint8Array | undefined;
  if (source !== undefined) {
    const language = abiOf(logic) === 'javascript' ? 'javascript' : 'assemblyscript';
    module = await compile(source, language);
  } else if (file !== undefined) module = await readLogic(file);
  else module = gateway.module(moduleHash ?? '');
  if (module === undefined || module.length > MODULE_BYTES_MAX) throw new NmpError('LOGIC_SOURCE');
  return module;
}

const COMPILER: ReadonlySet<ErrorCode> = new Set(['BUILD_FAILED']);

/** The compiler speaks of the author's own text and has seen no data: its words may be shown. */
function diagnosed(error: unknown): Outcome | undefined {
  if (!(error instanceof NmpError) || !COMPILER.has(error.code)) return undefined;
  const lines = error.message.split('\n').map((line) => cleanText(line, 400));
  return {
    verdict: 'invalid',
    stage: error.stage,
    code: codeOf(error),
    retryable: false,
    hint: error.remedy,
    diagnostics: lines.join('\n').slice(0, DIAGNOSTICS_MAX),
  };
}

const datasets = z
  .array(
    z.object({
      id: z.string().min(1).max(64),
      columns: z.array(z.string().min(1).max(64)).max(256).optional(),
    }),
  )
  .max(16)
  .optional()
  .describe('Datasets and columns to be seen; default: all that the capability grants');

export const registerRunLogic: RegisterTool = ({ server, gateway, approvals }) => {
  server.registerTool(
    'nmp_run_logic',
    {
      title: 'Send logic to the data',
      description:
        'Runs logic of yours beside the records, inside the enclave, under the rules of a ' +
        'capability. Give AssemblyScript as source (prompt write-logic shows how), plain JavaScript ' +
        'with abi javascript, a .wasm, .ts or .js file, or the hash of logic run before. Only an answer that fits the output schema and ' +
        'passes the egress filter comes back; anything else gives one and the same refusal.',
      inputSchema: z.object({
        node,
        capability,
        source: z
          .string()
          .min(1)
          .max(SOURCE_CHARS_MAX)
          .optional()
          .describe('AssemblyScript; with abi javascript: plain JavaScript'),
        file: z
          .string()
          .min(1)
          .max(1024)
          .optional()
          .describe('A .wasm, .ts or .js file in the folder that the bridge was started with'),
        moduleHash: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional()
          .describe('SHA-256 of a module that this bridge ran before'),
        arguments: callArguments,
        datasets,
        abi: z
          .enum(['pure', 'wasi-p1', 'wasi-p2', 'component', 'javascript'])
          .optional()
          .describe(
            'javascript: source, or the logic of moduleHash, is plain JavaScript (default for .js); the others are for .wasm files; default: pure',
          ),
        proofMode,
        timeoutSeconds,
        background,
      }),
      outputSchema: outcomeSchema,
      annotations: { readOnlyHint: true, openWorldHint: true },
    },
    async (args, ctx) =>
      invoke(gateway, ctx, { node: args.node, approvals }, async (outer) => {
        const given = boundedArguments(args.arguments);
        let module: Uint8Array;
        try {
          module = await moduleOf(gateway, args);
        } catch (error) {
          const outcome = diagnosed(error);
          if (outcome !== undefined) return outcome;
          throw error;
        }
        const moduleHash = gateway.keepModule(module);
        return nowOrLater(gateway, args, outer, async (scope) => {
          const peer = await gateway.peer(args.node, scope.signal);
          const { id, description } = await gateway.capability(peer, args.capability, scope);
          if (description.logic !== 'client') throw new NmpError('CALL_CAPABILITY');
          scope.spend({ logic: moduleHash, capability: `${peer} ${id}` });
          const request: RunRequest = {
            module,
            args: given,
            capability: id,
            abi: abiOf(args),
            ...(args.datasets === undefined
              ? {}
              : {
                  datasets: args.datasets.map(({ id: dataset, columns }) =>
                    columns === undefined ? { id: dataset } : { id: dataset, columns },
                  ),
                }),
          };
          const mesh = await gateway.mesh();
          const answer = await mesh.run(peer, request, callOptions(scope, args));
          return release(gateway, answer, { peer, capability: id, moduleHash });
        });
      }),
  );
};
