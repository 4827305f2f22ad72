/** The console as a person meets it: in Chromium, from a file and from its server, under its own CSP. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsoleApp } from '../../client/console/app-blocks.ts';
import { loadConsoleApp } from '../../client/console/load-app.ts';
import { renderConsole } from '../../client/console/page.ts';
import { type ConsoleServer, serveConsole } from '../../client/console/serve.ts';
import { collectState } from '../../client/console/state.ts';
import { renderHtml } from '../../client/verify/render-html.ts';
import { hasChromium, launchBrowser } from '../support/browser.ts';
import { fakeGateway, PCR, POLICY, reportFor } from '../support/fake-mesh.ts';

const root = join(import.meta.dirname, '..', '..');
const receipts = join(root, 'test', 'vectors', 'receipts', 'sum');
const axe = readFileSync(join(root, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
const AUDIT = ['RELEASED', 'EGRESS_BLOCKED', 'RELEASED', 'CALL_QUOTA']
  .map((code, i) => JSON.stringify({ event: 'call', code, at: `2026-07-28T1${i}:00:00.000Z` }))
  .join('\n');

const stateOf = (pcr0 = PCR('a')) =>
  collectState(fakeGateway({ pcr0 }).gateway, AUDIT, new AbortController().signal);

describe.skipIf(!hasChromium)('the console in Chromium (skipped where it is not installed)', () => {
  let folder: string;
  let app: ConsoleApp;
  let browser: Browser;
  const files = new Map<string, string>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nmp-console-'));
    const bundle = [join(root, 'scripts', 'bundle.ts'), join(folder, 'dist')];
    execFileSync(process.execPath, bundle, { cwd: root });
    const loaded = await loadConsoleApp(folder);
    if (loaded === undefined) throw new Error('the script was not built');
    app = loaded;
    const put = (name: string, html: string) => {
      writeFileSync(join(folder, name), html);
      files.set(name, pathToFileURL(join(folder, name)).href);
    };
    put('good.html', renderConsole(await stateOf(), false, app));
    put('bad.html', renderConsole(await stateOf(PCR('9')), false, app));
    const report = reportFor(POLICY, PCR('9'));
    put('report.html', renderHtml([{ title: 'A failed one', summary: 'x'.repeat(200), report }]));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** @returns a page, and what it complained of: refused by CSP, thrown, asked of the network */
  async function open(url: string, options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    return { page, complaints };
  }
  const fileOf = (name: string) => files.get(name) ?? '';

  /** axe's rules for WCAG 2.1 A and AA and its best practices; its script is let past the CSP by evaluate. */
  async function violations(page: Page): Promise<unknown> {
    return page.evaluate(`${axe}; axe.run().then(({violations}) =>
      violations.map(({id, nodes}) => [id, nodes.map(({target}) => target.join(' '))]))`);
  }

  const looks = ['good.html', 'bad.html', 'report.html'].flatMap((name) =>
    (['light', 'dark'] as const).flatMap((scheme) =>
      [360, 1280].map((width) => [name, scheme, width] as const),
    ),
  );
  it.each(looks)(
    '%s, %s, %i wide: axe finds nothing, nothing overflows',
    async (name, scheme, width) => {
      const viewport = { width, height: 800 };
      const { page, complaints } = await open(fileOf(name), { colorScheme: scheme, viewport });
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(complaints).toEqual([]);
      await page.close();
    },
  );

  it.each(['good.html', 'bad.html', 'report.html'])(
    '%s: with colours forced by the system every step keeps an outline and says how it ended',
    async (name) => {
      const { page } = await open(fileOf(name), { forcedColors: 'active' });
      expect(await violations(page)).toEqual([]);
      const steps = await page.evaluate<readonly [string, string][]>(
        `[...document.querySelectorAll('.chain li')].map((step) =>
          [getComputedStyle(step).borderTopStyle, step.textContent])`,
      );
      if (name !== 'report.html') expect(steps.length).toBeGreaterThan(3);
      for (const [outline, text] of steps) {
        expect(outline).toBe('solid');
        expect(text).toMatch(/[✓✗–]|not checked/);
      }
      await page.close();
    },
  );

  it('moves nothing, whatever the reader prefers', async () => {
    const { page } = await open(fileOf('good.html'), { reducedMotion: 'no-preference' });
    const moving = await page.evaluate(`[...document.querySelectorAll('*')].filter((element) => {
      const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
      return animationName !== 'none' || transitionDuration !== '0s' || scrollBehavior !== 'auto';
    }).length`);
    expect(moving).toBe(0);
    await page.close();
  });

  async function verifyFiles(page: Page, module: string): Promise<string> {
    await page.setInputFiles('#file-receipt', join(receipts, 'receipt.bin'));
    await page.setInputFiles('#file-request', join(receipts, 'request.json'));
    await page.setInputFiles('#file-module', module);
    await page.getByRole('button', { name: 'Verify here' }).click();
    const verdict = page.locator('.verdict .status');
    await verdict.waitFor();
    return (await verdict.textContent()) ?? '';
  }

  it('verifies a receipt in the page, and says which lie it finds', async () => {
    const good = await open(fileOf('good.html'));
    expect(await verifyFiles(good.page, join(receipts, 'module.wasm'))).toContain('✓');
    expect(await violations(good.page)).toEqual([]);
    expect(good.complaints).toEqual([]);
    await good.page.close();
    const other = join(root, 'test', 'vectors', 'receipts', 'trap', 'module.wasm');
    const lie = await open(fileOf('good.html'));
    expect(await verifyFiles(lie.page, other)).toBe('✗ RECEIPT_MODULE');
    await lie.page.close();
  });

  it('shows what an edit of the policy lets in, and refuses what is none', async () => {
    const { page, complaints } = await open(fileOf('good.html'));
    const text = page.getByLabel('Policy, as JSON');
    const save = page.getByRole('button', { name: 'Save a copy' });
    expect(await save.isDisabled()).toBe(true);
    const original = await text.inputValue();
    await text.fill(original.replace('"allowDebug": false', '"allowDebug": true'));
    await page.getByText('enclaves whose memory can be read are accepted').waitFor();
    expect(await page.locator('.diff ins').textContent()).toContain('"allowDebug": true');
    expect(await page.locator('.diff del').textContent()).toContain('"allowDebug": false');
    expect(await violations(page)).toEqual([]);
    const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
    const saved = readFileSync(await download.path(), 'utf8');
    expect(JSON.parse(saved)).toMatchObject({ allowDebug: true });
    await text.fill('{"version":1,"releases":[]}');
    await page.getByText('ATTESTATION_POLICY_EMPTY').waitFor();
    expect(await save.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Start over' }).click();
    expect(await text.inputValue()).toBe(original);
    expect(complaints.filter((line) => !line.startsWith('asked for blob:'))).toEqual([]);
    await page.close();
  });

  it('is reached by keyboard alone, in the order of the page', async () => {
    const { page } = await open(fileOf('good.html'));
    const focused: unknown[] = [];
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      const name = 'document.activeElement?.id || document.activeElement?.innerText || ""';
      focused.push(await page.evaluate(name));
    }
    expect(focused[0]).toBe('To the evidence');
    for (const wanted of [
      'policy-text',
      'file-receipt',
      'file-request',
      'file-module',
      'Verify here',
    ]) {
      expect(focused, wanted).toContain(wanted);
    }
    await page.close();
  });

  it('works under the headers of its server, where the button attests anew', async () => {
    let looked = 0;
    const server: ConsoleServer = await serveConsole(
      async () => {
        looked += 1;
        return stateOf();
      },
      0,
      app,
    );
    try {
      const { page, complaints } = await open(server.url);
      await page.getByRole('button', { name: 'Attest every node again' }).click();
      await page.locator('.chart canvas').waitFor();
      expect(looked).toBe(2);
      expect(await verifyFiles(page, join(receipts, 'module.wasm'))).toContain('✓');
      expect(complaints.filter((line) => !line.includes('favicon'))).toEqual([]);
      await page.close();
    } finally {
      await server.close();
    }
  });
});
