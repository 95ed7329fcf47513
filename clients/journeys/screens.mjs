// What journeys of payers and of the cabinet look at screens with: the browser, its sizes, pictures
// where ALTYN_SHOTS_DIR wants them, and the scan for what hinders people.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const SHOTS = process.env.ALTYN_SHOTS_DIR;
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** How long anything may take that a person waits for. */
export const PATIENCE_MS = 60_000;

/** Starts the browser for a file of tests. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.ALTYN_CHROMIUM || '/usr/bin/chromium-headless-shell',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu'],
  });
}

/** A window of this size and language; Russian is light, English is dark. */
export async function openContext(browser, { size, lang, js = true }, more = {}) {
  const context = await browser.newContext({
    viewport: SIZES[size],
    locale: lang === 'ru' ? 'ru-RU' : 'en-US',
    colorScheme: lang === 'ru' ? 'light' : 'dark',
    hasTouch: size === 'phone',
    javaScriptEnabled: js,
    ...more,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return context;
}

/** Notes scripts that fail and what a policy has blocked. */
export function watch(page, troubles) {
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) troubles.push(message.text());
  });
}

/** A sum of hundredths as pages write it. */
export function money(lang, minor, currency = 'RUB') {
  const russian = lang === 'ru';
  const [whole, part] = (minor / 100).toFixed(2).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, russian ? '\u202f' : ',');
  const number = grouped + (russian ? ',' : '.') + part;
  const sign = currency === 'RUB' ? '₽' : currency;
  if (russian) return `${number}\u202f${sign}`;
  return currency === 'RUB' ? `₽${number}` : `${currency}\u202f${number}`;
}

/** A picture where they are wanted. */
export async function shoot(page, key) {
  if (!SHOTS) return;
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${key}.png`), fullPage: true });
}

/** What the law and the standard call serious. */
export async function scan(frame, key) {
  if (!/^https?:/.test(frame.url())) return;
  const { violations } = await frame.evaluate(`${AXE}; axe.run({ iframes: false, preload: false })`);
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  assert.deepEqual(serious, [], key);
}
