/** Data nodes of the mesh on loopback, each behind a relay and a dial proxy of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { unixEnclaveSocket } from '../../enclave/mesh/enclave-socket.ts';
import { createMeshNode, type MeshNode, type MeshReach } from '../../enclave/mesh/mesh-node.ts';
import { createDialProxy } from '../../parent/dial-proxy/dial-proxy.ts';
import { RelayMetrics } from '../../parent/metrics/relay-metrics.ts';
import { createRelay } from '../../parent/relay/relay.ts';
import { type IpRange, parseIpRange } from '../../shared/policy/ip-range.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';

export interface LoopbackNode {
  readonly mesh: MeshNode;
  readonly address: string;
  stop(): Promise<void>;
}

export function ranges(...texts: readonly string[]): IpRange[] {
  return texts.map(parseIpRange).filter((range) => range !== undefined);
}

export async function startMeshNode(
  bootstrap: readonly string[],
  allowed: readonly IpRange[] = ranges('127.0.0.0/8'),
  init: Pick<MeshReach, 'exchange'> & { readonly host?: string } = {},
): Promise<LoopbackNode> {
  const { host = '127.0.0.1', ...exchange } = init;
  const folder = mkdtempSync(join(tmpdir(), 'nmp-mesh-'));
  const socket = unixEnclaveSocket(folder, true);
  const dial = () => connect({ path: socket.meshPath, allowHalfOpen: true });
  const relay = createRelay({ enclave: { dial }, metrics: new RelayMetrics() });
  const { port } = await relay.start({ host, port: 0 });
  const proxy = createDialProxy();
  await proxy.start(socket.dialPath ?? '');
  const announce = `/ip4/${host}/tcp/${port}`;
  const mesh = await createMeshNode(
    { clock: systemClock, random: systemRandom, socket },
    {
      privateKey: await generateKeyPair('Ed25519'),
      announce: [announce],
      maxConnections: 200,
      mesh: { bootstrap, ranges: allowed, ...exchange },
    },
  );
  return {
    mesh,
    address: `${announce}/p2p/${mesh.peerId}`,
    async stop() {
      await mesh.stop();
      await proxy.stop();
      await relay.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
