/**
 * The node statement: who a node is and what rules it keeps, in canonical CBOR. It travels in M2,
 * is part of the transcript that the attestation document binds, and its SHA-384 is extended into
 * PCR16 before the PCRs are locked.
 */
import { NmpError } from '../errors.ts';
import { CborFields, decodeCbor, encodeCbor, uint } from '../wire/cbor.ts';
import { STATEMENT_BYTES_MAX } from '../wire/constants.ts';

export interface DatasetClaim {
  readonly id: string;
  readonly rows: number;
  readonly columns: readonly string[];
  /** Merkle root of docs/protocol.md, Dataset commitment; 32 bytes. */
  readonly commitment: Uint8Array;
}

export interface CapabilityClaim {
  /** `name@major.minor.patch`. */
  readonly id: string;
  /** SHA-256 of the canonical capability: schemas, grants, limits, egress policy, proof modes. */
  readonly digest: Uint8Array;
}

export interface NodeStatement {
  readonly version: 1;
  /** Peer ID, base58btc or CIDv1 text as libp2p prints it. */
  readonly peerId: string;
  /** Ed25519 public key that signs execution certificates, 32 bytes. */
  readonly certificateKey: Uint8Array;
  /** Name of the engine's deterministic profile. */
  readonly profile: string;
  /** Release of the software, e.g. `0.1.0`. */
  readonly release: string;
  /** SHA-256 of the guardian's policy. */
  readonly guardianPolicy: Uint8Array;
  /** True if attestation documents come from a simulated NSM. */
  readonly simulated: boolean;
  readonly datasets: readonly DatasetClaim[];
  readonly capabilities: readonly CapabilityClaim[];
}

export function encodeNodeStatement(statement: NodeStatement): Uint8Array {
  return encodeCbor(
    new Map<string, Parameters<typeof encodeCbor>[0]>([
      ['version', statement.version],
      ['peerId', statement.peerId],
      ['certificateKey', statement.certificateKey],
      ['profile', statement.profile],
      ['release', statement.release],
      ['guardianPolicy', statement.guardianPolicy],
      ['simulated', statement.simulated],
      [
        'datasets',
        statement.datasets.map(
          (d) =>
            new Map<string, Parameters<typeof encodeCbor>[0]>([
              ['id', d.id],
              ['rows', uint(d.rows)],
              ['columns', [...d.columns]],
              ['commitment', d.commitment],
            ]),
        ),
      ],
      [
        'capabilities',
        statement.capabilities.map(
          (c) =>
            new Map<string, Parameters<typeof encodeCbor>[0]>([
              ['id', c.id],
              ['digest', c.digest],
            ]),
        ),
      ],
    ]),
  );
}

function textArray(values: readonly unknown[]): readonly string[] {
  return values.map((value) => new CborFields(new Map([['v', value]]), 1).text('v', 256));
}

/** @throws NmpError FRAME_SIZE, FRAME_MALFORMED */
export function decodeNodeStatement(bytes: Uint8Array): NodeStatement {
  const fields = new CborFields(decodeCbor(bytes, STATEMENT_BYTES_MAX), 9);
  const version = fields.uint('version');
  const statement = {
    version: 1 as const,
    peerId: fields.text('peerId', 128),
    certificateKey: fields.bytes('certificateKey', 32),
    profile: fields.text('profile', 64),
    release: fields.text('release', 64),
    guardianPolicy: fields.bytes('guardianPolicy', 32),
    simulated: fields.boolean('simulated'),
    datasets: fields.array('datasets', 256).map((value) => {
      const dataset = new CborFields(value, 4);
      return {
        id: dataset.text('id', 128),
        rows: Number(dataset.uint('rows')),
        columns: textArray(dataset.array('columns', 1024)),
        commitment: dataset.bytes('commitment', 32),
      };
    }),
    capabilities: fields.array('capabilities', 256).map((value) => {
      const capability = new CborFields(value, 2);
      return { id: capability.text('id', 192), digest: capability.bytes('digest', 32) };
    }),
  };
  if (version !== 1n) throw new NmpError('FRAME_MALFORMED');
  return statement;
}
