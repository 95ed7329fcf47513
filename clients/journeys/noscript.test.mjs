// The main journeys in a browser that runs no script: every step is a form or a link.

import { CARDS } from './pages/payment.mjs';
import { BY_HAND, journey } from './journey.mjs';
import { paid } from './told.mjs';

journey('Alfa-Click by going to the bank', BY_HAND, async (payer) => {
  await payer.shop.buy({ way: 'any' });
  await payer.payment.choose('alfa-click');
  await payer.payment.field('customer_account_number').fill('ivanov');
  await payer.payment.pay();
  await payer.payment.leave();
  await payer.bank.press();
  await payer.bank.back();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], charges: 1 });
});

journey('a card via the partner', BY_HAND, async (payer) => {
  payer.wholeSum();
  await payer.shop.buy({ way: 'card-partner' });
  await payer.payment.choose('card-partner');
  await payer.payment.field('customer_phone').fill('254712375678');
  await payer.payment.field('customer_email').fill('payer@example.com');
  await payer.payment.pay();
  await payer.payment.leave();
  await payer.bank.press();
  await payer.bank.back();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], at: 'ipay', charges: 1 });
});

journey('a card in two stages whose bank asks for a code', BY_HAND, async (payer) => {
  await payer.shop.buy({ way: 'card-hold' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.challenge);
  await payer.payment.pay();
  await payer.payment.fingerprint();
  await payer.payment.leave();
  await payer.issuer.answer();
  await payer.payment.outcome('success');
  await payer.shop.receipt('awaiting capture');
  await payer.shop.told('awaiting capture');
  await payer.shop.manage('capture');
  const held = ['awaiting capture', 'auth success', '0'];
  const told = [held, ['success', 'capture success', '0']];
  await payer.ends({ status: 'success', told, charges: 1 });
});

journey('mistakes, a declined card, then another one', BY_HAND, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card('4000000000000078');
  await payer.payment.pay();
  await payer.page.locator('[name=card_number][aria-invalid]').waitFor();
  await payer.see('payment-mistakes');
  await payer.payment.card(CARDS.declined);
  await payer.payment.pay();
  await payer.payment.again();
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.fallback);
  await payer.payment.pay();
  await payer.payment.leave();
  await payer.issuer.answer();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.shop.told('success');
});

journey('Alfa-Click by bill', BY_HAND, async (payer) => {
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
  payer.in(waits);
  await payer.reloadUntil(payer.payment.body('success'));
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({ status: 'success', told: [paid], scenario: 'instruction', charges: 1 });
});
