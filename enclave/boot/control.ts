/** The node's end of the control channel. A parent that starts anew is found again. */
import { connect, type Socket } from 'node:net';
import {
  type ControlHello,
  ControlLines,
  type ControlReport,
  encodeControlLine,
  parseControlHello,
} from '../../shared/wire/control.ts';

export interface ControlInit {
  /** The agent's socket, which leads to the parent. */
  readonly path: string;
  readonly retryMs: number;
}

export class Control {
  /** What the parent says first. */
  readonly hello: Promise<ControlHello>;
  readonly #init: ControlInit;
  #resolve: (hello: ControlHello) => void = () => undefined;
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #report: ControlReport | undefined;
  #closed = false;

  constructor(init: ControlInit) {
    this.#init = init;
    this.hello = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#connect();
  }

  /** Says it now, and again to every parent that comes later. */
  report(report: ControlReport): void {
    this.#report = report;
    this.#socket?.write(encodeControlLine(report));
  }

  /** Ends the channel when what was said is out. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const socket = this.#socket;
    if (socket === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.destroySoon();
    });
  }

  #connect(): void {
    const lines = new ControlLines();
    const socket = connect(this.#init.path);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) this.#greeted(socket, parseControlHello(line));
      } catch {
        // A parent that does not speak the protocol is left and tried again.
        socket.destroy();
      }
    });
    // The close that follows does the work.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), this.#init.retryMs);
    });
  }

  #greeted(socket: Socket, hello: ControlHello): void {
    this.#socket = socket;
    if (this.#report !== undefined) socket.write(encodeControlLine(this.#report));
    this.#resolve(hello);
  }
}
