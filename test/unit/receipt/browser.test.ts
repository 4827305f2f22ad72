import { describe, expect, it } from 'vitest';
import { hasChromium, inChromium } from '../../support/chromium.ts';
import type { PageReport } from '../../support/receipt-page.ts';

describe.skipIf(!hasChromium)('in a browser', () => {
  it('the same verifier proves the stored receipt, and refuses a changed one', {
    timeout: 90_000,
  }, async () => {
    const report = (await inChromium('test/support/receipt-page.ts')) as PageReport;
    expect(report.agent).toContain('Chrome/');
    expect(report.failures).toEqual(['none', 'RECEIPT_SEAL', 'RECEIPT_IMAGE']);
    expect(report.journalStart).toBe('NMPJ');
  });
});
