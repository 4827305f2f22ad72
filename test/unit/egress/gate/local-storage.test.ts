import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedger } from '../../../../enclave/egress/gate/ledger.ts';
import {
  createLocalAudit,
  openLocalLedger,
} from '../../../../enclave/egress/gate/local-storage.ts';
import { seededRandom } from '../../../support/clock.ts';
import { codeOf } from '../../../support/code-of.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nmp-ledger-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const random = seededRandom(3);
const open = () => {
  const { key, ...kept } = openLocalLedger(directory, random);
  return createLedger({ random, ...kept }, { key, label: 'egress' });
};

describe('the ledger of local mode', () => {
  it('is there after a restart, readable by its user only', () => {
    open().set(new Map([['a', 3]]));
    expect(open().get('a')).toBe(3);
    for (const name of readdirSync(directory)) {
      expect(statSync(join(directory, name)).mode & 0o077, name).toBe(0);
    }
  });

  it('refuses an older ledger and damaged files', () => {
    open().set(new Map([['a', 1]]));
    const old = readFileSync(join(directory, 'egress-ledger'));
    open().set(new Map([['a', 2]]));
    writeFileSync(join(directory, 'egress-ledger'), old);
    expect(codeOf(open)).toBe('EGRESS_LEDGER');
    writeFileSync(join(directory, 'egress-ledger.count'), 'x');
    expect(codeOf(open)).toBe('EGRESS_LEDGER');
    writeFileSync(join(directory, 'egress-ledger.count'), '0');
    writeFileSync(join(directory, 'egress-ledger.key'), 'short');
    expect(codeOf(open)).toBe('EGRESS_LEDGER');
  });

  it('says that a file cannot be read, and takes it for none no more than a damaged one', () => {
    mkdirSync(join(directory, 'egress-ledger'));
    expect(codeOf(open)).toBe('EGRESS_LEDGER');
  });

  it('drops audit records beyond ten thousand rather than fill the disk', () => {
    mkdirSync(join(directory, 'audit'));
    for (let i = 0; i < 9_999; i++) writeFileSync(join(directory, 'audit', `${i}`), '');
    const keep = createLocalAudit(directory);
    keep(Uint8Array.of(1));
    keep(Uint8Array.of(2));
    expect(readdirSync(join(directory, 'audit'))).toHaveLength(10_000);
    expect(readFileSync(join(directory, 'audit', '09999.nmpa'))).toEqual(Buffer.from([1]));
  });

  it('keeps audit records in order', () => {
    createLocalAudit(directory)(Uint8Array.of(1));
    createLocalAudit(directory)(Uint8Array.of(2));
    const names = readdirSync(join(directory, 'audit')).sort();
    expect(names).toEqual(['00000.nmpa', '00001.nmpa']);
    expect(readFileSync(join(directory, 'audit', '00001.nmpa'))).toEqual(Buffer.from([2]));
  });
});
