// The emulated bank, partner and card issuer, as a payer meets them.

/** The page of Alfa-Click and of the partner: one button to press. */
export class BankPage {
  constructor(payer, page) {
    Object.assign(this, { payer, page });
  }

  button(action) {
    return this.page.locator(`form.actions button[name=action][value=${action}]`);
  }

  /** Waits until the payer is there. */
  async open() {
    await this.button('pay').waitFor();
    await this.payer.see('bank');
  }

  /** `pay` or `cancel`; whether it is paid is decided by the sum. */
  async press(action = 'pay') {
    await this.open();
    await this.button(action).click();
  }

  /** Goes back without waiting to be taken. */
  async back() {
    const link = this.page.locator('a.button.primary');
    await link.waitFor();
    await this.payer.see('bank-result');
    await link.click();
  }
}

/** The card issuer's question for a code. */
export class IssuerPage {
  constructor(payer, root) {
    Object.assign(this, { payer, root });
  }

  /** Any 4 to 6 digits will do; 0000 fails. */
  async answer(code = '123456') {
    const field = this.root.locator('#code');
    await field.waitFor();
    await this.payer.see('issuer');
    await field.fill(code);
    await this.root.locator('button[name=action][value=confirm]').click();
    await this.goOn();
  }

  async cancel() {
    await this.root.locator('button[name=action][value=cancel]').click();
    await this.goOn();
  }

  /** The way back is a form, which sends itself where scripts run. */
  async goOn() {
    if (!this.payer.js) await this.root.locator('form#return button').click();
  }
}

/** The bank's own site, where bills of a login are paid. */
export class BillsPage {
  constructor(payer, page) {
    Object.assign(this, { payer, page });
  }

  /** Logs in and pays the bill of this order's sum. */
  async pay(login) {
    const { page, payer } = this;
    await page.goto(`${payer.demo.sandbox}/bank/?lang=${payer.lang}`);
    await page.fill('#login', login);
    await page.click('button.primary');
    const bill = page.locator('.bill');
    await bill.waitFor();
    await payer.see('bills');
    await bill.locator('button[value=pay]').click();
    await page.locator('.bill .chip.success').waitFor();
  }
}
