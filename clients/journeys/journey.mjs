// A journey: a payer with a browser of a size and a language goes from the demo's shop to its
// result page, and then the shop's feed and the emulator's books are looked at.
//
// Guarantees: every sum is used once in a file, so that an order is found by its sum; each screen
// is scanned for accessibility once per size and language; scripts that fail, what a policy has
// blocked and findings of `altyn check` fail the tests. Nothing waits by the clock.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Demo } from './demo.mjs';
import { BankPage, BillsPage, IssuerPage } from './pages/bank.mjs';
import { PaymentPage } from './pages/payment.mjs';
import { ShopPage } from './pages/shop.mjs';
import { PATIENCE_MS, launch, money, openContext, scan, shoot, watch } from './screens.mjs';

const place = (size, lang, more = {}) => ({ size, lang, ...more });
/** Both sizes in both languages. */
export const EVERYWHERE = ['desktop', 'phone'].flatMap((size) =>
  ['ru', 'en'].map((lang) => place(size, lang)),
);
/** Each size and each language once. */
export const PAIRED = [place('desktop', 'en'), place('phone', 'ru')];
/** One place, for what does not depend on it. */
export const ONCE = [place('phone', 'ru')];
/** Without script. */
export const BY_HAND = [place('phone', 'ru', { js: false })];

let demo;
let browser;
let sums = 100_001; // Hundredths; the sum of the last order of this file.

before(async () => {
  [demo, browser] = await Promise.all([Demo.start(), launch()]);
});
after(async () => {
  await browser?.close();
  const findings = await demo?.stop();
  assert.equal(findings, '', 'altyn check');
});

/** A test of a walk in each of the places. */
export function journey(name, places, walk) {
  for (const at of places) {
    const script = at.js === false ? ', no script' : '';
    test(`${name}: ${at.size}, ${at.lang}${script}`, async (t) => {
      const payer = await Payer.arrive(t, at);
      await walk(payer, t);
      assert.deepEqual(payer.troubles, []);
    });
  }
}

const scanned = new Set();
// What every journey passes; `main.test.mjs` looks at it in every size and language.
const COMMON = /^(shop|bank|bank-result|issuer|payment-choose-card|(payment|receipt|feed)-success)$/;
const IS_MAIN = process.argv[1].endsWith('main.test.mjs');

export class Payer {
  static async arrive(t, at) {
    const context = await openContext(browser, at);
    t.after(() => context.close());
    const payer = new Payer(context, at);
    await payer.tab();
    return payer;
  }

  constructor(context, { size, lang, js = true }) {
    Object.assign(this, { context, size, lang, js, demo, troubles: [] });
    sums += 1;
    this.minor = sums;
  }

  /** Opens a tab and goes on in it. */
  async tab() {
    const page = await this.context.newPage();
    watch(page, this.troubles);
    return this.in(page);
  }

  /** Goes on in this tab. */
  in(page) {
    this.page = page;
    this.shop = new ShopPage(this, page);
    this.payment = new PaymentPage(this, page);
    this.bank = new BankPage(this, page);
    this.issuer = new IssuerPage(this, page);
    this.bills = new BillsPage(this, page);
    return page;
  }

  /** The partner takes whole shillings only. */
  wholeSum() {
    this.minor *= 100;
  }

  /** Russian or English. */
  pick(russian, english) {
    return this.lang === 'ru' ? russian : english;
  }

  /** The sum as the shop's form takes it. */
  get sum() {
    return `${Math.floor(this.minor / 100)},${String(this.minor % 100).padStart(2, '0')}`;
  }

  /** The sum as pages write it. */
  money(currency = 'RUB', minor = this.minor) {
    return money(this.lang, minor, currency);
  }

  /** Looks at a screen: a picture where they are wanted, and what hinders people. */
  async see(name) {
    const script = this.js ? '' : '-no-script';
    const key = `${name}-${this.size}-${this.lang}${script}`;
    if (scanned.has(key) || (this.js && !IS_MAIN && COMMON.test(name))) return;
    scanned.add(key);
    await shoot(this.page, key);
    if (!this.js) return; // The scan is a script; the page is the same.
    for (const frame of this.page.frames()) await scan(frame, key);
  }

  /** Waits for a condition that no locator can tell, looking again after each reload. */
  async reloadUntil(locator) {
    const until = Date.now() + PATIENCE_MS;
    while (!(await locator.count())) {
      if (Date.now() > until) throw new Error(`${locator} did not come`);
      await this.page.reload();
    }
  }

  /**
   * The end of a journey: what the shop was told of the order, oldest first, as
   * [payment status, operation, code]; and how the provider's order of this sum stands.
   */
  async ends({ status, told, at = 'rbs', ...books }) {
    await this.shop.told(status);
    assert.deepEqual(await this.shop.callbacks(), told);
    const order = await this.demo.order(at, this.minor);
    const named = Object.keys(books).map((name) => [name, order?.[name]]);
    assert.deepEqual(Object.fromEntries(named), books);
  }
}
