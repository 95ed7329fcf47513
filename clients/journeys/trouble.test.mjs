// What payers do and what happens to them: pressing twice, two tabs, the way back, reloading, a
// lost connection, a link that was changed. Nobody pays twice, and the page says what is so.

import assert from 'node:assert/strict';
import { CARDS } from './pages/payment.mjs';
import { ONCE, PAIRED, journey } from './journey.mjs';
import { paid } from './told.mjs';

async function toAlfaClick(payer) {
  await payer.shop.buy({ way: 'alfa-click' });
  await payer.payment.choose('alfa-click');
  await payer.payment.field('customer_account_number').fill('ivanov');
  await payer.payment.pay();
  await payer.bank.open();
}

/** Pays at the bank as if from another device. */
async function pressElsewhere(payer) {
  const { order_number: order } = await payer.demo.order('rbs', payer.minor);
  await payer.demo.tell('press', { provider: 'rbs', order, action: 'pay' });
}

journey('a double press', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.button().dblclick();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('a double press without script', [{ size: 'phone', lang: 'ru', js: false }], async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.button().dblclick();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('the same link in two tabs', ONCE, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  const first = payer.page;
  const pressFirst = payer.payment;
  await payer.tab();
  await payer.page.goto(payer.link);
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await Promise.all([pressFirst.pay(), payer.payment.pay()]);
  await payer.payment.screen('success');
  payer.in(first);
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('the way back after paying', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.pay();
  await payer.payment.screen('success');
  await payer.page.goBack();
  // The form may come out of the browser's memory; pressing leads to the payment that is.
  if ((await payer.payment.screen('choose', 'success')) === 'choose') {
    await payer.payment.card(CARDS.good);
    await payer.payment.pay();
  }
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('the link again after paying shows the result', ONCE, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.pay();
  await payer.payment.screen('success');
  await payer.page.goto(payer.link);
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('reloading while the bank is waited for', PAIRED, async (payer) => {
  await toAlfaClick(payer);
  await payer.page.goBack();
  await payer.payment.screen('waiting');
  await payer.page.reload();
  await payer.payment.screen('waiting');
  await pressElsewhere(payer);
  // The page learns of it by itself.
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('from the waiting page to the bank again', ONCE, async (payer) => {
  await toAlfaClick(payer);
  await payer.page.goBack();
  await payer.payment.screen('waiting');
  await payer.page.locator('a.main').click();
  await payer.bank.press();
  await payer.bank.back();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('the connection is lost while the bank is waited for', ONCE, async (payer) => {
  await toAlfaClick(payer);
  await payer.page.goBack();
  await payer.payment.screen('waiting');
  await payer.context.setOffline(true);
  await payer.page.locator('[data-offline]:visible').waitFor();
  await payer.see('payment-offline');
  await pressElsewhere(payer);
  await payer.context.setOffline(false);
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('the gateway answers late', ONCE, async (payer) => {
  await payer.demo.tell('faults', { kind: 'slow', provider: 'rbs', method: 'paymentorder.do', delay_ms: 1500 });
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.frictionless);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('a link that was changed', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.page.goto(payer.link.replace(/payment_amount=\d+/, 'payment_amount=100'));
  await payer.payment.screen('refused');
  assert.deepEqual(await payer.demo.orders('rbs', 100), []);
});
