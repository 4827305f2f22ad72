/**
 * Streamable HTTP for both protocol eras on one address. A browser on this machine can be made to
 * send requests here, so Host and Origin must name this machine before anything is read.
 */
import { createServer, type Server } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  type McpServerFactory,
  originValidationResponse,
  type ServerNotifier,
} from '@modelcontextprotocol/server';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import { createLegacySessions } from './legacy-sessions.ts';

/** Longest request body: a source text of 64 Ki characters, escaped, with arguments beside it. */
export const BODY_BYTES_MAX = 1_048_576;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECTIONS_MAX = 256;
const PATHS: ReadonlySet<string> = new Set(['/', '/mcp']);

export interface HttpInit {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Listen on an address that other machines reach. */
  readonly allowRemote?: boolean;
  /** Host names by which other machines may call, beside those of this one. */
  readonly hostNames?: readonly string[];
}

export interface HttpBridge {
  readonly url: string;
  /** Tells subscribers of the 2026-07-28 era about changed lists. */
  readonly notify: ServerNotifier;
  close(): Promise<void>;
}

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|localhost)$/;

/** @throws NmpError USAGE if the address cannot be listened on, or is not loopback */
export async function startHttp(
  components: {
    readonly clock: Clock;
    /** Ids of sessions of the 2025 era. */
    readonly mintId: () => string;
    readonly onError: (error: Error) => void;
  },
  factory: McpServerFactory,
  init: HttpInit,
): Promise<HttpBridge> {
  const { host, port, allowRemote = false, hostNames = [] } = init;
  if (!allowRemote && !LOOPBACK.test(host)) {
    throw new NmpError('USAGE', 'not a loopback address; add --allow-remote if others shall call');
  }
  const { onError } = components;
  const modern = createMcpHandler(factory, {
    legacy: 'reject',
    maxRequestBodySize: BODY_BYTES_MAX,
    onerror: onError,
  });
  const legacy = createLegacySessions(components, factory, BODY_BYTES_MAX);
  const hosts = [...localhostAllowedHostnames(), ...hostNames];
  const origins = [...localhostAllowedOrigins(), ...hostNames];
  const fetch = async (request: Request): Promise<Response> => {
    const rejected =
      hostHeaderValidationResponse(request, hosts) ?? originValidationResponse(request, origins);
    if (rejected !== undefined) return rejected;
    if (!PATHS.has(new URL(request.url).pathname)) return new Response(null, { status: 404 });
    const old = await isLegacyRequest(request, undefined, { maxRequestBodySize: BODY_BYTES_MAX });
    return old ? legacy.fetch(request) : modern.fetch(request);
  };
  const handle = toNodeHandler({ fetch }, { onerror: onError, maxRequestBodySize: BODY_BYTES_MAX });
  const server = createServer((request, response) => {
    // Node declares `url?: string | undefined`, the adapter `url?: string`.
    void handle(request as Parameters<typeof handle>[0], response);
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, host, port);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/mcp`,
    notify: modern.notify,
    async close() {
      await modern.close();
      await legacy.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new NmpError('USAGE', 'cannot listen on this address', { cause }));
    });
    server.listen(port, host, () => resolve());
  });
}
