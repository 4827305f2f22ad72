import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

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
