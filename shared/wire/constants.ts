/** Identifiers, limits and times of the wire protocol; docs/protocol.md explains each. */

/** libp2p protocol ids. */
export const PROTOCOL = {
  /** M1, M2, M3 and the first call. */
  elicit: '/nmp/elicit/1.0.0',
  /** Every later call of a session. */
  call: '/nmp/call/1.0.0',
  /** Signed node record, fetched before any attestation. */
  describe: '/nmp/describe/1.0.0',
  kad: '/nmp/kad/1.0.0',
  /** Peers that the node has reached. */
  peers: '/nmp/peers/1.0.0',
} as const;

/** X-Wing (KEM 0x647a), HKDF-SHA384, AES-256-GCM (RFC 9180 code points side by side). */
export const SUITE_XWING_SHA384_AES256GCM = 1;

/** Domain separation of every hash and signature of the handshake. */
export const LABEL = {
  transcript: 'nmp-elicit/v1 transcript',
  ciphertext: 'nmp-elicit/v1 ciphertext',
  clientSignature: 'nmp-elicit/v1 client signature',
  clientToNode: 'nmp-elicit/v1 client to node',
  nodeToClient: 'nmp-elicit/v1 node to client',
  stream: 'nmp-elicit/v1 stream',
  rekey: 'nmp-elicit/v1 rekey',
} as const;

/** Longest frame on a stream, bytes, with record type and tag. */
export const FRAME_BYTES_MAX = 65_536;
/** Longest plaintext of one record: a frame less type byte and tag. */
export const RECORD_BYTES_MAX = FRAME_BYTES_MAX - 17;
/** A stream's receive window never grows beyond this: what a sender may have under way, bytes. */
export const STREAM_WINDOW_BYTES_MAX = 1024 * 1024;
/**
 * How libp2p watches over its connections. By default it ends one whose ping takes 5 s, which under
 * load ends connections whose other end is at work; every wait of ours has its own, shorter, limit.
 */
export const CONNECTION_MONITOR = {
  pingInterval: 60_000,
  pingTimeout: { minTimeout: 60_000, maxTimeout: 60_000 },
} as const;
/**
 * Plaintext of the records that we write. With every header around it (50 bytes of frame, yamux and
 * Noise) a record stays below 65,160 bytes, and so is one message of Noise, one segment for TCP and
 * one read for the other side (64 KiB): a byte more than a read costs a third of the throughput.
 */
export const RECORD_CHUNK_BYTES = 65_000;
/** Longest module that may follow a request, bytes. */
export const MODULE_BYTES_MAX = 10 * 1024 * 1024;
/** Longest sealed request: a 10 MiB module and 1 MiB of inputs and names. */
export const REQUEST_BYTES_MAX = 11 * 1024 * 1024;
/** Longest sealed answer, receipt included. */
export const RESPONSE_BYTES_MAX = 16 * 1024 * 1024;
/** Longest attestation document accepted, bytes; genuine ones have 4.4–5.5 KB. */
export const DOCUMENT_BYTES_MAX = 16_384;
export const STATEMENT_BYTES_MAX = 32_768;
export const CLIENT_NONCE_BYTES = 32;
export const SESSION_TOKEN_BYTES = 16;
/** What one record key serves at most: far below the bounds of SP 800-38D, section 8.3. */
export const REKEY = { records: 2 ** 24, bytes: 64 * 2 ** 30, ms: 60 * 60_000 } as const;
/** A refusal is padded to this many bytes of `LogicResponse`. */
export const REFUSAL_BYTES = 512;
