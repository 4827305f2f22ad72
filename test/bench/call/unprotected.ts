/**
 * What one would build without any of this: a module sent over node:tls 1.3, run by V8 in a process
 * of its own and answered. Nothing is attested, judged, metered, capped, filtered or certified.
 * Frames are a length (u32 little endian) and that many bytes.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';

const SERVER = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';
import { createHash } from 'node:crypto';
const [key, cert] = process.argv.slice(1).map((file) => readFileSync(file));
const compiled = new Map();
const run = (bytes) => {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const module = compiled.get(hash) ?? new WebAssembly.Module(bytes);
  compiled.set(hash, module);
  const { memory, nmp_alloc, nmp_run } = new WebAssembly.Instance(module).exports;
  const packed = BigInt.asUintN(64, nmp_run(nmp_alloc(0), 0));
  return Buffer.from(memory.buffer, Number(packed >> 32n), Number(packed & 0xffffffffn));
};
const server = createServer({ key, cert, minVersion: 'TLSv1.3', noDelay: true }, (socket) => {
  let held = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (part) => {
    held = Buffer.concat([held, part]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32LE()) {
      const end = 4 + held.readUInt32LE();
      const answer = run(held.subarray(4, end));
      held = held.subarray(end);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

export interface Unprotected {
  /** Sends the module and waits for its answer. */
  call(module: Uint8Array): Promise<Uint8Array>;
  stop(): void;
}

export async function startUnprotected(): Promise<Unprotected> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', ...options, ...subject, ...files], { stdio: 'ignore' });
  const server = spawn(process.execPath, ['--input-type=module', '-e', SERVER, key, cert], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  const ca = readFileSync(cert);
  rmSync(folder, { recursive: true });
  const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' });
  socket.setNoDelay(true);
  await new Promise((resolve, reject) =>
    socket.once('secureConnect', resolve).once('error', reject),
  );
  let held = Buffer.alloc(0);
  let waiting: ((answer: Uint8Array) => void) | undefined;
  socket.on('data', (part) => {
    held = Buffer.concat([held, part]);
    if (held.length < 4 || held.length < 4 + held.readUInt32LE()) return;
    waiting?.(held.subarray(4, 4 + held.readUInt32LE()));
    held = held.subarray(4 + held.readUInt32LE());
  });
  return {
    call(module) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(module.length);
      return new Promise((resolve) => {
        waiting = resolve;
        socket.write(Buffer.concat([length, module]));
      });
    },
    stop() {
      socket.destroy();
      server.kill();
    },
  };
}
