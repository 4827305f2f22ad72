import { describe, expect, it } from 'vitest';
import { isNmpError } from '../../../shared/errors.ts';
import { parseClientPolicy } from '../../../shared/policy/client-policy.ts';

const PCR = 'ab'.repeat(48);
const release = { pcr0: PCR, pcr1: PCR, pcr2: PCR };
const parse = (value: unknown) => parseClientPolicy(JSON.stringify(value), 'my-policy.json');

function failure(action: () => unknown): { code: string; message: string } {
  try {
    action();
  } catch (error) {
    if (isNmpError(error)) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('the client policy', () => {
  it('trusts nothing that it does not name', () => {
    expect(parse({ version: 1, releases: [release] })).toEqual({
      version: 1,
      releases: [release],
      simulatedRoots: [],
      maxAgeMs: 300_000,
      allowDebug: false,
    });
  });

  it.each([
    ['nothing', {}],
    ['no release', { version: 1 }],
    ['an empty list', { version: 1, releases: [] }],
    ['null', null],
    ['a number', 7],
  ])('is an error with %s', (_, value) => {
    expect(failure(() => parse(value))).toMatchObject({ code: 'ATTESTATION_POLICY_EMPTY' });
  });

  it.each([
    ['version 2', { version: 2, releases: [release] }],
    ['no version', { releases: [release] }],
    ['a release without pcr2', { version: 1, releases: [{ pcr0: PCR, pcr1: PCR }] }],
    ['a PCR in upper case', { version: 1, releases: [{ ...release, pcr0: PCR.toUpperCase() }] }],
    ['a PCR too short', { version: 1, releases: [{ ...release, pcr0: PCR.slice(2) }] }],
    ['an empty PCR', { version: 1, releases: [{ ...release, pcr0: '' }] }],
    ['an unknown PCR', { version: 1, releases: [{ ...release, pcr5: PCR }] }],
    ['null in place of a PCR', { version: 1, releases: [{ ...release, pcr8: null }] }],
    ['a date that is none', { version: 1, releases: [{ ...release, notAfter: 'soon' }] }],
    ['an unknown key', { version: 1, releases: [release], allow: true }],
    ['allowDebug as text', { version: 1, releases: [release], allowDebug: 'yes' }],
    ['maxAgeMs 0', { version: 1, releases: [release], maxAgeMs: 0 }],
    ['maxAgeMs of two days', { version: 1, releases: [release], maxAgeMs: 172_800_000 }],
    ['no anchor', { version: 1, releases: [release], anchors: [] }],
    ['an anchor too short', { version: 1, releases: [release], anchors: ['ab'] }],
    ['257 releases', { version: 1, releases: Array.from({ length: 257 }, () => release) }],
    ['releases as an object', { version: 1, releases: {} }],
  ])('is refused with %s', (_, value) => {
    const { code, message } = failure(() => parse(value));
    expect(code).toBe('ATTESTATION_POLICY_INVALID');
    expect(message).toContain('my-policy.json');
  });

  it('says where it is wrong', () => {
    const at = (value: unknown) => failure(() => parse(value)).message;
    expect(at({ version: 1, releases: [release], more: 1 })).toContain(
      'my-policy.json: top level: ',
    );
    expect(at({ version: 1, releases: [{ ...release, pcr0: 'x' }] })).toContain(
      'releases.0.pcr0: ',
    );
  });

  it('is refused as no JSON or longer than 1 MiB', () => {
    for (const text of ['', '{', ' '.repeat(1_048_577)]) {
      expect(failure(() => parseClientPolicy(text, 'p')).code).toBe('ATTESTATION_POLICY_INVALID');
    }
  });
});
