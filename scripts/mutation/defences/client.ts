/** The client. */
import type { Defence } from './defence.ts';

export const CLIENT: readonly Defence[] = [
  {
    threat: 'sends malformed or huge frames',
    file: 'shared/wire/codec.ts',
    from: 'if (equalBytes(codec.encode(value as Partial<T>), bytes)) return value;',
    to: 'return value;',
    test: 'unit/wire/codec',
  },
  {
    threat: 'sends malformed or huge frames',
    file: 'shared/wire/frames.ts',
    from: "    if (length > FRAME_BYTES_MAX) throw new NmpError('FRAME_SIZE');\n    // The transport walks",
    to: '    // The transport walks',
    test: 'unit/wire/frames',
  },
  {
    threat: 'floods handshakes',
    file: 'enclave/session/session-store.ts',
    from: '(this.#pending.get(peer) ?? 0) >= this.#limits.pendingPerPeer ||',
    to: '',
    test: 'unit/session/elicit',
  },
  {
    threat: 'leaves watchdogs without number, end or reader',
    file: 'enclave/session/watchdogs.ts',
    from: 'ofPeer >= this.#limits.perPeer ||',
    to: '',
    test: 'unit/session/watchdogs',
  },
  {
    threat: 'claims another',
    file: 'enclave/session/elicit.ts',
    from: 'if (key === undefined || !suite.verifyEd25519(key, message, request.clientSignature)) {',
    to: 'if (key === undefined && suite.verifyEd25519(message, message, request.clientSignature)) {',
    test: 'unit/session/elicit',
  },
  {
    threat: 'asks for columns it may not see',
    file: 'enclave/node/capability.ts',
    from: "if (columns.some((column) => !allowed.includes(column))) throw new NmpError('CALL_GRANT');",
    to: '',
    test: 'e2e/local',
  },
];
