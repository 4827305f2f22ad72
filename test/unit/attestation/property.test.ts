import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../shared/attestation/certificate.ts';
import { decodeAttestationDocument } from '../../../shared/attestation/document.ts';
import { NmpError } from '../../../shared/errors.ts';
import { build } from './adversary/draft.ts';

/** Of each of the three properties: about 100,000 cases in all; NMP_PROPERTY_RUNS for more. */
const RUNS = Number(process.env.NMP_PROPERTY_RUNS ?? 34_000);
const SEED = 0x4e4d50;

/** What a decoder of hostile bytes may do: answer, or refuse by name. */
function refusal(decode: () => unknown): string | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (!(error instanceof NmpError)) throw error;
    expect(error.code).toMatch(/^ATTESTATION_/);
    return error.code;
  }
}

const { bytes } = build();
const { certificate } = decodeAttestationDocument(bytes).document;

/** Cuts, repeats and overwrites of well-formed bytes. */
const edited = (original: Uint8Array) =>
  fc
    .array(
      fc.record({
        at: fc.nat(original.length - 1),
        remove: fc.nat(40),
        insert: fc.uint8Array({ maxLength: 40 }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((edits) => {
      let out = [...original];
      for (const { at, remove, insert } of edits) {
        out = [...out.slice(0, at), ...insert, ...out.slice(at + remove)];
      }
      return Uint8Array.from(out);
    });

describe('the decoders of hostile bytes', () => {
  it('refuse random bytes by name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), (random) => {
        expect(refusal(() => decodeAttestationDocument(random))).toBeDefined();
        expect(refusal(() => parseCertificate(random))).toBeDefined();
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('answer an edited document, or refuse it by name', () => {
    fc.assert(
      fc.property(edited(bytes), (changed) => {
        refusal(() => decodeAttestationDocument(changed));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it('answer an edited certificate, or refuse it by name', () => {
    fc.assert(
      fc.property(edited(certificate), (changed) => {
        refusal(() => parseCertificate(changed));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
