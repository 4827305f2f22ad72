/**
 * Asks a person, through the MCP host, whether to trust a measurement that the policy does not
 * name. Only what fails nothing but that check is asked about; nothing is ever accepted unasked.
 */
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { AttestationReport } from '../../shared/attestation/report.ts';
import { NmpError } from '../../shared/errors.ts';
import { type Asked, askedSchema } from './approval-codec.ts';
import type { Gateway } from './gateway.ts';

const QUESTION = 'measurement';

const answerSchema = z.object({ accept: z.boolean() });

/** The measurements, if an unknown one is all that speaks against the node. */
function onlyUnknown(report: AttestationReport): Omit<Asked, 'node'> | undefined {
  const failures = report.checks.filter((check) => check.status === 'fail');
  if (failures.length === 0) return undefined;
  if (!failures.every((check) => check.code === 'ATTESTATION_PCR_UNKNOWN')) return undefined;
  const { '0': pcr0, '1': pcr1, '2': pcr2 } = report.document?.pcrs ?? {};
  const parsed = askedSchema.omit({ node: true }).safeParse({ pcr0, pcr1, pcr2 });
  return parsed.success ? parsed.data : undefined;
}

export class Approvals {
  readonly #gateway: Gateway;
  readonly #server: McpServer;

  constructor(gateway: Gateway, server: McpServer) {
    this.#gateway = gateway;
    this.#server = server;
  }

  /** True if the host says that it can ask its user. */
  #canAsk(ctx: ServerContext): boolean {
    const { envelope } = ctx.mcpReq;
    const declared =
      envelope === undefined
        ? this.#server.server.getClientCapabilities()
        : Reflect.get(envelope, CLIENT_CAPABILITIES_META_KEY);
    return z.object({ elicitation: z.looseObject({}) }).safeParse(declared).success;
  }

  /** The question to put, or undefined if there is none or nobody to put it to. */
  async question(
    ctx: ServerContext,
    node: string,
    failure: unknown,
  ): Promise<InputRequiredResult | undefined> {
    if (!(failure instanceof NmpError) || failure.code !== 'ATTESTATION_PCR_UNKNOWN') {
      return undefined;
    }
    // Asked once a call: a second failure after an answer is a refusal.
    if (!this.#canAsk(ctx) || ctx.mcpReq.requestState() !== undefined) return undefined;
    const { signal } = ctx.mcpReq;
    const report = await this.#gateway
      .peer(node, signal)
      .then(async (peer) => this.#gateway.attest(peer, signal))
      .catch(() => undefined);
    const values = report === undefined ? undefined : onlyUnknown(report);
    if (report === undefined || values === undefined) return undefined;
    const asked: Asked = { node, ...values };
    const requestState = await this.#gateway.approvalCodec.mint(asked, ctx);
    return inputRequired({
      requestState,
      inputRequests: {
        [QUESTION]: inputRequired.elicit({
          message: [
            'This enclave is genuine, but your policy does not name its image.',
            report.simulated ? 'SIMULATED: no hardware stands behind it.' : '',
            `PCR0 ${values.pcr0}`,
            `PCR1 ${values.pcr1}`,
            `PCR2 ${values.pcr2}`,
            'Accept it only if these are the measurements that its publisher gave you elsewhere.',
          ]
            .filter((line) => line !== '')
            .join('\n'),
          requestedSchema: {
            type: 'object',
            properties: {
              accept: {
                type: 'boolean',
                title: 'Trust this image from now on',
                default: false,
              },
            },
            required: ['accept'],
          },
        }),
      },
    });
  }

  /** Takes up a person's answer that rides on this request, if it is one about `node`. */
  async take(ctx: ServerContext, node: string): Promise<void> {
    const asked = askedSchema.safeParse(ctx.mcpReq.requestState());
    if (!asked.success || asked.data.node !== node) return;
    const answer = acceptedContent(ctx.mcpReq.inputResponses, QUESTION, answerSchema);
    if (answer?.accept !== true) return;
    const { pcr0, pcr1, pcr2 } = asked.data;
    await this.#gateway.components.trust.approveMeasurement({ pcr0, pcr1, pcr2 });
    await this.#gateway.refreshTrust();
  }
}
