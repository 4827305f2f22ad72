/** Documents that are genuine as evidence, but not what a policy or a session asks for. */

import { createHash } from 'node:crypto';
import { concat, toHex } from '../../../../shared/bytes.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import { type Draft, NONCE, NOW, pcrMap, pcrValue, setField } from './draft.ts';
import { bstr, hex, map, NULL, time, uint } from './encode.ts';
import type { Vector } from './structure.ts';

const vector = (label: string, code: ErrorCode, change: (draft: Draft) => void): Vector => ({
  name: label,
  code,
  change,
});

const zeros = (extra = 13) =>
  map(
    ...[0, 1, 2].map((i) => [uint(i), bstr(new Uint8Array(48))] as const),
    ...Array.from({ length: extra }, (_, i) => [uint(i + 3), bstr(pcrValue(i + 3))] as const),
  );
const ZERO = '0'.repeat(96);
const release = (over: Record<string, unknown>) => [
  {
    pcr0: toHex(pcrValue(0)),
    pcr1: toHex(pcrValue(1)),
    pcr2: toHex(pcrValue(2)),
    ...over,
  },
];
const releases = (label: string, code: ErrorCode, over: Record<string, unknown>) =>
  vector(`policy: ${label}`, code, (draft) => {
    draft.policy.releases = release(over);
  });
const nonce = (label: string, value: Uint8Array) =>
  vector(`nonce: ${label}`, 'ATTESTATION_NONCE', (draft) => setField(draft, 'nonce', value));
const userData = (label: string, value: Uint8Array) =>
  vector(`binding: ${label}`, 'ATTESTATION_BINDING', (draft) =>
    setField(draft, 'user_data', value),
  );
const timestamp = (label: string, code: ErrorCode, ms: number) =>
  vector(`time: ${label}`, code, (draft) => {
    setField(draft, 'timestamp', uint(ms));
    draft.certificates[4]!.notBefore = time(NOW - 7_200_000);
    for (const c of draft.certificates.slice(0, 4)) c.notBefore = time(NOW - 7_200_000);
  });

export const POLICY: readonly Vector[] = [
  ...[0, 1, 2].map((i) =>
    releases(`other PCR${i}`, 'ATTESTATION_PCR_UNKNOWN', { [`pcr${i}`]: 'ab'.repeat(48) }),
  ),
  releases('other PCR8', 'ATTESTATION_PCR_UNKNOWN', { pcr8: 'ab'.repeat(48) }),
  releases('PCR16 asked for but absent', 'ATTESTATION_PCR_ABSENT', { pcr16: 'ab'.repeat(48) }),
  releases('period over', 'ATTESTATION_RELEASE_EXPIRED', { notAfter: '2026-01-01T00:00:00Z' }),
  releases('period to come', 'ATTESTATION_RELEASE_EXPIRED', { notBefore: '2026-12-01T00:00:00Z' }),
  vector('policy: PCR0 absent from the document', 'ATTESTATION_PCR_ABSENT', (draft) =>
    setField(draft, 'pcrs', pcrMap(15, 1)),
  ),
  vector('policy: PCRs of two releases mixed', 'ATTESTATION_PCR_UNKNOWN', (draft) => {
    const [one] = release({ pcr2: 'ab'.repeat(48) });
    const [two] = release({ pcr0: 'ab'.repeat(48) });
    draft.policy.releases = [one, two];
  }),
  vector('debug: PCR0, 1 and 2 zero', 'ATTESTATION_DEBUG', (draft) =>
    setField(draft, 'pcrs', zeros()),
  ),
  vector('debug: zeros in the policy too', 'ATTESTATION_DEBUG', (draft) => {
    setField(draft, 'pcrs', zeros());
    draft.policy.releases = release({ pcr0: ZERO, pcr1: ZERO, pcr2: ZERO });
  }),
  vector('debug: allowed, but no release matches', 'ATTESTATION_PCR_UNKNOWN', (draft) => {
    setField(draft, 'pcrs', zeros());
    draft.policy.allowDebug = true;
  }),
  nonce('null', NULL),
  nonce('empty', hex('40')),
  nonce('of another exchange', bstr(new Uint8Array(32).fill(8))),
  nonce('a prefix', bstr(NONCE.subarray(0, 16))),
  nonce('longer', bstr(concat(NONCE, NONCE))),
  userData('null', NULL),
  userData('empty', hex('40')),
  userData('of another exchange', bstr(new Uint8Array(48).fill(8))),
  userData('a prefix', bstr(new Uint8Array(32).fill(9))),
  vector('binding: PCR16 absent', 'ATTESTATION_STATEMENT_PCR', (draft) => {
    draft.init.expected = { ...draft.init.expected, pcr16: pcrValue(16) };
  }),
  vector('binding: PCR16 of another statement', 'ATTESTATION_STATEMENT_PCR', (draft) => {
    setField(draft, 'pcrs', pcrMap(17));
    draft.init.expected = { ...draft.init.expected, pcr16: pcrValue(3) };
  }),
  timestamp('older than allowed', 'ATTESTATION_STALE', NOW - 301_000),
  timestamp('in the future', 'ATTESTATION_FUTURE', NOW + 301_000),
  timestamp('before the leaf', 'ATTESTATION_TIMESTAMP', NOW - 7_200_000 - 301_000),
  timestamp('in seconds, not milliseconds', 'ATTESTATION_TIMESTAMP', Math.trunc(NOW / 1000)),
  vector('authority: simulated root', 'ATTESTATION_SIMULATED', (draft) => {
    draft.anchors = (root) => [{ id: 'simulated', kind: 'simulated', der: root }];
  }),
  vector('authority: another simulated root is named', 'ATTESTATION_SIMULATED', (draft) => {
    draft.anchors = (root) => [{ id: 'simulated', kind: 'simulated', der: root }];
    draft.policy.simulatedRoots = ['ab'.repeat(32)];
  }),
  vector('authority: policy names another root', 'ATTESTATION_ROOT', (draft) => {
    draft.policy.anchors = [createHash('sha256').update('other').digest('hex')];
  }),
];
