/** Debian's Chromium, driven by playwright-core; tests skip, saying so, where it is not installed. */
import { type Browser, chromium } from 'playwright-core';
import { hasChromium } from './chromium.ts';

export { hasChromium };

/** No sandbox of its own: tests may run as root. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.NMP_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
}
