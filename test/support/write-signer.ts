/** Writes a signing identity that is valid for a day: node test/support/write-signer.ts FOLDER */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../shared/runtime.ts';
import { signingIdentity } from './image-signer.ts';

const HOUR_MS = 3_600_000;
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('FOLDER');
const now = systemClock.nowMs();
const { certificatePem, keyPem } = await signingIdentity(
  'P-384',
  now - HOUR_MS,
  now + 24 * HOUR_MS,
);
mkdirSync(folder, { recursive: true, mode: 0o700 });
writeFileSync(join(folder, 'signer.pem'), certificatePem);
writeFileSync(join(folder, 'signer.key'), keyPem, { mode: 0o600 });
