/** The parent's end of the control channel: greets every enclave that connects, hears its reports. */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import {
  type ControlHello,
  ControlLines,
  type ControlReport,
  encodeControlLine,
  parseControlReport,
  type RoleCredentials,
} from '../../shared/wire/control.ts';

export interface ControlServerInit {
  /** Unix socket to listen on. */
  readonly path: string;
  readonly announce: () => readonly string[];
  /** Asked for every enclave that connects, so that they are fresh; without them it is greeted, too. */
  readonly credentials?: undefined | (() => Promise<RoleCredentials>);
  /** Default: a node. */
  readonly role?: ControlHello['role'];
  readonly onReport: (report: ControlReport) => void;
}

/** One enclave reconnects and its agent reports apart from its node: a few, never many. */
const CONNECTIONS_MAX = 8;

export class ControlServer {
  readonly #init: ControlServerInit;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(init: ControlServerInit) {
    this.#init = init;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  listen(): Promise<void> {
    rmSync(this.#init.path, { force: true });
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#init.path, () => resolve());
    });
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #greet(socket: Socket): Promise<void> {
    const credentials = await this.#init.credentials?.().catch(() => undefined);
    const announce = [...this.#init.announce()];
    const { role } = this.#init;
    const said = { ...(credentials && { credentials }), ...(role && { role }) };
    const hello = { version: 1, announce, ...said } as const;
    if (!socket.destroyed) socket.write(encodeControlLine(hello));
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#sockets.size >= CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const lines = new ControlLines();
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) this.#init.onReport(parseControlReport(line));
      } catch {
        // An enclave that does not speak the protocol is not listened to.
        socket.destroy();
      }
    });
    void this.#greet(socket);
  }
}
