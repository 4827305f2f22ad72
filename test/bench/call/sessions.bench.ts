/** A small call of one client while others hold attested sessions with the same node open. */
import type { NmpClient } from '../../../client/nmp-client.ts';
import { startLocal } from '../../support/local-node.ts';
import { constantModule } from '../../support/modules.ts';
import { SMALL_CAPABILITY } from '../../support/small-capability.ts';
import type { Curve } from '../row.ts';

const SESSIONS = [1, 25, 50, 100, 200];
const CALLS = 60;

export async function growth(): Promise<Curve> {
  const node = await startLocal(SMALL_CAPABILITY);
  const request = { module: constantModule('{"n":7}'), args: {}, capability: 'small' };
  const clients: NmpClient[] = [];
  const points: (readonly [number, number])[] = [];
  for (const sessions of SESSIONS) {
    while (clients.length < sessions) {
      const client = node.client();
      await client.run(await client.connect(node.parent.address), request);
      clients.push(client);
    }
    const [first] = clients;
    if (first === undefined) throw new Error('no client');
    const peer = await first.connect(node.parent.address);
    const times: number[] = [];
    for (let call = 0; call < CALLS; call++) {
      const started = performance.now();
      await first.run(peer, request);
      times.push(performance.now() - started);
    }
    points.push([sessions, times.sort((a, b) => a - b)[CALLS >> 1] ?? Number.NaN]);
  }
  await Promise.all(clients.map((client) => client.close()));
  await node.stop();
  return {
    area: 'call',
    id: 'sessions',
    title: 'Small call, by attested sessions that are open',
    x: 'sessions of other clients and its own',
    y: 'ms',
    points,
  };
}
