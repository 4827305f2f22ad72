import { describe, expect, it } from 'vitest';
import { loadScanner } from '../../../enclave/egress/scanner.ts';
import { BOMBS } from '../../egress-corpus/bombs.ts';

const scanner = loadScanner();
/** Containers that cannot be looked into within the budgets. */
const CLOSED = /of zeros|gzip within gzip|base64 within base64/;

describe('bombs', () => {
  it.each(Object.entries(BOMBS))(
    '%s: the same verdict twice, blocked if it stays closed',
    (name, make) => {
      const bomb = make();
      const verdict = scanner.scan(bomb, []);
      expect(scanner.scan(bomb, [])).toEqual(verdict);
      if (CLOSED.test(name)) expect(verdict.undecodable).toBe(true);
    },
  );
});
