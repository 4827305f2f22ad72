/** Numbers that both ends must have: a change of one is a change of the protocol. */
import { expect, it } from 'vitest';
import * as constants from '../../../shared/wire/constants.ts';
import {
  DIAL_OPENER_BYTES_MAX,
  DIALLED,
  encodeDialOpener,
} from '../../../shared/wire/dial-opener.ts';

it('are those of docs/protocol.md', () => {
  const { REKEY, CLIENT_NONCE_BYTES, SESSION_TOKEN_BYTES, REFUSAL_BYTES } = constants;
  expect(REKEY).toEqual({ records: 16_777_216, bytes: 68_719_476_736, ms: 3_600_000 });
  expect([CLIENT_NONCE_BYTES, SESSION_TOKEN_BYTES, REFUSAL_BYTES]).toEqual([32, 16, 512]);
  expect(DIALLED).toEqual({ open: 0, refused: 1, unreachable: 2 });
  const longest = { name: `${'a.'.repeat(126)}a`, port: 443 };
  expect(encodeDialOpener(longest)).toHaveLength(DIAL_OPENER_BYTES_MAX);
});
