// Money moved at the cabinet: refunds, captures, and the word of a payment sent again. What is done
// twice happens once, and the emulated bank agrees.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before } from 'node:test';
import { EVERYWHERE, ONCE, PAIRED, work } from './cabinet.mjs';

/** The project whose shop refuses what it is told, until it is told to take it. */
const DEAF = 300;
let taking = false;
let shop;

before(async () => {
  shop = createServer((request, response) => {
    request.resume();
    response.writeHead(taking ? 200 : 503).end(taking ? 'OK' : 'closed');
  });
  await new Promise((done) => shop.listen(0, '127.0.0.1', done));
});
after(() => shop.close());

const refunded = async (desk, minor) => (await desk.demo.order('rbs', minor)).refunded_minor;

work('a part is returned, then the rest', EVERYWHERE, async (desk) => {
  const { card } = desk;
  const { order, minor } = await desk.pay();
  const part = 30_050;
  await desk.openPayment(order);
  await card.openRefund();
  await desk.see('refund');
  await card.dialog.locator('input[name=way][value=part]').check();
  // What is wrong is told at the field.
  const most = desk.money(minor);
  for (const [typed, told] of [
    ['0', most],
    [desk.typed(minor + 1), most],
    ['-5', undefined],
    ['пять', undefined],
    ['1 000,505', undefined],
  ]) {
    await card.dialog.locator('#sum').fill(typed);
    await card.goOn();
    const field = card.dialog.locator(`#sum[aria-invalid][value="${typed}"]`);
    await field.waitFor();
    assert.match(await field.getAttribute('aria-describedby'), /sum-error/);
    if (told) assert.ok((await card.error().innerText()).includes(told), typed);
  }
  await desk.see('refund-wrong');
  await card.dialog.locator('#sum').fill(desk.typed(part));
  await card.dialog.locator('#reason').fill('Чай не тот');
  await card.goOn();
  await card.confirm().waitFor();
  assert.ok((await card.dialog.innerText()).includes(desk.money(part)));
  await desk.see('refund-confirm');
  await card.confirm().click();
  await desk.noticed('отправлен в банк', 'was sent to the bank');
  await card.becomes('Частично возвращен клиенту', 'Partially refunded');
  assert.equal(await refunded(desk, minor), part);
  await card.tab('Возвраты', 'Refunds');
  assert.match(await card.panel.innerText(), /demo/);
  assert.match(await card.panel.innerText(), /Чай не тот/);
  await desk.see('refunded-part');

  await card.openRefund();
  assert.ok((await card.dialog.innerText()).includes(desk.money(minor - part)));
  await card.goOn();
  await card.confirm().click();
  await desk.noticed('отправлен в банк', 'was sent to the bank');
  await card.becomes('Возвращён клиенту', 'Refunded');
  assert.equal(await refunded(desk, minor), minor);
  assert.equal(await card.deed('Полный или частичный возврат платежа', 'Full or partial refund').count(), 0);
  await card.tab('Проводки', 'Ledger');
  await card.tab('История', 'History');
  assert.match(await card.panel.innerText(), /demo/);
});

work('a double press on the last button is one refund', PAIRED, async (desk) => {
  const { card } = desk;
  const { order, minor } = await desk.pay();
  await desk.openPayment(order);
  await card.openRefund();
  await card.dialog.locator('input[name=way][value=part]').check();
  await card.dialog.locator('#sum').fill(desk.typed(1000));
  await card.goOn();
  await card.confirm().dblclick();
  await desk.noticed('отправлен в банк', 'was sent to the bank');
  await card.becomes('Частично возвращен клиенту', 'Partially refunded');
  await card.tab('Возвраты', 'Refunds');
  assert.equal(await card.panel.locator('tbody tr').count(), 1);
  assert.equal(await refunded(desk, minor), 1000);
});

work('the same step in two windows is one refund', ONCE, async (desk) => {
  const { card } = desk;
  const { order, minor } = await desk.pay();
  await desk.openPayment(order);
  const fields = await desk.page.evaluate(async () => {
    const address = document.querySelector('.deeds a[href$="/refund"]').href;
    const text = await (await fetch(`${address}?part=1`, { headers: { 'X-Requested-With': 'fetch' } })).text();
    const form = new DOMParser().parseFromString(text, 'text/html').querySelector('form');
    const fields = new URLSearchParams(new FormData(form));
    fields.set('way', 'part');
    fields.set('sum', '10,00');
    fields.set('step', 'confirm');
    await Promise.all([1, 2].map(() => fetch(address, { method: 'POST', body: fields })));
    return fields.toString();
  });
  assert.match(fields, /key=/);
  await desk.page.reload();
  await card.becomes('Частично возвращен клиенту', 'Partially refunded');
  assert.equal(await refunded(desk, minor), 1000);
});

work('positions of the cart are returned', PAIRED, async (desk) => {
  const { card } = desk;
  const { order, minor } = await desk.pay({
    minor: desk.minor + 60_000,
    cart: [
      { quantity: '3', amount: '30000', description: `Пуэр ${desk.mark}` },
      { quantity: '2', amount: '20000', description: 'Улун «Те Гуань Инь», очень длинное название товара' },
    ],
  });
  await desk.openPayment(order);
  await card.openRefund();
  await card.dialog.locator('input[name=way][value=part]').check();
  await card.dialog.locator('[name=quantity_0]').fill('4');
  await card.goOn();
  await card.dialog.locator('[name=quantity_0][aria-invalid]').waitFor();
  await desk.see('refund-cart');
  await card.dialog.locator('[name=quantity_0]').fill('1');
  await card.dialog.locator('[name=quantity_1]').fill('2');
  await card.dialog.locator('#sum').fill('');
  await card.goOn();
  await card.confirm().waitFor();
  const said = await card.dialog.innerText();
  assert.ok(said.includes(desk.money(30_000)), said);
  assert.ok(said.includes(`Пуэр ${desk.mark} × 1`), said);
  await desk.see('refund-cart-confirm');
  await card.confirm().click();
  await desk.noticed('отправлен в банк', 'was sent to the bank');
  await card.becomes('Частично возвращен клиенту', 'Partially refunded');
  assert.equal(await refunded(desk, minor), 30_000);
  // The second position is returned whole, of the first two are left.
  await card.openRefund();
  await card.dialog.locator('input[name=way][value=part]').check();
  await card.dialog.locator('[name=quantity_0]').fill('2,5');
  await card.goOn();
  await card.dialog.locator('[name=quantity_0][aria-invalid]').waitFor();
});

work('a method that returns only the whole says so', PAIRED, async (desk) => {
  const { card } = desk;
  const { order } = await desk.pay({ way: 'card-partner', until: 'awaiting redirect result' });
  await desk.payAtPartner(order);
  await desk.stands(order, 'success');
  await desk.openPayment(order);
  await card.becomes('Совершён', 'Success');
  await card.openRefund();
  assert.equal(await card.dialog.locator('#sum').count(), 0);
  assert.match(
    await card.dialog.innerText(),
    desk.lang === 'ru' ? /возвращается только вся сумма/ : /only the whole sum is returned/,
  );
  await desk.see('refund-whole');
  await card.goOn();
  await card.confirm().click();
  await desk.noticed('отправлен в банк', 'was sent to the bank');
  await card.becomes('Возвращён клиенту', 'Refunded');
});

work('a hold is captured in part before its date', PAIRED, async (desk) => {
  const { card } = desk;
  const { order, minor } = await desk.pay({ action: 'auth', until: 'awaiting capture' });
  await desk.openPayment(order);
  await card.becomes('Совершён, авторизован', 'Success, on hold');
  const deeds = await card.deeds.innerText();
  assert.match(deeds, desk.lang === 'ru' ? /спишется \d\d\.\d\d\.\d{4}/ : /captured on \d+ \w+ \d{4}/);
  await desk.see('hold');
  await card.deed('Списать средства', 'Capture the money').click();
  await card.dialog.locator('#sum').fill(desk.typed(minor * 2));
  await card.goOn();
  await card.dialog.locator('#sum[aria-invalid]').waitFor();
  await desk.see('capture-wrong');
  await card.dialog.locator('#sum').fill(desk.typed(minor - 5000));
  await card.goOn();
  await card.confirm().waitFor();
  assert.ok((await card.dialog.innerText()).includes(desk.money(5000)));
  await card.confirm().click();
  await desk.noticed('Списание', 'capture');
  await card.becomes('Совершён', 'Success');
  const books = await desk.demo.order('rbs', minor);
  assert.equal(books.deposited_minor, minor - 5000);
  await card.tab('Параметры операции', 'Operation');
  assert.match(await card.panel.innerText(), desk.pick(/да, частично/, /yes, a part/));
});

work('a shop that was closed is told again', ONCE, async (desk) => {
  const { card, demo, page } = desk;
  const url = `http://127.0.0.1:${shop.address().port}/callback`;
  await demo.altyn(
    'project', 'add', '--id', String(DEAF), '--name', 'Тихая лавка', '--test', 'true',
    '--callback-url', url, '--retry-pauses', '0,0', '--method', 'card=alfabank:200',
    '--secret-file', `${demo.dir}/secret`,
  );
  const { order } = await desk.knownIn(DEAF, () => desk.pay({ project: DEAF }));
  await desk.openPayment(order);
  await card.becomes('Совершён без оповещения', 'Success, not notified');
  await desk.see('stuck');
  await card.tab('История', 'History');
  assert.match(await card.panel.innerText(), /503/);
  taking = true;
  await card.deed('Отправить оповещение', 'Send the notification').click();
  await page.locator('.notice--success').waitFor();
  await card.becomes('Совершён', 'Success');
});
