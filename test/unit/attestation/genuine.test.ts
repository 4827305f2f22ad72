/**
 * Documents that AWS signed, and two under roots of others' making. They are not in this
 * repository: the folder lies next to it on machines that have it; elsewhere this says skipped.
 */

import { webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ChainCache } from '../../../shared/attestation/chain.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { createWebVerifierCrypto } from '../../../shared/attestation/crypto-web.ts';
import { decodeAttestationDocument } from '../../../shared/attestation/document.ts';
import { AWS_ANCHORS } from '../../../shared/attestation/roots.ts';
import { verifyAttestation } from '../../../shared/attestation/verify.ts';
import { fromHex, toHex } from '../../../shared/bytes.ts';
import { parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import { seededRandom } from '../../support/clock.ts';

const FOLDER = join(import.meta.dirname, '../../../../shared/vectors/attestation');
const ZERO = '0'.repeat(96);
/**
 * What each byte is changed to: one bit and one random value by default, all 255 other values with
 * NMP_MUTATIONS=all (about four million documents, half an hour on two cores).
 */
const EVERY_VALUE = process.env.NMP_MUTATIONS === 'all';

interface Entry {
  readonly file: string;
  readonly genuine: boolean;
  readonly debug_mode: boolean;
  readonly verify_at: string;
  readonly timestamp_ms: number;
  readonly module_id: string;
  readonly n_pcrs: number;
  readonly nonzero_pcrs: Readonly<Record<string, string>>;
  readonly nonce_hex: string | null;
}

const present = existsSync(join(FOLDER, 'manifest.json'));
const entries: readonly Entry[] = present
  ? JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8'))
  : [];
const genuine = entries.filter((entry) => entry.genuine);
const node = createNodeVerifierCrypto();
const web = createWebVerifierCrypto(webcrypto.subtle as unknown as SubtleCrypto);
const read = ({ file }: Entry) =>
  Uint8Array.from(Buffer.from(readFileSync(join(FOLDER, file), 'utf8'), 'base64'));

function policyFor(entry: Entry, over: Record<string, unknown> = {}) {
  const pcr = (index: number) => entry.nonzero_pcrs[index] ?? ZERO;
  const release = { pcr0: pcr(0), pcr1: pcr(1), pcr2: pcr(2), pcr3: pcr(3), pcr8: pcr(8) };
  const json = { version: 1, releases: [release], maxAgeMs: 86_400_000, ...over };
  return parseClientPolicy(JSON.stringify(json), 'policy');
}

async function judge(
  entry: Entry,
  init: { atMs?: number; allowDebug?: boolean } = {},
  crypto = node,
) {
  const nonce = entry.nonce_hex === null ? undefined : fromHex(entry.nonce_hex);
  return verifyAttestation({ crypto }, read(entry), {
    anchors: AWS_ANCHORS,
    atMs: init.atMs ?? Date.parse(entry.verify_at),
    policy: policyFor(entry, { allowDebug: init.allowDebug ?? false }),
    ...(nonce === undefined ? {} : { expected: { nonce } }),
  });
}
const codesOf = (report: Awaited<ReturnType<typeof judge>>) =>
  report.checks.flatMap((check) => (check.code === undefined ? [] : [check.code]));

describe.skipIf(!present)('genuine documents (../shared/vectors/attestation)', () => {
  it('are 19, 5 of them of debug enclaves, and 2 strangers', () => {
    expect(genuine).toHaveLength(19);
    expect(genuine.filter((entry) => entry.debug_mode)).toHaveLength(5);
    expect(entries).toHaveLength(21);
  });

  for (const entry of entries) {
    it(`judges ${entry.file} alike with node:crypto and Web Crypto`, async () => {
      const expected = !entry.genuine
        ? ['ATTESTATION_ROOT']
        : entry.debug_mode
          ? ['ATTESTATION_DEBUG']
          : [];
      for (const crypto of [node, web]) {
        const report = await judge(entry, {}, crypto);
        expect(codesOf(report)).toEqual(expected);
        expect(codesOf(await judge(entry, { allowDebug: true }, crypto))).toEqual(
          entry.genuine ? [] : ['ATTESTATION_ROOT'],
        );
        expect(report.document?.moduleId).toBe(entry.module_id);
        expect(Object.keys(report.document?.pcrs ?? {})).toHaveLength(entry.n_pcrs);
        expect(report.document?.pcrs).toMatchObject(entry.nonzero_pcrs);
      }
    });
  }

  it('have all expired since', async () => {
    for (const entry of genuine) {
      const report = await judge(entry, { atMs: Date.UTC(2026, 10, 23) });
      expect(codesOf(report)).toEqual(['ATTESTATION_CERTIFICATE_EXPIRED']);
    }
  });

  it('match no release whose PCRs differ in one', async () => {
    for (const entry of genuine.filter((candidate) => !candidate.debug_mode)) {
      for (const pcr of ['pcr0', 'pcr1', 'pcr2', 'pcr3', 'pcr8']) {
        const [release] = policyFor(entry).releases;
        const report = await verifyAttestation({ crypto: node }, read(entry), {
          anchors: AWS_ANCHORS,
          atMs: Date.parse(entry.verify_at),
          policy: policyFor(entry, { releases: [{ ...release, [pcr]: 'ab'.repeat(48) }] }),
        });
        expect(codesOf(report)).toEqual(['ATTESTATION_PCR_UNKNOWN']);
      }
    }
  });

  // One of each shape: definite map, indefinite map, all 32 PCRs.
  const shapes = [
    'evervault-2023-01.b64',
    'dstack-2025-12-indef.b64',
    'turnkey-2026-06-indef-32pcrs.b64',
  ];
  for (const shape of shapes) {
    const title = EVERY_VALUE ? 'every one-byte change' : 'two changes of every byte';
    it(`refuses ${title} of ${shape}, or reads the same`, { timeout: 7_200_000 }, async () => {
      const entry = entries.find((candidate) => candidate.file === shape)!;
      const original = read(entry);
      const random = seededRandom(0x4e4d50);
      // Only changed chains are verified again; an unchanged one comes from the cache.
      const cache = new ChainCache();
      const facts = JSON.stringify(decodeAttestationDocument(original).document);
      let same = 0;
      for (let at = 0; at < original.length; at++) {
        const [bit = 0, any = 0] = random.bytes(2);
        const old = original[at]!;
        const two = [old ^ (1 << (bit & 7)), old === any ? old ^ 0xff : any];
        const all = () => Array.from({ length: 256 }, (_, n) => n).filter((n) => n !== old);
        for (const value of EVERY_VALUE ? all() : two) {
          const bytes = Uint8Array.from(original);
          bytes[at] = value;
          const report = await verifyAttestation({ crypto: node, cache }, bytes, {
            anchors: AWS_ANCHORS,
            atMs: Date.parse(entry.verify_at),
          });
          if (report.verdict === 'fail') continue;
          same++;
          const changed = decodeAttestationDocument(bytes);
          expect(JSON.stringify(changed.document), `byte ${at}`).toBe(facts);
          expect(toHex(changed.payload)).toBe(toHex(decodeAttestationDocument(original).payload));
        }
      }
      // Only bytes whose change means nothing may pass; a handful in five thousand.
      expect(same).toBeLessThan(3);
    });
  }
});
