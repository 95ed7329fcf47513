// The cabinet in a browser that runs no script: every step is a form or a link.

import assert from 'node:assert/strict';
import { BY_HAND, work } from './cabinet.mjs';

work('signing in, a filter, a payment, a refund', BY_HAND, async (desk) => {
  const login = `vera-${desk.mark}`;
  const { order, minor } = await desk.pay();
  const first = await desk.addUser(login, '--project', '100');
  const vera = await desk.stranger();
  const { list, card, page } = vera;
  await vera.entry.enter(login, first);
  await vera.entry.replace(first, `правильная лошадь ${desk.mark}`);
  await page.waitForURL(/\/cabinet\/payments/);
  const panel = await list.openFilter();
  await panel.locator('input[name=status][value=success]').check();
  await page.fill('#f-min', desk.typed(minor));
  await page.fill('#f-max', desk.typed(minor));
  await vera.button('Применить фильтр', 'Apply the filter').click();
  await page.waitForURL(/status=success/);
  await vera.reloadUntil(list.row(order));
  await vera.see('payments');
  await list.row(order).locator('[data-open]').click();
  await card.article.waitFor();
  await card.tab('История', 'History');
  await card.tab('Параметры операции', 'Operation');
  await vera.see('payment');
  await card.openRefund();
  await card.dialog.locator('input[name=way][value=part]').check();
  await card.dialog.locator('#sum').fill('0');
  await card.goOn();
  await card.dialog.locator('#sum[aria-invalid]').waitFor();
  await vera.see('refund-wrong');
  await card.dialog.locator('#sum').fill(desk.typed(1000));
  await card.goOn();
  await card.confirm().waitFor();
  await vera.see('refund-confirm');
  await card.confirm().click();
  await vera.noticed('отправлен в банк', 'was sent to the bank');
  await card.becomes('Частично возвращен клиенту', 'Partially refunded');
  assert.equal((await desk.demo.order('rbs', minor)).refunded_minor, 1000);
});
