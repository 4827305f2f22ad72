/**
 * WebSockets for browsers: the bytes of binary messages go to the enclave's port and back, as the TCP
 * relay's do. Nothing ends here: Noise and the sealed session run inside those bytes. TLS, which pages
 * from https need, is for a proxy in front.
 */
import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import type { ErrorCode } from '../../shared/errors.ts';
import type { Relay, RelayComponents, RelayLimits } from './relay.ts';

/** Longest message, bytes; a client's are those of yamux, 64 KiB at most with their header. */
export const WEBSOCKET_MESSAGE_BYTES_MAX = 1024 * 1024;
const HEADER_BYTES_MAX = 8 * 1024;
/** RFC 6455, section 7.4.1: going away; data of a kind that is not accepted. */
const CLOSE = { goingAway: 1001, unsupported: 1003 } as const;

export interface WebSocketRelayInit {
  readonly limits: RelayLimits;
  /** Origins whose pages may connect, each as browsers send it: `https://app.example`. */
  readonly origins: readonly string[];
}

/** The code stands in the body for whoever debugs; a page sees only that the connection failed. */
function refuse(socket: Duplex, status: number, code: ErrorCode): void {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${code.length}`;
  socket.end(`${head}\r\n\r\n${code}`, () => socket.destroy());
}

/** @throws (start) as the listening socket does */
export function createWebSocketRelay(
  { enclave, metrics }: RelayComponents,
  { limits, origins }: WebSocketRelayInit,
): Relay {
  const open = new Set<WebSocket>();
  const bySource = new Map<string, number>();
  const http = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (_request, response) => {
    response.writeHead(426, { connection: 'close' }).end();
  });
  http.headersTimeout = limits.connectTimeoutMs;
  http.requestTimeout = limits.connectTimeoutMs;
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: WEBSOCKET_MESSAGE_BYTES_MAX,
  });

  const accept = (webSocket: WebSocket, source: string) => {
    open.add(webSocket);
    bySource.set(source, (bySource.get(source) ?? 0) + 1);
    metrics.opened();
    let bytesIn = 0;
    let idle = setTimeout(() => webSocket.terminate(), limits.idleTimeoutMs);
    const alive = () => {
      clearTimeout(idle);
      idle = setTimeout(() => webSocket.terminate(), limits.idleTimeoutMs);
    };
    const inside = enclave.dial();
    const connecting = setTimeout(() => webSocket.terminate(), limits.connectTimeoutMs);
    inside.once('connect', () => clearTimeout(connecting));
    inside.on('error', () => {
      metrics.enclaveUnreachable();
      webSocket.terminate();
    });
    webSocket.on('message', (data: Buffer, isBinary) => {
      bytesIn += data.length;
      alive();
      if (!isBinary) webSocket.close(CLOSE.unsupported);
    });
    inside.on('data', alive);
    const outside = createWebSocketStream(webSocket);
    // The close that follows an error does the work.
    outside.on('error', () => undefined);
    outside.pipe(inside);
    inside.pipe(outside);
    webSocket.once('close', () => {
      clearTimeout(idle);
      clearTimeout(connecting);
      inside.destroySoon();
      open.delete(webSocket);
      const left = (bySource.get(source) ?? 1) - 1;
      if (left > 0) bySource.set(source, left);
      else bySource.delete(source);
      metrics.closed(bytesIn, inside.bytesRead);
    });
  };

  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined);
    const source = request.socket.remoteAddress ?? 'unknown';
    // Without an Origin it is no browser; such a client has the TCP port.
    if (!origins.includes(request.headers.origin ?? '')) {
      metrics.refused();
      refuse(socket, 403, 'WEBSOCKET_ORIGIN');
    } else if (
      open.size >= limits.connections ||
      (bySource.get(source) ?? 0) >= limits.connectionsPerSource
    ) {
      metrics.refused();
      refuse(socket, 503, 'WEBSOCKET_FULL');
    } else {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, source));
    }
  });

  const closed = () => new Promise<void>((resolve) => http.close(() => resolve()));
  return {
    start: ({ host, port }) =>
      new Promise((resolve, reject) => {
        http.once('error', reject);
        http.listen(port, host, () => {
          http.off('error', reject);
          const address = http.address();
          resolve({ port: typeof address === 'object' && address !== null ? address.port : 0 });
        });
      }),
    async drain(timeoutMs) {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      await Promise.race([closed(), late]);
      clearTimeout(timer);
    },
    async stop() {
      for (const webSocket of open) {
        webSocket.close(CLOSE.goingAway);
        webSocket.terminate();
      }
      http.closeAllConnections();
      await closed();
    },
    get open() {
      return open.size;
    },
  };
}
