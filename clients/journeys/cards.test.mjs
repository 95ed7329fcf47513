// What cards do beside paying: every way of 3-D Secure, declines and another try.

import assert from 'node:assert/strict';
import { CARDS } from './pages/payment.mjs';
import { EVERYWHERE, PAIRED, journey } from './journey.mjs';
import { paid } from './told.mjs';

journey('the bank knows the payer without a question', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.frictionless);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('a bank that knows only the older 3-D Secure', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.fallback);
  await payer.payment.pay();
  await payer.issuer.answer();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('a wrong code', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.challenge);
  await payer.payment.pay();
  await payer.issuer.answer('0000');
  await payer.payment.outcome('fail');
  await payer.shop.receipt('decline');
  const told = [['decline', 'sale decline', '10114']];
  await payer.ends({ status: 'decline', told, charges: 0, deposited_minor: 0 });
});

journey('a right code of a card whose bank refuses', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.failed);
  await payer.payment.pay();
  await payer.issuer.answer();
  await payer.payment.outcome('fail');
  await payer.shop.receipt('decline');
  const told = [['decline', 'sale decline', '10114']];
  await payer.ends({ status: 'decline', told, charges: 0, deposited_minor: 0 });
});

journey('a declined card, then another one', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.declined);
  await payer.payment.pay();
  await payer.payment.again();
  await payer.payment.choose('card');
  const said = payer.payment.root.locator('.notice.problem');
  assert.match(await said.innerText(), /10000/);
  await payer.payment.card(CARDS.good);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.shop.told('success');
  const told = await payer.shop.callbacks();
  assert.deepEqual(told, [['decline', 'sale decline', '10000'], paid]);
  const orders = await payer.demo.orders('rbs', payer.minor);
  assert.deepEqual(orders.map((order) => order.charges), [0, 1]);
});

journey('held money is let go', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card-hold' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.challenge);
  await payer.payment.pay();
  await payer.issuer.answer();
  await payer.payment.outcome('success');
  await payer.shop.receipt('awaiting capture');
  await payer.shop.told('awaiting capture');
  await payer.shop.manage('cancel');
  const held = ['awaiting capture', 'auth success', '0'];
  const told = [held, ['canceled', 'cancel success', '0']];
  await payer.ends({ status: 'canceled', told, held_minor: 0, deposited_minor: 0 });
});

journey('money is given back', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.shop.told('success');
  await payer.shop.manage('refund');
  await payer.ends({
    status: 'refunded',
    told: [paid, ['refunded', 'refund success', '0']],
    deposited_minor: 0,
    refunded_minor: payer.minor,
  });
});

journey('mistakes in the card are told where they are', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card('4000000000000078', { expiry: '12 / 20', cvc: '12' });
  await payer.payment.pay();
  const errors = payer.page.locator('form[data-pay] .error:not(:empty)');
  await payer.page.locator('[name=card_number][aria-invalid]').waitFor();
  assert.equal(await errors.count(), 3);
  assert.deepEqual(await payer.demo.orders('rbs', payer.minor), []);
  await payer.see('payment-mistakes');
  await payer.payment.card(CARDS.good);
  assert.equal(await errors.count(), 0);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});
