/**
 * Writes test/vectors/guardian/cases.json: the hand-written corpus as bytes, for other
 * implementations. Usage: node scripts/guardian/vectors.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusFile } from '../../test/unit/guardian/corpus/file.ts';

const folder = join(import.meta.dirname, '..', '..', 'test', 'vectors', 'guardian');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'cases.json'), corpusFile());
