/** Numbers that both ends must have: a change of one is a change of the protocol. */
import { expect, it } from 'vitest';
import * as constants from '../../../shared/wire/constants.ts';
import { CONTROL_LINE_BYTES_MAX } from '../../../shared/wire/control.ts';
import * as datagrams from '../../../shared/wire/datagrams.ts';
import {
  DIAL_OPENER_BYTES_MAX,
  DIALLED,
  encodeDialOpener,
} from '../../../shared/wire/dial-opener.ts';
import { NODE_RECORD_BYTES_MAX } from '../../../shared/wire/node-record.ts';
import { QUIC_OPTIONS } from '../../../shared/wire/quic-address.ts';

it('are those of docs/protocol.md', () => {
  const { REKEY, CLIENT_NONCE_BYTES, SESSION_TOKEN_BYTES, REFUSAL_BYTES } = constants;
  expect(REKEY).toEqual({ records: 16_777_216, bytes: 68_719_476_736, ms: 3_600_000 });
  expect([CLIENT_NONCE_BYTES, SESSION_TOKEN_BYTES, REFUSAL_BYTES]).toEqual([32, 16, 512]);
  expect(DIALLED).toEqual({ open: 0, refused: 1, unreachable: 2 });
  const longest = { name: `${'a.'.repeat(126)}a`, port: 443 };
  expect(encodeDialOpener(longest)).toHaveLength(DIAL_OPENER_BYTES_MAX);
});

it('bound what either side may be made to hold', () => {
  expect(constants).toMatchObject({
    SUITE_XWING_SHA384_AES256GCM: 1,
    FRAME_BYTES_MAX: 65_536,
    RECORD_BYTES_MAX: 65_519,
    RECORD_CHUNK_BYTES: 65_000,
    STREAM_WINDOW_BYTES_MAX: 1_048_576,
    MODULE_BYTES_MAX: 10_485_760,
    REQUEST_BYTES_MAX: 11_534_336,
    RESPONSE_BYTES_MAX: 16_777_216,
    DOCUMENT_BYTES_MAX: 16_384,
    STATEMENT_BYTES_MAX: 32_768,
    CONNECTION_MONITOR: {
      pingInterval: 60_000,
      pingTimeout: { minTimeout: 60_000, maxTimeout: 60_000 },
    },
  });
  expect([CONTROL_LINE_BYTES_MAX, NODE_RECORD_BYTES_MAX]).toEqual([16_384, 1_048_576]);
  expect(datagrams).toMatchObject({
    DATAGRAM_BYTES_MAX: 1_500,
    FLOWS_MAX: 1_024,
    FLOW_IDLE_MS: 30_000,
    FLOW_QUEUE_BYTES_MAX: 262_144,
  });
  expect([...datagrams.DATAGRAM_OPENER]).toEqual([...Buffer.from('NMPQ\u0001')]);
});

it('give QUIC the windows and times of every other transport', () => {
  expect(QUIC_OPTIONS).toEqual({
    handshakeTimeout: 10_000,
    maxIdleTimeout: 10_000,
    keepAliveInterval: 5_000,
    maxConcurrentStreamLimit: 128,
    maxStreamData: 1_048_576,
    maxConnectionData: 8_388_608,
    receiveBufferSize: 1_048_576,
    sendBufferSize: 1_048_576,
  });
});
