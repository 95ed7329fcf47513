// The cabinet's pages that most work passes: the sign-in, the list of payments, one payment.

export class SignInPage {
  constructor(desk, page) {
    Object.assign(this, { desk, page });
  }

  /** Opens the sign-in and sends the login and the password. */
  async enter(login, password) {
    await this.page.goto(`${this.desk.demo.platform}/cabinet/sign-in`);
    await this.page.fill('#login', login);
    await this.page.fill('#password', password);
    await this.page.click('.button--main');
  }

  /** Replaces a password, at the first sign-in or at the account's page. */
  async replace(old, own, again = own) {
    await this.page.fill('#old', old);
    await this.page.fill('#new', own);
    await this.page.fill('#again', again);
    await this.desk.button('Сменить пароль', 'Change the password').click();
  }
}

export class ListPage {
  constructor(desk, page) {
    Object.assign(this, { desk, page });
    this.rows = page.locator('tr[data-row]');
    this.tags = page.locator('.tags .tag');
    this.sentence = page.locator('p.sentence');
    this.news = page.locator('[data-news] a');
  }

  /** Opens the list of what is asked and waits until so many payments of it are listed. */
  async open(query, count) {
    await this.desk.open(`/cabinet/payments?${new URLSearchParams(query)}`);
    if (count !== undefined) await this.desk.reloadUntil(this.page.locator(this.exactly(count)));
  }

  /** A selector of the list when it has so many rows. */
  exactly(count) {
    const last = `tr[data-row]:nth-child(${count})`;
    return count ? `tbody[data-rows]:has(${last}):not(:has(${last} ~ tr))` : '.state';
  }

  row(order) {
    return this.page.locator('tr[data-row]', { hasText: order });
  }

  /** The orders listed, in the order they stand in. */
  async orders() {
    return (await this.rows.locator('td[data-label="Заказ"], td[data-label="Order"]').allInnerTexts())
      .map((text) => text.trim());
  }

  /** Searches by the box at the top. */
  async search(text) {
    await this.page.fill('#search', text);
    await this.page.press('#search', 'Enter');
    await this.page.waitForURL((url) => url.searchParams.get('q') === text);
  }

  /** Opens the panel «Фильтр платежей». */
  async openFilter() {
    const panel = this.page.locator('details.filter');
    if (!(await panel.evaluate((own) => own.open))) await panel.locator('> summary').click();
    return panel;
  }

  /** Where a row stands in the window. */
  async top(order) {
    return Math.round((await this.row(order).boundingBox()).y);
  }
}

export class CardPage {
  constructor(desk, page) {
    Object.assign(this, { desk, page });
    this.article = page.locator('article[data-payment]');
    this.panel = this.article.locator('.panel');
    this.deeds = this.article.locator('.deeds');
    this.status = this.article.locator('.payment__title .chip');
    this.dialog = page.locator(desk.js === false ? '.dialog--page' : 'dialog#layer[open]');
  }

  /** Opens a tab by its name. */
  async tab(russian, english) {
    const name = this.desk.pick(russian, english);
    await this.article.locator('.tabs').getByRole('link', { name, exact: true }).click();
    await this.article.locator('.tabs [aria-current=page]', { hasText: name }).waitFor();
  }

  /** A deed that is offered, by its words. */
  deed(russian, english) {
    const name = this.desk.pick(russian, english);
    return this.deeds.locator('.button', { hasText: name });
  }

  async openRefund() {
    await this.deed('Полный или частичный возврат платежа', 'Full or partial refund').click();
    await this.dialog.locator('form').waitFor();
  }

  /** Goes to the next step of a dialog. */
  async goOn() {
    await this.dialog.locator('button[value=check]').click();
  }

  /** The last step's button. */
  confirm() {
    return this.dialog.locator('button[value=confirm]');
  }

  /** What a field of the dialog is told to be wrong with. */
  error() {
    return this.dialog.locator('.error');
  }

  /** Reloads until the payment's status says so. */
  async becomes(russian, english) {
    const text = this.desk.pick(russian, english);
    await this.desk.reloadUntil(this.status.filter({ hasText: new RegExp(`^\\s*${text}\\s*$`) }));
  }
}
