// The journeys that most payers make, in every size and language.

import { CARDS } from './pages/payment.mjs';
import { EVERYWHERE, journey } from './journey.mjs';
import { paid } from './told.mjs';

journey('Alfa-Click by going to the bank', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'alfa-click' });
  await payer.payment.choose('alfa-click');
  await payer.payment.field('customer_account_number').fill('ivanov');
  await payer.payment.pay();
  await payer.bank.press();
  await payer.bank.back();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({
    status: 'success',
    told: [paid],
    scenario: 'redirect',
    deposited_minor: payer.minor,
    charges: 1,
  });
});

journey('a card in one stage', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({
    status: 'success',
    told: [paid],
    two_stage: false,
    deposited_minor: payer.minor,
    charges: 1,
  });
});

journey('a card in two stages, captured by the shop', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'card-hold' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.good);
  await payer.payment.pay();
  await payer.payment.outcome('success');
  await payer.shop.receipt('awaiting capture');
  await payer.shop.told('awaiting capture');
  await payer.shop.manage('capture');
  await payer.ends({
    status: 'success',
    told: [
      ['awaiting capture', 'auth success', '0'],
      ['success', 'capture success', '0'],
    ],
    two_stage: true,
    held_minor: 0,
    deposited_minor: payer.minor,
    charges: 1,
  });
});

journey('a card whose bank asks for a code', EVERYWHERE, async (payer) => {
  await payer.shop.buy({ way: 'card' });
  await payer.payment.choose('card');
  await payer.payment.card(CARDS.challenge);
  await payer.payment.pay();
  await payer.payment.fingerprint();
  await payer.payment.leave();
  await payer.issuer.answer();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({
    status: 'success',
    told: [paid],
    deposited_minor: payer.minor,
    charges: 1,
  });
});

journey('a card via the partner', EVERYWHERE, async (payer) => {
  payer.wholeSum();
  await payer.shop.buy({
    way: 'card-partner', good: 'oolong', email: 'payer@example.com', phone: '254712375678',
  });
  await payer.payment.choose('card-partner');
  await payer.payment.pay();
  await payer.bank.press();
  await payer.bank.back();
  await payer.payment.outcome('success');
  await payer.shop.receipt('success');
  await payer.ends({
    status: 'success',
    told: [paid],
    at: 'ipay',
    deposited_minor: payer.minor,
    charges: 1,
  });
});
