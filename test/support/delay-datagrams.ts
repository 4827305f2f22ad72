/** A link with delay in front of a UDP port: each datagram leaves `oneWayMs` later, in order. */
import { createSocket, type Socket } from 'node:dgram';

export interface DelayedDatagrams {
  readonly port: number;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

function bound(port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => socket.bind(port, HOST, () => resolve(socket)));
}

export async function delayDatagrams(target: number, oneWayMs: number): Promise<DelayedDatagrams> {
  const outside = await bound();
  const flows = new Map<number, Promise<Socket>>();
  let stopped = false;
  const later = (act: () => void) => setTimeout(() => stopped || act(), oneWayMs);
  const open = async (port: number) => {
    const inside = await bound();
    inside.on('message', (bytes) => later(() => outside.send(bytes, port, HOST)));
    return inside;
  };
  outside.on('message', (bytes, { port }) => {
    const flow = flows.get(port) ?? open(port);
    flows.set(port, flow);
    void flow.then((inside) => later(() => inside.send(bytes, target, HOST)));
  });
  return {
    port: outside.address().port,
    async stop() {
      stopped = true;
      for (const socket of [outside, ...(await Promise.all(flows.values()))]) socket.close();
    },
  };
}
