/** An MCP host for tests: a client of the SDK, in the era asked for. */
import { Client, InMemoryTransport, type Transport } from '@modelcontextprotocol/client';
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

export type Era = '2025-11-25' | '2026-07-28';

const resultSchema = z.object({
  isError: z.boolean().optional(),
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
  structuredContent: z.looseObject({ verdict: z.string() }),
});

/** A result of one of the bridge's tools. */
export type ToolResult = z.output<typeof resultSchema>;

export interface Host {
  readonly client: Client;
  call(name: string, args: Record<string, unknown>, signal?: AbortSignal): Promise<ToolResult>;
  close(): Promise<void>;
}

export interface HostInit {
  readonly era?: Era;
  /** Answers questions of the server; without it the host says that it cannot ask anybody. */
  readonly answer?: (message: string) => { action: 'accept' | 'decline'; accept?: boolean };
}

export async function connectHost(transport: Transport, init: HostInit = {}): Promise<Host> {
  const { era = '2026-07-28', answer } = init;
  const client = new Client(
    { name: 'test-host', version: '1.0.0' },
    {
      capabilities: answer === undefined ? {} : { elicitation: { form: {} } },
      versionNegotiation: { mode: era === '2025-11-25' ? 'legacy' : { pin: era } },
    },
  );
  if (answer !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      const { action, accept } = answer(params.message);
      return { action, ...(accept === undefined ? {} : { content: { accept } }) };
    });
  }
  await client.connect(transport);
  return {
    client,
    async call(name, args, signal) {
      const options = signal === undefined ? {} : { signal };
      return resultSchema.parse(await client.callTool({ name, arguments: args }, options));
    },
    close: async () => client.close(),
  };
}

/** A host of the 2025 era on the other end of a pair of pipes in this process. */
export async function connectInMemory(server: McpServer, init: HostInit = {}): Promise<Host> {
  const [here, there] = InMemoryTransport.createLinkedPair();
  await server.connect(there);
  return connectHost(here, { ...init, era: '2025-11-25' });
}

/** The whole result as the host received it, but for what is random in it. */
export function withoutAuditId(result: ToolResult): string {
  return JSON.stringify(result).replaceAll(/"auditId\\?":\\?"[A-Za-z0-9_-]{22}/g, '"auditId":"');
}
