// The table «Платежи» and one payment: filter, search, pages, what changes by itself, tabs, keys.

import assert from 'node:assert/strict';
import { EVERYWHERE, ONCE, PAIRED, work } from './cabinet.mjs';

const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Moscow' }).format();

work('the filter, its chips, and a view that is sent to somebody', EVERYWHERE, async (desk) => {
  const { list, page, mark } = desk;
  const paid = await desk.pay();
  const small = await desk.pay({ minor: desk.minor - 100 });
  const declined = await desk.pay({ card: 'declined', until: 'decline' });
  await list.open({ q: mark }, 3);
  await desk.see('payments');
  const panel = await list.openFilter();
  await panel.locator('input[name=status][value=success]').check();
  await panel.locator('input[name=status][value=obtained]').check();
  await page.fill('#f-from', today());
  await page.fill('#f-to', today());
  await page.fill('#f-min', desk.typed(desk.minor));
  await page.fill('#f-max', desk.typed(desk.minor + 1000));
  await desk.see('payments-filter');
  await desk.button('Применить фильтр', 'Apply the filter').click();
  await page.waitForURL(/status=success/);
  await page.locator(list.exactly(1)).waitFor();
  assert.deepEqual(await list.orders(), [paid.order]);
  assert.match(await list.sentence.innerText(), new RegExp(mark));
  assert.ok((await list.sentence.innerText()).includes(desk.money(paid.minor)));
  assert.match(await list.sentence.innerText(), desk.lang === 'ru' ? /1 платёж на/ : /1 payment for/);
  const chips = await list.tags.allInnerTexts();
  assert.equal(chips.length, 8, chips.join(' | ')); // Two statuses, two days, two sums, the search; all.
  await desk.see('payments-filtered');

  // The address is the view.
  const view = page.url();
  const sentence = await list.sentence.innerText();
  await desk.tab();
  await desk.open(view);
  assert.equal(await desk.list.sentence.innerText(), sentence);
  assert.deepEqual(await desk.list.orders(), [paid.order]);

  // Conditions go one by one.
  const less = desk.pick(/сумма от/, /sum from/);
  await desk.list.tags.filter({ hasText: less }).click();
  await desk.page.locator(desk.list.exactly(2)).waitFor();
  assert.deepEqual(await desk.list.orders(), [small.order, paid.order]);
  const statuses = desk.list.tags.filter({ hasText: desk.pick(/статус/, /status/) });
  for (const left of [1, 0]) {
    await statuses.first().click();
    await desk.page.waitForURL((url) => url.searchParams.getAll('status').length === left);
  }
  await desk.page.locator(desk.list.exactly(3)).waitFor();
  assert.deepEqual(await desk.list.orders(), [declined.order, small.order, paid.order]);
});

work('search by part of whatever is at hand', PAIRED, async (desk) => {
  const { list, mark } = desk;
  const named = await desk.pay({
    customer: { first_name: `Мария${mark}`, last_name: 'Львова', email: `maria.${mark}@example.com` },
  });
  const other = await desk.pay();
  await list.open({}, undefined);
  for (const [text, found] of [
    [`мария${mark}`, [named.order]],
    [`.${mark}@exam`, [named.order]],
    [mark.slice(0, -1), [other.order, named.order]],
    [named.order.slice(3), [named.order]],
  ]) {
    await list.search(text);
    await desk.reloadUntil(desk.page.locator(list.exactly(found.length)));
    assert.deepEqual(await list.orders(), found, text);
  }
  // By a part of the card's number: among others, so it is narrowed by the sum.
  const sum = desk.typed(named.minor);
  for (const part of ['0077', '400000']) {
    await list.open({ q: part, min: sum, max: sum }, 1);
    assert.deepEqual(await list.orders(), [named.order], part);
  }
  await list.open({ q: `${mark}-nobody` }, 0);
  await desk.heading('Ничего не найдено', 'Nothing found').waitFor();
  await desk.see('payments-nothing');
  // What is no date or no sum is told at the field, and nothing is hidden by it.
  await list.open({ q: mark, min: 'много', from: '2026-11-22', to: '2026-11-01' });
  await desk.page.locator('#f-min[aria-invalid]').waitFor();
  await desk.page.locator('#f-to[aria-invalid]').waitFor();
  await desk.see('payments-wrong-filter');
});

work('page by page', ONCE, async (desk) => {
  const { list, page } = desk;
  const waiting = { way: 'alfa-click', until: 'awaiting redirect result' };
  for (let number = 0; number < 12; number += 1) await desk.pay(number % 4 ? waiting : {});
  await list.open({ q: desk.mark }, 12);
  await page.selectOption('#size', '10');
  await page.waitForURL(/size=10/);
  await page.locator(list.exactly(10)).waitFor();
  const first = await list.orders();
  await page.locator('a[rel=next]').click();
  await page.locator(list.exactly(2)).waitFor();
  const rest = await list.orders();
  assert.equal(new Set([...first, ...rest]).size, 12);
  await page.locator('a[rel=prev]').click();
  await page.locator(list.exactly(10)).waitFor();
  assert.deepEqual(await list.orders(), first);
});

work('what happens meanwhile moves no row', PAIRED, async (desk) => {
  const { list, page, mark } = desk;
  const waits = await desk.pay({ way: 'alfa-click', until: 'awaiting redirect result' });
  const paid = await desk.pay();
  await list.open({ q: mark }, 2);
  const row = list.row(waits.order);
  await row.locator('.chip', { hasText: desk.pick('Ожидает оплаты', 'Pending') }).waitFor();
  await row.scrollIntoViewIfNeeded();
  const places = [await list.top(paid.order), await list.top(waits.order)];

  const fresh = await desk.pay();
  await list.news.waitFor();
  assert.match(await list.news.innerText(), desk.lang === 'ru' ? /^1 новый платёж/ : /^1 new payment/);
  assert.deepEqual(await list.orders(), [paid.order, waits.order]);
  assert.deepEqual([await list.top(paid.order), await list.top(waits.order)], places);
  await desk.see('payments-news');

  await desk.press(waits.minor);
  await row.locator('.chip', { hasText: desk.pick('Совершён', 'Success') }).waitFor();
  assert.deepEqual([await list.top(paid.order), await list.top(waits.order)], places);
  await list.news.click();
  await page.locator(list.exactly(3)).waitFor();
  assert.deepEqual(await list.orders(), [fresh.order, paid.order, waits.order]);
});

const TABS = [
  ['Информация о платеже', 'Payment', 'info'],
  ['Параметры операции', 'Operation', 'operation'],
  ['Возвраты', 'Refunds', 'refunds'],
  ['Параметры запроса', 'Request', 'request'],
  ['История', 'History', 'history'],
  ['Проводки', 'Ledger', 'ledger'],
];

work('a payment in its place in the list, and at its own address', EVERYWHERE, async (desk) => {
  const { list, card, page } = desk;
  const wide = desk.size === 'desktop';
  const { order, minor } = await desk.pay({ customer: { email: `${desk.mark}@example.com` } });
  await list.open({ q: desk.mark }, 1);
  await list.row(order).locator('[data-open]').click();
  await page.locator('tr.detail article[data-payment]').waitFor();
  assert.ok((await card.article.innerText()).includes(desk.money(minor)));
  await desk.see('payment-open');
  for (const [russian, english, name] of TABS) {
    await card.tab(russian, english);
    if (wide === (desk.lang === 'ru')) await desk.see(`payment-${name}`);
    if (name === 'request') assert.match(await card.panel.innerText(), /fop_fpd|fop_receipt_key|чек|fiscal/i);
    if (name === 'operation') {
      const text = await card.panel.innerText();
      assert.match(text, /400000\D+0077/);
      assert.doesNotMatch(text, /4000000000000077/);
    }
  }
  assert.match(page.url(), /#p\d+$/);
  await page.reload();
  await page.locator('tr.detail article[data-payment]').waitFor();

  await card.article.locator('a[data-own]').click();
  await page.waitForURL(/\/cabinet\/payments\/100\/\d+$/);
  await card.article.waitFor();
  await desk.see('payment-page');
  await card.tab('Параметры операции', 'Operation');
  assert.match(page.url(), /tab=operation/);
  // A parameter explains itself.
  const term = card.panel.locator('.term').first();
  await term.click();
  const told = card.panel.locator('.term__text:popover-open');
  await told.waitFor();
  assert.ok((await told.innerText()).length > 20);
  await desk.see('payment-explained');
  await page.keyboard.press('Escape');
  await told.waitFor({ state: 'hidden' });
});

work('by keys alone', ONCE, async (desk) => {
  const { list, page, mark } = desk;
  const older = await desk.pay();
  const newer = await desk.pay();
  await list.open({ q: mark }, 2);
  const chosen = page.locator('tr[aria-selected=true]');
  const detail = page.locator('tr.detail article');
  await page.keyboard.press('j');
  assert.match(await chosen.innerText(), new RegExp(newer.order));
  await page.keyboard.press('j');
  assert.match(await chosen.innerText(), new RegExp(older.order));
  await page.keyboard.press('k');
  assert.match(await chosen.innerText(), new RegExp(newer.order));
  await page.keyboard.press('Enter');
  await detail.waitFor();
  assert.match(await detail.innerText(), new RegExp(newer.order));
  await page.keyboard.press('Escape');
  await detail.waitFor({ state: 'detached' });
  await page.keyboard.press('/');
  await page.keyboard.type(older.order);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('q') === older.order);
  await page.locator(list.exactly(1)).waitFor();
  await page.keyboard.press('/');
  assert.equal(await page.locator('#search').evaluate((own) => own === document.activeElement), true);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#search').evaluate((own) => own === document.activeElement), false);
});
