/** Sessions of hosts that speak 2025-11-25 or older: one server each, bounded in number and time. */
import {
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Clock } from '../../shared/runtime.ts';

const SESSIONS_MAX = 64;
/** A session that is not used this long is closed. */
const IDLE_MS = 1_800_000;
const SESSION_HEADER = 'mcp-session-id';

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  lastUsedMs: number;
}

export function createLegacySessions(
  components: { readonly clock: Clock; readonly mintId: () => string },
  factory: McpServerFactory,
  maxRequestBodySize: number,
) {
  const { clock, mintId } = components;
  const sessions = new Map<string, Session>();

  const expire = () => {
    const oldest = clock.monotonicMs() - IDLE_MS;
    for (const [id, session] of sessions) {
      if (session.lastUsedMs <= oldest) {
        sessions.delete(id);
        void session.transport.close();
      }
    }
  };

  /** Serves a request without a session: `initialize` opens one, anything else is refused. */
  const open = async (request: Request): Promise<Response> => {
    if (sessions.size >= SESSIONS_MAX) return new Response(null, { status: 503 });
    let kept = false;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: mintId,
      maxRequestBodySize,
      onsessioninitialized: (id) => {
        kept = true;
        sessions.set(id, { transport, lastUsedMs: clock.monotonicMs() });
      },
      onsessionclosed: (id) => {
        sessions.delete(id);
      },
    });
    const server = await factory({ era: 'legacy', requestInfo: request });
    await server.connect(transport);
    const response = await transport.handleRequest(request);
    if (!kept) await transport.close();
    return response;
  };

  return {
    async fetch(request: Request): Promise<Response> {
      expire();
      const id = request.headers.get(SESSION_HEADER);
      if (id === null) return open(request);
      const session = sessions.get(id);
      // 404 tells the client to open a new session.
      if (session === undefined) return new Response(null, { status: 404 });
      session.lastUsedMs = clock.monotonicMs();
      return session.transport.handleRequest(request);
    },
    async close(): Promise<void> {
      const open = [...sessions.values()];
      sessions.clear();
      await Promise.all(open.map(({ transport }) => transport.close()));
    },
  };
}
