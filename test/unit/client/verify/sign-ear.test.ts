import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { signEar } from '../../../../client/verify/sign-ear.ts';
import { EAR_PROFILE, earOf } from '../../../../shared/attestation/ear.ts';
import { NmpError } from '../../../../shared/errors.ts';

const claims = earOf(
  {
    verdict: 'fail',
    mode: 'unknown',
    simulated: false,
    checkedAt: '2026-06-01T12:00:00.000Z',
    checks: [],
  },
  { developer: 'tests', build: '1' },
);
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('a signed attestation result', () => {
  const pairs = [
    ['EdDSA', generateKeyPairSync('ed25519')],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ] as const;
  for (const [alg, { privateKey, publicKey }] of pairs) {
    it(`verifies under ${alg}, and not once changed`, async () => {
      const token = await signEar(claims, pem(privateKey));
      // The results of a check in the past carry its time.
      const options = { currentDate: new Date('2026-06-01T12:00:00Z'), typ: 'eat+jwt' };
      const { payload, protectedHeader } = await jwtVerify(token, publicKey, options);
      expect(protectedHeader.alg).toBe(alg);
      expect(payload).toEqual({ ...claims });
      expect(payload.eat_profile).toBe(EAR_PROFILE);
      const [header, body = '', signature] = token.split('.');
      const forged = Buffer.from(body, 'base64url')
        .toString()
        .replace('contraindicated', 'affirming');
      const changed = [header, Buffer.from(forged).toString('base64url'), signature].join('.');
      await expect(jwtVerify(changed, publicKey, options)).rejects.toThrow();
    });
  }

  it('takes no other key, and quotes none', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const secret = 'not a key at all';
    for (const key of [pem(rsa.privateKey), secret, '']) {
      const error: unknown = await signEar(claims, key).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(NmpError);
      expect((error as NmpError).code).toBe('USAGE');
      expect(String((error as NmpError).stack)).not.toContain(secret);
    }
  });
});
