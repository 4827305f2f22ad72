/** Answers the boot heartbeat where no nitro-cli does: echoes one byte 0xB7. */
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

const BEAT = 0xb7;

export class HeartbeatServer {
  readonly #path: string;
  readonly #server: Server;

  constructor(path: string, onBeat: () => void) {
    this.#path = path;
    this.#server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (chunk: Buffer) => {
        if (chunk.length !== 1 || chunk[0] !== BEAT) {
          socket.destroy();
          return;
        }
        onBeat();
        socket.end(chunk);
      });
    });
  }

  listen(): Promise<void> {
    rmSync(this.#path, { force: true });
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#path, () => resolve());
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
