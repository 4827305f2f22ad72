/**
 * A data node: binds its statement to the NSM, joins the mesh, serves handshakes and calls.
 * Everything it needs is handed to it; `enclave/main.ts` chooses.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection, Ed25519PrivateKey, Stream } from '@libp2p/interface';
import { encodeNodeStatement, type NodeStatement } from '../../shared/attestation/statement.ts';
import { NmpError } from '../../shared/errors.ts';
import { capabilityKey } from '../../shared/wire/capability-key.ts';
import { PROTOCOL } from '../../shared/wire/constants.ts';
import { type FrameChannel, libp2pFrames } from '../../shared/wire/frames.ts';
import { signNodeRecord } from '../../shared/wire/node-record.ts';
import { refusedFrame } from '../../shared/wire/records.ts';
import { bindStatement } from '../attest/bind-statement.ts';
import type { EnclaveSocket } from '../mesh/enclave-socket.ts';
import { createMeshNode, type MeshNode, type MeshReach } from '../mesh/mesh-node.ts';
import type { ElicitInit, RemotePeer } from '../session/elicit.ts';
import { type ServeComponents, serveCall, serveElicit } from '../session/serve.ts';
import { Watchdogs } from '../session/watchdogs.ts';
import type { Capability } from './capability.ts';
import { serveRecord } from './describe.ts';
import { createPipeline, type PipelineComponents } from './pipeline.ts';

export interface NodeComponents
  extends Omit<ServeComponents, 'calls' | 'watchdogs'>,
    Omit<PipelineComponents, 'suite' | 'sleep'> {
  readonly socket: EnclaveSocket;
}

export interface NodeInit {
  readonly privateKey: Ed25519PrivateKey;
  /** Ed25519 key of execution certificates, 32 bytes. */
  readonly certificateKey: Uint8Array;
  readonly capabilities: readonly Capability[];
  readonly guardianPolicy: Uint8Array;
  readonly release: string;
  readonly announce: readonly string[];
  /** Answers over QUIC, too. */
  readonly quic?: boolean;
  readonly maxConnections: number;
  readonly mesh?: MeshReach;
}

export interface DataNode {
  readonly peerId: string;
  readonly statement: NodeStatement;
  stop(): Promise<void>;
}

/** A node record is valid this long; it is signed anew at half of it. */
const RECORD_VALID_MS = 60 * 60_000;

async function statementOf(
  { nsm, engine, datasets }: NodeComponents,
  init: NodeInit,
  peerId: string,
): Promise<NodeStatement> {
  return {
    version: 1,
    peerId,
    certificateKey: init.certificateKey,
    profile: engine.describe().profile,
    release: init.release,
    guardianPolicy: init.guardianPolicy,
    simulated: (await nsm.describe()).simulated,
    datasets: datasets.list().map((dataset) => ({
      id: dataset.id,
      rows: dataset.rows,
      columns: dataset.columns.map((column) => column.name),
      commitment: dataset.commitment,
    })),
    capabilities: init.capabilities.map(({ id, digest }) => ({ id, digest })),
  };
}

/** Wraps a handler: a coded failure before the stream has keys is told to the peer. */
export function streamHandler(
  serve: (peer: RemotePeer, frames: FrameChannel, signal: AbortSignal) => Promise<void>,
  shutdown: AbortSignal,
): (stream: Stream, connection: Connection) => Promise<void> {
  return async (stream, connection) => {
    const frames = libp2pFrames(stream);
    const ended = new AbortController();
    const onClose = () => ended.abort(new NmpError('CONNECTION_LOST'));
    const onShutdown = () => ended.abort(shutdown.reason);
    stream.addEventListener('close', onClose, { once: true });
    shutdown.addEventListener('abort', onShutdown, { once: true });
    if (shutdown.aborted) onShutdown();
    try {
      const peer = {
        id: connection.remotePeer.toString(),
        multihash: connection.remotePeer.toMultihash().bytes,
      };
      await serve(peer, frames, ended.signal);
    } catch (cause) {
      const error = cause instanceof NmpError ? cause : new NmpError('INTERNAL');
      await frames.write(refusedFrame(error.code)).catch(() => undefined);
      await frames.close().catch(() => undefined);
      frames.abort(error);
    } finally {
      stream.removeEventListener('close', onClose);
      shutdown.removeEventListener('abort', onShutdown);
    }
  };
}

export async function createNode(components: NodeComponents, init: NodeInit): Promise<DataNode> {
  const shutdown = new AbortController();
  const mesh: MeshNode = await createMeshNode(components, init);
  const peerId = mesh.peerId.toString();
  const statement = await statementOf(components, init, peerId);
  const statementBytes = encodeNodeStatement(statement);
  await bindStatement(components.nsm, components.suite.sha384(statementBytes));

  const elicitInit: ElicitInit = {
    statement: statementBytes,
    nodePeerId: mesh.peerId.toMultihash().bytes,
  };
  const { simulated } = statement;
  const sleep = (ms: number, until: AbortSignal) => pause(ms, undefined, { signal: until });
  const { capabilities } = init;
  const calls = createPipeline({ ...components, sleep }, { capabilities, simulated });
  const watchdogs = new Watchdogs({ ...components, calls, sleep });
  const serving = { ...components, calls, watchdogs };
  const { signal } = shutdown;

  let record = new Uint8Array(0);
  let recordFrom = Number.NEGATIVE_INFINITY;
  const currentRecord = async () => {
    const now = components.clock.nowMs();
    if (now - recordFrom >= RECORD_VALID_MS / 2) {
      recordFrom = now;
      record = Uint8Array.from(
        await signNodeRecord(
          {
            peerId,
            issuedAtMs: BigInt(now),
            expiresAtMs: BigInt(now + RECORD_VALID_MS),
            addresses: init.announce,
            capabilities: init.capabilities.map((capability) => capability.description),
          },
          async (message) => init.privateKey.sign(message),
        ),
      );
    }
    return record;
  };

  await mesh.handle(
    PROTOCOL.elicit,
    streamHandler((peer, frames, s) => serveElicit(serving, elicitInit, peer, frames, s), signal),
  );
  await mesh.handle(
    PROTOCOL.call,
    streamHandler((peer, frames, s) => serveCall(serving, peer, frames, s), signal),
  );
  await mesh.handle(
    PROTOCOL.describe,
    streamHandler(
      async (_peer, frames, s) => serveRecord(await currentRecord(), frames, s),
      signal,
    ),
  );
  mesh.keepProviding(
    init.capabilities.map(({ description }) => capabilityKey(components.suite, description)),
    signal,
  );
  return {
    peerId,
    statement,
    async stop() {
      shutdown.abort(new NmpError('CONNECTION_LOST'));
      components.sessions.clear();
      await mesh.stop();
      components.proofs?.stop();
      await components.engine.stop();
      await components.nsm.close();
    },
  };
}
