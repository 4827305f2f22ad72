import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorDocs } from '../../../scripts/error-docs.ts';
import { ERROR_CODES, EXIT, NmpError } from '../../../shared/errors.ts';

describe('the table of error codes', () => {
  it('is what docs/errors.md says', () => {
    const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'errors.md');
    expect(readFileSync(file, 'utf8')).toBe(errorDocs());
  });

  it('has a cause, a remedy and a known exit code for each', () => {
    const exits = new Set<number>(Object.values(EXIT));
    for (const [code, entry] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(entry.cause.length).toBeGreaterThan(10);
      expect(entry.remedy.length).toBeGreaterThan(10);
      expect(exits.has(entry.exit)).toBe(true);
    }
  });

  it('gives an error its stage, remedy and JSON form without its cause', () => {
    const error = new NmpError('TIMEOUT', undefined, { cause: new Error('secret detail') });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'TIMEOUT',
      stage: 'transport',
      message: ERROR_CODES.TIMEOUT.cause,
      remedy: ERROR_CODES.TIMEOUT.remedy,
    });
  });
});
