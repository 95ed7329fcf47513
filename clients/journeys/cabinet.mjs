// A piece of work at the cabinet: somebody with a browser of a size and a language, in front of the
// demo's platform, and a shop that makes payments by the Gate.
//
// Guarantees: what one piece of work makes is found by a word of its own, so that others in the same
// file are not in its way; each screen is scanned for accessibility once per size and language;
// scripts that fail, what a policy has blocked and findings of `altyn check` fail the tests.
// Nothing waits by the clock.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import ecommpay from 'ecommpay';
import { Demo } from './demo.mjs';
import { CardPage, ListPage, SignInPage } from './pages/cabinet.mjs';
import { PATIENCE_MS, launch, money, openContext, scan, shoot, watch } from './screens.mjs';

const place = (size, lang, more = {}) => ({ size, lang, ...more });
/** Both sizes in both languages. */
export const EVERYWHERE = ['desktop', 'phone'].flatMap((size) =>
  ['ru', 'en'].map((lang) => place(size, lang)),
);
/** Each size and each language once. */
export const PAIRED = [place('desktop', 'ru'), place('phone', 'en')];
/** One place, for what does not depend on it. */
export const ONCE = [place('desktop', 'ru')];
/** Without script. */
export const BY_HAND = [place('desktop', 'ru', { js: false }), place('phone', 'en', { js: false })];

/** Who runs the demo; made by it. */
const OPERATOR = 'demo';
const CARDS = { good: '4000000000000077', declined: '4111111111111111' };
const PATHS = { 'alfa-click': 'online-banking/alfa-click' };
const CURRENCIES = { 'card-partner': 'KES' };

let demo;
let browser;
let signedIn; // The operator's cookies: signing in has a test of its own.
let made = 0;

before(async () => {
  [demo, browser] = await Promise.all([Demo.start(), launch()]);
  const context = await openContext(browser, { size: 'desktop', lang: 'ru' });
  const page = await context.newPage();
  const entry = new SignInPage({ demo, pick: (russian) => russian }, page);
  await entry.enter(OPERATOR, await demo.read('password'));
  await page.waitForURL(/\/cabinet\/payments/);
  const { cookies } = await context.storageState();
  // The language is each browser's own.
  signedIn = { cookies: cookies.filter(({ name }) => !/lang/.test(name)), origins: [] };
  await context.close();
});
after(async () => {
  await browser?.close();
  const findings = await demo?.stop();
  assert.equal(findings, '', 'altyn check');
});

/** A test of work in each of the places, by the demo's operator. */
export function work(name, places, doing) {
  for (const at of places) {
    const script = at.js === false ? ', no script' : '';
    test(`${name}: ${at.size}, ${at.lang}${script}`, async (t) => {
      const desk = await Desk.sit(t, at, { storageState: signedIn });
      await doing(desk, t);
      assert.deepEqual(desk.troubles, []);
    });
  }
}

const scanned = new Set();

export class Desk {
  static async sit(t, at, more = {}) {
    const context = await openContext(browser, at, { acceptDownloads: true, ...more });
    t.after(() => context.close());
    const desk = new Desk(t, context, at);
    await desk.tab();
    return desk;
  }

  constructor(t, context, at) {
    const { size, lang, js = true } = at;
    Object.assign(this, { t, context, at, size, lang, js, demo, troubles: [] });
    made += 1;
    /** A word that only this work's payments have. */
    this.mark = `walk${String(made).padStart(3, '0')}x`;
    this.minor = 100_000 * made;
    this.orders = 0;
  }

  /** Another browser, of somebody who has not signed in. */
  async stranger() {
    const desk = await Desk.sit(this.t, this.at);
    desk.troubles = this.troubles;
    return desk;
  }

  /** Opens a tab and goes on in it. */
  async tab() {
    const page = await this.context.newPage();
    watch(page, this.troubles);
    this.page = page;
    this.list = new ListPage(this, page);
    this.card = new CardPage(this, page);
    this.entry = new SignInPage(this, page);
    return page;
  }

  /** Russian or English. */
  pick(russian, english) {
    return this.lang === 'ru' ? russian : english;
  }

  /** A sum as pages write it. */
  money(minor, currency) {
    return money(this.lang, minor, currency);
  }

  /** A sum as people type it. */
  typed(minor) {
    return (minor / 100).toFixed(2).replace('.', this.pick(',', '.'));
  }

  async open(path) {
    return this.page.goto(path.startsWith('http') ? path : demo.platform + path);
  }

  /** A button, a link, a heading by its words. */
  button(russian, english) {
    return this.page.getByRole('button', { name: this.pick(russian, english), exact: true });
  }

  link(russian, english) {
    return this.page.getByRole('link', { name: this.pick(russian, english), exact: true });
  }

  heading(russian, english) {
    return this.page.getByRole('heading', { name: this.pick(russian, english), exact: true });
  }

  field(russian, english) {
    return this.page.getByLabel(this.pick(russian, english), { exact: true });
  }

  /** The line that is shown once after something was done. */
  async noticed(russian, english) {
    await this.page.locator('.notice--success', { hasText: this.pick(russian, english) }).waitFor();
  }

  /** Looks at a screen: a picture where they are wanted, and what hinders people. */
  async see(name) {
    const script = this.js ? '' : '-no-script';
    const key = `cabinet-${name}-${this.size}-${this.lang}${script}`;
    if (scanned.has(key)) return;
    scanned.add(key);
    await shoot(this.page, key);
    assert.equal(await this.isWider(), false, `${key} is wider than its window`);
    if (this.js) await scan(this.page.mainFrame(), key); // The scan is a script; the page is the same.
  }

  /** Whether the page has to be moved sideways. */
  async isWider() {
    const { width } = this.page.viewportSize();
    const box = await this.page.locator('html').evaluate((root) => root.scrollWidth);
    return box > width;
  }

  /** Waits for a condition that only a reload can tell. */
  async reloadUntil(locator) {
    const until = Date.now() + PATIENCE_MS;
    while (!(await locator.count())) {
      if (Date.now() > until) throw new Error(`${locator} did not come`);
      await this.page.reload();
    }
  }

  /** Adds a user by the command line; the first password. */
  async addUser(login, ...args) {
    const said = await demo.altyn('user', 'add', login, ...args);
    return said.split('shown this once: ')[1].trim();
  }

  /** Posts a request of the shop, signed by the published library. */
  async gate(path, body, project = 100) {
    const whole = { ...body, general: { project_id: project, ...body.general } };
    whole.general.signature = ecommpay.signer(whole, await demo.read('secret'));
    const answer = await fetch(`${demo.platform}/v2/payment/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(whole),
    });
    return { status: answer.status, said: await answer.json() };
  }

  /**
   * Asks for a payment, and waits until it stands as expected, as the Gate says it; what the shop
   * calls it and its sum.
   */
  async pay({ way = 'card', action = 'sale', until = 'success', card = 'good', project = 100, ...more } = {}) {
    this.orders += 1;
    const order = `${this.mark}-${this.orders}`;
    const minor = more.minor ?? this.minor + this.orders * 100;
    const { status, said } = await this.gate(
      `${PATHS[way] ?? way}/${action}`,
      {
        general: { payment_id: order },
        customer: {
          id: `customer-${this.mark}`,
          ip_address: '198.51.100.7',
          ...(way === 'alfa-click' && { account_id: 'ivanov' }),
          ...(way === 'card-partner' && { phone: '254712375678', email: 'payer@example.com' }),
          ...more.customer,
        },
        payment: {
          amount: minor,
          currency: CURRENCIES[way] ?? 'RUB',
          description: `Заказ ${order}`,
        },
        ...(way === 'card' && {
          card: { pan: CARDS[card], year: 2039, month: 12, card_holder: 'IVAN IVANOV', cvv: '123' },
        }),
        ...(way !== 'card' && {
          return_url: { success: demo.shop, decline: demo.shop, return: demo.shop },
        }),
        ...(more.cart && { receipt_data: { positions: more.cart } }),
      },
      project,
    );
    assert.equal(status, 200, JSON.stringify(said));
    await this.stands(order, until, project);
    return { order, minor };
  }

  /** Does it as soon as the platform knows a project that was added beside it. */
  async knownIn(project, act) {
    const until = Date.now() + PATIENCE_MS;
    const asked = () => this.gate('status', { general: { payment_id: 'nothing' } }, project);
    while ((await asked()).status === 404) if (Date.now() > until) throw new Error(`no project ${project}`);
    return act();
  }

  /** Waits until the Gate says that a payment stands so; what it says. */
  async stands(order, wanted, project = 100) {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const { said } = await this.gate('status', { general: { payment_id: order } }, project);
      if (said.payment?.status === wanted) return said;
      if (Date.now() > until) throw new Error(`${order}: ${JSON.stringify(said)}, not ${wanted}`);
    }
  }

  /** Pays at the bank as if from another device. */
  async press(minor) {
    const { order_number: order } = await demo.order('rbs', minor);
    await demo.tell('press', { provider: 'rbs', order, action: 'pay' });
  }

  /** Goes where the shop was told to send the payer, in another tab, and pays there. */
  async payAtPartner(order) {
    const { redirect_data: to } = await this.stands(order, 'awaiting redirect result');
    const page = await this.context.newPage();
    await page.goto(demo.shop);
    const leaving = page.waitForURL(/\/v3\//);
    await page.evaluate(({ url, method, body }) => {
      const form = Object.assign(document.createElement('form'), { action: url, method });
      for (const [name, value] of Object.entries(body)) {
        form.append(Object.assign(document.createElement('input'), { name, value }));
      }
      document.body.append(form);
      form.submit();
    }, to);
    await leaving;
    await page.locator('form.actions button[value=pay]').click();
    await page.locator('a.button.primary').click();
    await page.waitForURL((url) => url.origin === demo.shop);
    await page.close();
  }

  /** Opens a payment of this work at its own address. */
  async openPayment(order) {
    await this.open(`/cabinet/payments?q=${order}`);
    const link = this.list.row(order).locator('[data-open]');
    await this.reloadUntil(link);
    await this.open(await link.getAttribute('href'));
    await this.card.article.waitFor();
  }
}
