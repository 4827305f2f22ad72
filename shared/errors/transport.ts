import type { ErrorEntry } from './entry.ts';

export const TRANSPORT_ERRORS = {
  UNREACHABLE: {
    stage: 'transport',
    exit: 3,
    cause: 'No connection to the node could be made.',
    remedy: 'Check the address and that the parent process runs.',
  },
  TIMEOUT: {
    stage: 'transport',
    exit: 3,
    cause: 'No answer came within the timeout.',
    remedy: 'Call again; raise the timeout if the work is long.',
  },
  CONNECTION_LOST: {
    stage: 'transport',
    exit: 3,
    cause: 'The connection ended before the answer was whole.',
    remedy: 'Connect again; an answer that was not whole is never released.',
  },
  WEBSOCKET_ORIGIN: {
    stage: 'transport',
    exit: 3,
    cause: 'A page of another origin asked the parent for a WebSocket.',
    remedy: 'Name the origin in `webSocket.origins` of the node, if its pages may connect.',
  },
  WEBSOCKET_FULL: {
    stage: 'transport',
    exit: 3,
    cause: 'The parent has as many WebSockets open as it may, in all or from one address.',
    remedy: 'Connect later, close connections, or raise `relay` in the configuration of the node.',
  },
  NODE_START: {
    stage: 'config',
    exit: 1,
    cause: 'The node process ended or hung before it was ready.',
    remedy:
      'Read its message above; the usual causes are a configuration error or a missing native addon (make build).',
  },
  FRAME_SIZE: {
    stage: 'transport',
    exit: 3,
    cause: 'A frame or message is longer than its limit, or empty.',
    remedy: 'Stay within the limits of docs/protocol.md.',
  },
  FRAME_MALFORMED: {
    stage: 'transport',
    exit: 3,
    cause: 'A frame is not the canonical encoding of its message.',
    remedy: 'Encode exactly the fields of docs/protocol.md, in ascending order, each once.',
  },
  RECORD_TAG: {
    stage: 'transport',
    exit: 3,
    cause: 'A sealed record was changed, reordered, repeated or sealed with another key.',
    remedy: 'The stream was closed; call again. If it recurs, the relay tampers with traffic.',
  },
  RECORD_TYPE: {
    stage: 'transport',
    exit: 3,
    cause: 'A record of this type is not allowed at this place of the stream.',
    remedy: 'Follow the state machine of docs/protocol.md.',
  },
  RECORD_REKEY: {
    stage: 'transport',
    exit: 3,
    cause: 'A record came under a key that had already served all that one key may.',
    remedy: 'Announce the next key in time, as docs/protocol.md says; the stream was closed.',
  },
  STREAM_TRUNCATED: {
    stage: 'transport',
    exit: 3,
    cause: 'The stream ended before its final record.',
    remedy: 'Call again; nothing of the truncated answer was released.',
  },
  HANDSHAKE_KEM: {
    stage: 'handshake',
    exit: 3,
    cause: 'A key or ciphertext of the key encapsulation has a wrong form or was already used.',
    remedy: 'Start a new handshake.',
  },
  HANDSHAKE_REFUSED: {
    stage: 'handshake',
    exit: 3,
    cause: 'The node refused the handshake.',
    remedy: 'Check protocol version and suites, and the number of open sessions of this peer.',
  },
  HANDSHAKE_SUITE: {
    stage: 'handshake',
    exit: 3,
    cause: 'The two sides share no cipher suite; there is no fallback.',
    remedy: 'Use a client and a node of the same protocol version.',
  },
  HANDSHAKE_SIGNATURE: {
    stage: 'handshake',
    exit: 3,
    cause: "The client's signature over the transcript does not hold for its Peer ID.",
    remedy: 'Sign with the Ed25519 key of the Peer ID that opened the connection.',
  },
  HANDSHAKE_STATEMENT: {
    stage: 'handshake',
    exit: 5,
    cause: 'The node statement is malformed or names another Peer ID.',
    remedy: 'Do not trust this node; its evidence does not fit its identity.',
  },
  SESSION_UNKNOWN: {
    stage: 'handshake',
    exit: 3,
    cause: 'The session does not exist, has expired or belongs to another peer.',
    remedy: 'Start a new handshake.',
  },
  SESSION_REPLAY: {
    stage: 'handshake',
    exit: 3,
    cause:
      'A stream number of the session was used before or lies outside the window; or a request sent again had been taken.',
    remedy:
      'Number streams upwards, each once. A request that was taken is not run again by itself.',
  },
  SESSION_LIMIT: {
    stage: 'handshake',
    exit: 3,
    cause: 'Too many sessions, handshakes or calls in flight for this peer or this node.',
    remedy: 'Close sessions that are not needed, or wait and try again.',
  },
  WATCH_TRIGGER: {
    stage: 'config',
    exit: 2,
    cause:
      'The pause, the number of events or the time to live of a watchdog is out of its bounds.',
    remedy: 'Take 1 s to 1 h between looks, 1 to 3,600 events and at most 1 h.',
  },
  WATCH_LIMIT: {
    stage: 'handshake',
    exit: 3,
    cause: 'This peer or this node has as many watchdogs as are taken.',
    remedy: 'Stop watchdogs that are not needed, or wait and try again.',
  },
  WATCH_ENDED: {
    stage: 'transport',
    exit: 3,
    cause: 'The watchdog reached its last event, its time or too many refusals in a row.',
    remedy: 'Deploy it again if it is still wanted.',
  },
  WATCH_SILENT: {
    stage: 'transport',
    exit: 3,
    cause: 'A watchdog gave no sign of life for 90 s, or an event is not the next one.',
    remedy: 'Deploy it again; if it recurs, the relay holds traffic back.',
  },
  NODE_RECORD_INVALID: {
    stage: 'transport',
    exit: 3,
    cause: 'The record that a node published about itself is malformed, expired or not its own.',
    remedy: 'Ask the node directly; if it still answers so, its operator must mend it.',
  },
  CALL_CAPABILITY: {
    stage: 'config',
    exit: 2,
    cause: 'The node has no such capability, or it does not take shipped logic.',
    remedy: 'List the capabilities of the node with nmp inspect node or discoverTools().',
  },
  CALL_ARGUMENTS: {
    stage: 'config',
    exit: 2,
    cause: 'The arguments do not fit the input schema of the capability.',
    remedy: 'Fit the arguments to the input schema that the node declares.',
  },
  CALL_GRANT: {
    stage: 'config',
    exit: 4,
    cause: 'The request asks for a dataset or column that the capability does not grant.',
    remedy: 'Ask only for granted columns; the capability lists them.',
  },
  CALL_PROOF_MODE: {
    stage: 'config',
    exit: 2,
    cause: 'The capability does not offer the requested proof mode.',
    remedy: 'Ask for a proof mode that the capability lists.',
  },
} as const satisfies Record<string, ErrorEntry>;
