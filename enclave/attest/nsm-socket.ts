/**
 * Frames to and from the NSM's socket, which native/agent serves: a length (u32, big-endian) and
 * that many bytes of the CBOR that the device itself takes and gives. Answers come in the order of
 * the requests.
 */
import { connect, type Socket } from 'node:net';
import { NmpError } from '../../shared/errors.ts';

/** The device's own limits (linux, drivers/misc/nsm.c). */
export const REQUEST_BYTES_MAX = 4096;
export const RESPONSE_BYTES_MAX = 12_288;
const HEAD_BYTES = 4;
const ANSWER_TIMEOUT_MS = 10_000;

interface Waiting {
  readonly resolve: (response: Uint8Array) => void;
  readonly reject: (error: NmpError) => void;
  readonly timer: NodeJS.Timeout;
}

export class NsmSocket {
  readonly #path: string;
  readonly #timeoutMs: number;
  #socket: Socket | undefined;
  #received = Buffer.alloc(0);
  #waiting: Waiting[] = [];

  constructor(path: string, timeoutMs = ANSWER_TIMEOUT_MS) {
    this.#path = path;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws NmpError NSM_INPUT_TOO_LARGE, NSM_UNREACHABLE, NSM_INVALID_RESPONSE */
  request(body: Uint8Array): Promise<Uint8Array> {
    if (body.length === 0 || body.length > REQUEST_BYTES_MAX) {
      return Promise.reject(new NmpError('NSM_INPUT_TOO_LARGE'));
    }
    return new Promise((resolve, reject) => {
      const socket = this.#connected();
      // After one answer too late nobody knows which answer is whose: the connection goes.
      const timer = setTimeout(() => this.#fail(socket, 'NSM_UNREACHABLE'), this.#timeoutMs);
      this.#waiting.push({ resolve, reject, timer });
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32BE(body.length);
      socket.cork();
      socket.write(head);
      socket.write(body);
      socket.uncork();
    });
  }

  close(): void {
    if (this.#socket !== undefined) this.#fail(this.#socket, 'NSM_UNREACHABLE');
  }

  #connected(): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const socket = connect(this.#path);
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => this.#take(socket, chunk));
    socket.on('error', () => this.#fail(socket, 'NSM_UNREACHABLE'));
    socket.on('close', () => this.#fail(socket, 'NSM_UNREACHABLE'));
    return socket;
  }

  #take(socket: Socket, chunk: Buffer): void {
    if (socket !== this.#socket) return;
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= HEAD_BYTES) {
      const length = this.#received.readUInt32BE(0);
      if (length === 0 || length > RESPONSE_BYTES_MAX || this.#waiting.length === 0) {
        this.#fail(socket, 'NSM_INVALID_RESPONSE');
        return;
      }
      if (this.#received.length < HEAD_BYTES + length) return;
      const body = Uint8Array.from(this.#received.subarray(HEAD_BYTES, HEAD_BYTES + length));
      this.#received = this.#received.subarray(HEAD_BYTES + length);
      const waiting = this.#waiting.shift();
      clearTimeout(waiting?.timer);
      waiting?.resolve(body);
    }
  }

  /** Everything under way fails with the connection; the next request makes a new one. */
  #fail(socket: Socket, code: 'NSM_UNREACHABLE' | 'NSM_INVALID_RESPONSE'): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(new NmpError(code));
    }
  }
}
