// The other ways to pay: by a bill, by asking what is missing, by changing one's mind.

import assert from 'node:assert/strict';
import { CARDS } from './pages/payment.mjs';
import { EVERYWHERE, journey } from './journey.mjs';
import { paid } from './told.mjs';

journey('Alfa-Click by bill', EVERYWHERE, async (payer) => {
  const login = `payer-${payer.minor}`;
  await payer.shop.buy({ way: 'alfa-click-bill' });
  await payer.payment.choose('alfa-click');
  await payer.payment.field('customer_account_number').fill(login);
  await payer.payment.pay();
  await payer.payment.screen('instruction');
  const waits = payer.page;

  await payer.tab();
  await payer.bills.pay(login);
  await payer.page.close();

  // The page learns of it by itself.
  payer.in(waits);
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], scenario: 'instruction', login, charges: 1 });
});

journey('the partner asks for what the shop does not know', EVERYWHERE, async (payer) => {
  payer.wholeSum();
  await payer.shop.buy({ way: 'card-partner' });
  await payer.payment.choose('card-partner');
  await payer.payment.field('customer_phone').fill('нет');
  await payer.payment.field('customer_email').fill('payer@example.com');
  await payer.payment.pay();
  await payer.page.locator('[name=customer_phone][aria-invalid]').waitFor();
  await payer.see('payment-missing');
  await payer.payment.field('customer_phone').fill('+254 712 375-678');
  await payer.payment.pay();
  await payer.bank.press();
  await payer.bank.back();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], at: 'ipay', charges: 1 });
});

journey('given up at the bank, then paid by card', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'any' });
  await payer.payment.choose('alfa-click');
  await payer.payment.field('customer_account_number').fill('ivanov');
  await payer.payment.pay();
  await payer.bank.press('cancel');
  await payer.bank.back();
  await payer.payment.again();
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.shop.told('success');
  const told = await payer.shop.callbacks();
  assert.deepEqual(told, [['decline', 'sale decline', '20301'], paid]);
  const orders = await payer.demo.orders('rbs', payer.minor);
  assert.deepEqual(orders.map((order) => order.charges), [0, 1]);
});

journey('given up on the waiting page, then paid by card', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'any' });
  await payer.payment.choose('alfa-click');
  await payer.payment.field('customer_account_number').fill('ivanov');
  await payer.payment.pay();
  await payer.bank.open();
  await payer.page.goBack();
  await payer.payment.screen('waiting');
  await payer.see('payment-waiting');
  await payer.page.locator('form[action$="/cancel"] button').click();
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.shop.told('success');
  const orders = await payer.demo.orders('rbs', payer.minor);
  assert.deepEqual(orders.map((order) => order.charges), [0, 1]);
});
