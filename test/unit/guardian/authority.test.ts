import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { authority } from './authority.ts';

it('says GUARDIAN_UNAVAILABLE where the addon is not built', async () => {
  const root = join(import.meta.dirname, '..', '..', '..');
  const folder = mkdtempSync(join(tmpdir(), 'nmp-authority-'));
  try {
    // The same sources beside no build folder.
    cpSync(join(root, 'shared'), join(folder, 'shared'), { recursive: true });
    cpSync(join(root, 'enclave', 'guardian'), join(folder, 'enclave', 'guardian'), {
      recursive: true,
    });
    writeFileSync(
      join(folder, 'package.json'),
      '{"type":"module","imports":{"#native/*":"./build/native/*.node"}}',
    );
    const url = pathToFileURL(join(folder, 'enclave', 'guardian', 'authority.ts')).href;
    const { loadAuthority }: typeof import('../../../enclave/guardian/authority.ts') = await import(
      url
    );
    expect(() => loadAuthority()).toThrow(
      expect.objectContaining({ code: 'GUARDIAN_UNAVAILABLE' }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('takes no component for whole whose last inner module ends early', () => {
  // Found by native/fuzz: the inner module promises 14 bytes and has 8; wasmparser calls it valid.
  const cut = Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0],
    ...[1, 14, 0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  );
  const report = authority.check(cut);
  expect(report.valid).toBe(false);
  expect(report.offset).toBe(cut.length);
  const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
  expect(guardian.judge(cut, { capabilities: [] }).reasons).toContain('MALFORMED');
  const whole = Uint8Array.from(cut);
  whole[9] = 8;
  expect(authority.check(whole).valid).toBe(true);
});
