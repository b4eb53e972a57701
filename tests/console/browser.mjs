// Debian's Chromium, driven by playwright-core, for tests of the web console. HY_CHROMIUM names another one.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const executablePath = process.env.HY_CHROMIUM ?? '/usr/bin/chromium';
const findMaxMs = 30_000; // under sanitizers, beside other tests

/** A browser of its own for the test, whose pages may not complain: of scripts, policies, or addresses. */
export async function startBrowser(t) {
  const browser = await chromium.launch({
    executablePath,
    // Chromium's own sandbox cannot be had by root, nor in most containers.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  const complaints = [];

  t.after(async () => {
    await browser.close();
    assert.deepEqual(complaints, []);
  });
  return { browser, complaints };
}

/** A page in a profile of its own, at the console of that server. */
export async function openConsole({ browser, complaints }, server, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();

  page.setDefaultTimeout(findMaxMs);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // The browser says itself of each answer that is an error; the pages have to cope with those.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  await page.goto(`${server.url}/console/`);
  return page;
}

export async function signIn(page, key) {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The row of a table, by what its first cell begins with. */
export function row(page, table, name) {
  return page.locator(`[data-test=${table}] tbody tr`, { hasText: name });
}

/** The text of the cell under that heading. */
export async function cell(page, table, name, heading) {
  await row(page, table, name).first().waitFor();
  const headings = await page.locator(`[data-test=${table}] thead th`).allInnerTexts();
  const at = headings.findIndex((text) => text.trim() === heading);

  assert.notEqual(at, -1, `${heading} is not among ${headings}`);
  return (await row(page, table, name).locator('td').nth(at).innerText()).trim();
}
