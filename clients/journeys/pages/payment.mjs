// The Payment Page, alone in a tab or in a frame of the shop. Its screens are told apart by
// `data-state` of the body.

/** Cards of the test project, and what they do (ecommpay.md §7). */
export const CARDS = {
  good: '4000000000000077',
  declined: '4111111111111111',
  challenge: '4314220000000056',
  failed: '4314220000000072',
  frictionless: '4477000000000006',
  fallback: '4012000000020063',
};

export class PaymentPage {
  constructor(payer, root) {
    Object.assign(this, { payer, root });
  }

  /** The same page inside a frame of the shop. */
  static inside(payer, selector) {
    return new PaymentPage(payer, payer.page.frameLocator(selector));
  }

  body(state) {
    return this.root.locator(`body[data-state="${state}"]`);
  }

  /** Waits for one of these screens; its name. */
  async screen(...states) {
    const any = states.map((state) => `body[data-state="${state}"]`).join(', ');
    const body = this.root.locator(any);
    await body.waitFor();
    const state = await body.getAttribute('data-state');
    if (['instruction', 'success', 'fail', 'refused'].includes(state)) {
      await this.payer.see(`payment-${state}`);
    }
    return state;
  }

  form(method) {
    return this.root.locator(`form[data-pay]:has(input[name="method"][value="${method}"])`);
  }

  field(name) {
    return this.root.locator(`form[data-pay] [name="${name}"]:visible`);
  }

  /** Opens a method, when there is more than one. */
  async choose(method) {
    await this.screen('choose');
    const tile = this.root.locator(`#way-${method}`);
    if (await tile.count()) await tile.check();
    await this.form(method).waitFor();
    this.method = method;
    await this.payer.see(`payment-choose-${method}`);
  }

  /** Types a card as people read it off. */
  async card(number, { expiry = '12 / 39', cvc = '123', holder = 'IVAN IVANOV' } = {}) {
    await this.field('card_number').fill(number.replace(/(\d{4})(?=\d)/g, '$1 '));
    await this.field('card_expiry').fill(expiry);
    await this.field('card_cvc').fill(cvc);
    const name = this.field('card_holder');
    if (await name.count()) await name.fill(holder);
  }

  button() {
    return this.form(this.method).locator('button.main');
  }

  async pay() {
    await this.button().click();
  }

  /** Goes on to the bank; the page does it by itself where scripts run. */
  async leave() {
    if (this.payer.js) return;
    await this.screen('leaving', 'challenge');
    await this.root.locator('[data-leave]:is(a), [data-leave] button').click();
  }

  /** The bank looks at the browser; without script the payer goes on by a button. */
  async fingerprint() {
    if (this.payer.js) return;
    await this.screen('fingerprint');
    await this.root.locator('form[data-done] button').click();
  }

  /** Waits for the end, and goes back to the shop without waiting to be taken. */
  async outcome(state) {
    await this.screen(state);
    await this.root.locator('a[data-exit]').click();
  }

  /** After a failure: to the choice again. */
  async again() {
    await this.screen('fail');
    await this.root.locator('a.main').click();
  }
}
