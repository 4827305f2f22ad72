/**
 * The schema of `nmp.node.json`: what a data owner declares about a node. Strict everywhere: a key
 * that is not known is an error, so that a misspelt rule cannot be a rule that is not kept.
 * docs/schemas/nmp.node.schema.json is written from it (scripts/data/node-schema.ts).
 */
import { z } from 'zod';
import { egressPolicySchema } from './egress-policy.ts';
import { parseIpRange } from './ip-range.ts';
import { valueSchema } from './node-config-value.ts';

/** The sandbox's ceiling for a guest, bytes; 800 WebAssembly pages. */
export const MEMORY_BYTES_MAX = 50 * 1024 * 1024;
/** Longest module accepted, bytes. */
export const MODULE_BYTES_MAX = 10 * 1024 * 1024;
/** Most columns of one dataset. */
export const COLUMNS_MAX = 256;

const MULTIADDR_MAX = 256;
const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .describe('Lower-case letters, digits, dot, underscore, hyphen; at most 64 characters.');
const columnName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/)
  .describe('Letters, digits, underscore; at most 64 characters.');
const filePath = z.string().min(1).max(4096).describe('Relative to the folder of this file.');
const fhirPath = z
  .string()
  .min(1)
  .max(1024)
  .describe('An expression of the FHIRPath subset in docs/write-logic.md.');

export const cellType = z.enum(['utf8', 'int32', 'float64', 'bool']);

const sourceColumn = z.strictObject({
  name: columnName,
  from: z
    .string()
    .min(1)
    .max(256)
    .exactOptional()
    .describe('CSV header, or NDJSON members joined by dots; default: the name.'),
  type: cellType,
});

const viewColumn = z.strictObject({
  name: columnName,
  path: fhirPath,
  type: z
    .enum([
      'base64Binary',
      'boolean',
      'canonical',
      'code',
      'date',
      'dateTime',
      'decimal',
      'id',
      'instant',
      'integer',
      'markdown',
      'oid',
      'positiveInt',
      'string',
      'time',
      'unsignedInt',
      'uri',
      'url',
      'uuid',
    ])
    .describe('FHIR primitive; boolean, the integers and decimal become Bool, Int32, Float64.'),
  description: z.string().max(1024).exactOptional(),
});

export const viewDefinition = z
  .strictObject({
    resource: z.string().regex(/^[A-Z][A-Za-z]{0,63}$/),
    select: z
      .array(z.strictObject({ column: z.array(viewColumn).min(1).max(COLUMNS_MAX) }))
      .min(1)
      .max(32),
    where: z
      .array(z.strictObject({ path: fhirPath, description: z.string().max(1024).exactOptional() }))
      .max(32)
      .exactOptional(),
  })
  .describe('A view as in HL7 SQL-on-FHIR v2, subset; one row a resource.');

/** Where the key of a sealed dataset comes from (docs/sealed-datasets.md). */
const sealedSchema = z
  .union([
    z.strictObject({
      kms: z.strictObject({
        keyId: z
          .string()
          .regex(/^arn:aws[a-z-]{0,16}:kms:[a-z0-9-]{1,32}:\d{12}:key\/[A-Za-z0-9-]{1,128}$/)
          .describe('ARN of the KMS key, as nmp seal prints it.'),
        endpoint: z
          .url()
          .max(1024)
          .exactOptional()
          .describe('Default: that of the region in the ARN.'),
        ca: filePath
          .exactOptional()
          .describe('PEM file of further TLS roots for the endpoint; default: the public ones.'),
      }),
    }),
    z.strictObject({
      keyFile: filePath.describe('64 hexadecimal digits; local mode only, for trials.'),
    }),
  ])
  .describe('The file is sealed (nmp seal): opened at the start, into memory only.');

const datasetCommon = {
  id,
  path: filePath,
  classification: z
    .enum(['public', 'internal', 'confidential', 'restricted'])
    .describe('How the owner classes the records.'),
  salt: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional()
    .describe('32 bytes in hex that blind the commitment; without it, fresh at every start.'),
  description: z.string().max(1024).exactOptional(),
  sealed: sealedSchema.exactOptional(),
};

export const datasetSchema = z.discriminatedUnion('format', [
  z.strictObject({ ...datasetCommon, format: z.literal('fhir-ndjson'), view: viewDefinition }),
  z.strictObject({
    ...datasetCommon,
    format: z.literal('ndjson'),
    columns: z.array(sourceColumn).min(1).max(COLUMNS_MAX),
  }),
  z.strictObject({
    ...datasetCommon,
    format: z.literal('csv'),
    delimiter: z.enum([',', ';', '\t']).exactOptional(),
    columns: z.array(sourceColumn).min(1).max(COLUMNS_MAX),
  }),
]);

const limits = z.strictObject({
  fuel: z
    .int()
    .min(1_000)
    .max(1_000_000_000_000)
    .default(1_000_000_000)
    .describe('Units of the deterministic profile; about one a WebAssembly instruction.'),
  memoryBytes: z
    .int()
    .min(65_536)
    .max(MEMORY_BYTES_MAX)
    .default(MEMORY_BYTES_MAX)
    .describe('Cap of all linear memories together.'),
  deadlineMs: z.int().min(1).max(600_000).default(10_000),
  outputBytes: z.int().min(2).max(1_048_576).default(65_536),
  moduleBytes: z.int().min(8).max(MODULE_BYTES_MAX).default(1_048_576),
});

/** What a WASI guest may be granted beyond its standard streams. */
const guestImport = z.enum(['clock', 'random', 'env', 'args', 'fs', 'poll', 'fd']);

export const capabilitySchema = z.strictObject({
  name: id,
  version: z.string().regex(/^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/),
  description: z.string().max(1024).exactOptional(),
  logic: z
    .union([
      z.literal('client').describe('The client ships the module.'),
      z
        .strictObject({
          module: filePath,
          abi: z
            .enum(['pure', 'wasi-p1', 'wasi-p2', 'component', 'javascript'])
            .exactOptional()
            .describe('How it starts (docs/sandbox.md); default: as the caller says, else pure.'),
        })
        .describe('A module or text installed at the node.'),
    ])
    .default('client'),
  datasets: z
    .array(z.strictObject({ id, columns: z.array(columnName).min(1).max(COLUMNS_MAX) }))
    .max(16)
    .describe('What a request may ask for, column by column.'),
  input: valueSchema,
  output: valueSchema,
  limits: limits.prefault({}),
  wasi: z
    .array(guestImport)
    .max(7)
    .default([])
    .describe(
      'What a module may import beyond its standard streams (docs/sandbox.md); pure modules need none.',
    ),
  egress: egressPolicySchema.default({}),
  proofModes: z
    .array(z.enum(['attested', 'stark-composite']))
    .min(1)
    .max(2)
    .default(['attested'])
    .describe(
      'How an answer is proven; attested: a certificate by the attested key; stark-composite: that and a ZK receipt, made in seconds to minutes by nmp-zk-prover, which takes 2.64 GB of memory.',
    ),
});

const peersSchema = z
  .strictObject({
    simulatedRoots: z
      .array(z.string().regex(/^[0-9a-f]{64}$/))
      .max(16)
      .default([])
      .describe('Simulated roots, by fingerprint; without effect in an enclave that is none.'),
  })
  .describe(
    'Enclaves of equal measurements, which are trusted with private requests (docs/scale-out.md).',
  );

const proversSchema = z
  .strictObject({
    atOnce: z.int().min(1).max(16).default(4).describe('Proofs of this node under way together.'),
    leaseMs: z
      .int()
      .min(1_000)
      .max(600_000)
      .default(30_000)
      .describe('A prover that is not heard of for so long has lost the proof.'),
    waitMs: z
      .int()
      .min(1_000)
      .max(86_400_000)
      .default(600_000)
      .describe('How long a proof waits for a prover.'),
    fallback: z
      .enum(['here', 'refuse'])
      .default('refuse')
      .describe('What is done with a proof for which no prover came: made here, or refused.'),
  })
  .describe('Proofs are made by attested provers elsewhere; without it, here.');

export const nodeConfigSchema = z
  .strictObject({
    $schema: z.string().max(1024).exactOptional(),
    version: z.literal(1).describe('Version of this format.'),
    listen: z
      .strictObject({
        host: z.string().min(1).max(253),
        port: z.int().min(0).max(65_535).describe('0 picks a free port.'),
      })
      .default({ host: '127.0.0.1', port: 4720 })
      .describe('Where the parent takes TCP connections.'),
    webSocket: z
      .strictObject({
        host: z.string().min(1).max(253).default('127.0.0.1'),
        port: z.int().min(0).max(65_535).describe('0 picks a free port.'),
        origins: z
          .array(
            z
              .string()
              .max(272)
              .regex(/^https?:\/\/[a-z0-9.[\]:-]+$/),
          )
          .min(1)
          .max(64)
          .describe('Origins whose pages may connect, as browsers send them: https://app.example'),
      })
      .exactOptional()
      .describe(
        'Where the parent takes WebSockets, for browsers; of several enclaves, to the first.',
      ),
    quic: z
      .boolean()
      .default(false)
      .describe(
        'The parent takes QUIC, too: UDP at the address and port of `listen`, which must be an IP address.',
      ),
    announce: z
      .array(z.string().min(1).max(MULTIADDR_MAX))
      .max(16)
      .default([])
      .describe('Multiaddrs that the mesh is told; default: the address listened on.'),
    mesh: z
      .strictObject({
        bootstrap: z
          .array(
            z
              .string()
              .max(MULTIADDR_MAX)
              .regex(/^\/ip[46]\/[0-9a-fA-F:.]+\/tcp\/\d{1,5}\/p2p\/[1-9A-HJ-NP-Za-km-z]+$/),
          )
          .max(16)
          .default([])
          .describe('Nodes to join the mesh by: /ip4|ip6/…/tcp/…/p2p/…'),
        dial: z
          .array(
            z
              .string()
              .max(64)
              .refine((text) => parseIpRange(text) !== undefined, 'not a CIDR range'),
          )
          .max(64)
          .default([])
          .describe('Ranges that the node may dial, e.g. 10.0.0.0/8; none: it dials nobody.'),
      })
      .prefault({})
      .describe('How the node reaches other nodes; measured, and enforced inside the enclave.'),
    metrics: z
      .strictObject({
        host: z.string().min(1).max(253).default('127.0.0.1'),
        port: z.int().min(0).max(65_535),
      })
      .exactOptional()
      .describe('Where the parent answers GET /metrics (Prometheus) and GET /health.'),
    identityFile: filePath
      .exactOptional()
      .describe('Keeps the Peer ID over restarts in local mode; without it, fresh at every start.'),
    audit: z
      .strictObject({
        ownerKey: z
          .string()
          // Not as a repeat count: engines of linear time, such as Go's, stop at 1000.
          .length(1622)
          .regex(/^[A-Za-z0-9_-]+$/)
          .describe('X-Wing public key of the data owner, 1216 bytes in base64url.'),
      })
      .exactOptional()
      .describe('Records of blocked answers are sealed to this key; without it none are kept.'),
    peers: peersSchema.prefault({}),
    provers: proversSchema.exactOptional(),
    sandbox: z.strictObject({ processes: z.int().min(1).max(16).default(1) }).prefault({}),
    relay: z
      .strictObject({
        connections: z.int().min(1).max(65_536).default(4096),
        connectionsPerSource: z.int().min(1).max(65_536).default(512),
        connectTimeoutMs: z.int().min(10).max(600_000).default(5_000),
        idleTimeoutMs: z.int().min(1_000).max(86_400_000).default(600_000),
      })
      .prefault({})
      .describe('Bounds of the parent, which only copies bytes.'),
    datasets: z.array(datasetSchema).max(64),
    capabilities: z.array(capabilitySchema).max(64),
  })
  .describe('Configuration of an NMP enclave node.');

/** A checked configuration with all defaults in place. */
export type NodeConfig = z.output<typeof nodeConfigSchema>;
export type DatasetConfig = z.output<typeof datasetSchema>;
export type SealedConfig = z.output<typeof sealedSchema>;
export type CapabilityConfig = z.output<typeof capabilitySchema>;
export type ViewDefinition = z.output<typeof viewDefinition>;
export type CellType = z.output<typeof cellType>;
