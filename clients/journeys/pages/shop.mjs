// The demo's shop: the page where things are bought and callbacks are shown, and the result page.

export class ShopPage {
  constructor(payer, page) {
    Object.assign(this, { payer, page });
  }

  /** Opens the shop and presses Buy. */
  async buy({ way = 'any', open = 'redirect', good = 'puer', email, phone } = {}) {
    await this.visit();
    await this.fill({ way, open, good, email, phone });
    await this.press();
  }

  async visit() {
    await this.page.goto(`${this.payer.demo.shop}/`);
    await this.payer.see('shop');
  }

  async fill({ way, open, good, email, phone }) {
    const { page, payer } = this;
    await page.check(`[name=good][value=${good}]`);
    await page.check(`[name=way][value=${way}]`);
    if (payer.js) await page.check(`[name=open][value=${open}]`);
    await page.fill('[name=sum]', payer.sum);
    if (email || phone) {
      await page.locator('.buyer > summary').click();
      if (email) await page.fill('[name=email]', email);
      if (phone) await page.fill('[name=phone]', phone);
    }
  }

  /** Presses Buy, and learns the link that opens and the order's number from it. */
  async press() {
    const opening = this.payer.context.waitForEvent('request', (request) =>
      request.url().startsWith(`${this.payer.demo.platform}/payment?`),
    );
    await this.page.click('#buy button.main');
    this.payer.link = (await opening).url();
    this.payer.order = new URL(this.payer.link).searchParams.get('payment_id');
  }

  /** The result page with the platform's word about the order. */
  async receipt(...statuses) {
    const { page, payer } = this;
    await page.waitForURL((url) => url.origin === payer.demo.shop && /thanks|sorry/.test(url.pathname));
    const found = statuses.map((status) => `.receipt[data-status="${status}"]`).join(', ');
    // It renews itself until the callback is there.
    await page.locator(found).waitFor();
    await payer.see(`receipt-${statuses[0].replaceAll(' ', '-')}`);
  }

  /** The order in the feed. */
  entry() {
    return this.page.locator(`.order[data-order="${this.payer.order}"]`);
  }

  /** Looks at the feed until the order stands so. */
  async told(status) {
    const { page, payer } = this;
    if (new URL(page.url()).origin !== payer.demo.shop || /thanks|sorry/.test(page.url())) {
      const back = page.locator('.receipt a.main');
      if (await back.count()) await back.click();
      else await page.goto(`${payer.demo.shop}/`);
    }
    const entry = page.locator(`.order[data-order="${payer.order}"][data-status="${status}"]`);
    if (payer.js) await entry.waitFor();
    else await payer.reloadUntil(entry);
    await payer.see(`feed-${status.replaceAll(' ', '-')}`);
  }

  /** Captures, cancels or refunds by the button in the feed. */
  async manage(action) {
    await this.entry().locator(`form[action="/orders/${action}"] button`).click();
  }

  /** What was told of the order, oldest first; each must be signed by the platform. */
  async callbacks() {
    const rows = await this.entry()
      .locator('details[data-key]')
      .evaluateAll((rows) =>
        rows.map((row) => [
          row.dataset.paymentStatus,
          row.dataset.operation,
          row.dataset.code,
          row.querySelector('.sign.success') !== null,
        ]),
      );
    const unsigned = rows.filter(([, , , signed]) => !signed);
    if (unsigned.length) throw new Error(`not signed: ${JSON.stringify(unsigned)}`);
    return rows.map(([status, operation, code]) => [status, operation, code]).reverse();
  }
}
