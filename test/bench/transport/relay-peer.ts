/** Child processes of relay.bench.ts. Usage: relay-peer.ts sink PATH | relay-peer.ts relay PATH */
import { connect, createServer } from 'node:net';
import { RelayMetrics } from '../../../parent/metrics/relay-metrics.ts';
import { createRelay } from '../../../parent/relay/relay.ts';

const [role, path = ''] = process.argv.slice(2);

if (role === 'sink') {
  // Echoes short messages; of long ones it tells, at the end, that all has come.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => bytes.length <= 256 && socket.write(bytes));
    socket.on('end', () => socket.end('.'));
  });
  server.listen(path, () => process.send?.({ port: 0 }));
} else {
  const dial = () => connect({ path, allowHalfOpen: true });
  const relay = createRelay({ enclave: { dial }, metrics: new RelayMetrics() });
  relay.start({ host: '127.0.0.1', port: 0 }).then((address) => process.send?.(address));
}
process.once('disconnect', () => process.exit(0));
