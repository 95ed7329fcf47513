// The Payment Page inside the shop: in a window over its page, and in an element of it.

import assert from 'node:assert/strict';
import { CARDS, PaymentPage } from './pages/payment.mjs';
import { PAIRED, journey } from './journey.mjs';
import { paid } from './told.mjs';

const OVER = '#ep-modal-body iframe';
const INSIDE = '#pay-here iframe';

for (const [name, open, frame] of [['over', 'popup', OVER], ['in', 'inside', INSIDE]]) {
  journey(`a card, ${name} the shop`, PAIRED, async (payer) => {
    await payer.shop.buy({ way: 'card', open });
    const framed = PaymentPage.inside(payer, frame);
    await framed.choose('card');
    await framed.card(CARDS.good);
    await framed.pay();
    await framed.screen('success');
    await framed.root.locator('a[data-exit]').click();
    await payer.shop.receipt('success');
    await payer.ends({ status: 'success', told: [paid], charges: 1 });
  });

  journey(`Alfa-Click, ${name} the shop: the bank takes the whole window`, PAIRED, async (payer) => {
    await payer.shop.buy({ way: 'alfa-click', open });
    const framed = PaymentPage.inside(payer, frame);
    await framed.choose('alfa-click');
    await framed.field('customer_account_number').fill('ivanov');
    await framed.pay();
    await payer.bank.press();
    await payer.bank.back();
    await payer.payment.outcome('success');
    await payer.shop.receipt('success');
    await payer.ends({ status: 'success', told: [paid], charges: 1 });
  });

  journey(`a code for a card, ${name} the shop: the issuer takes the whole window`, PAIRED, async (payer) => {
    await payer.shop.buy({ way: 'card', open });
    const framed = PaymentPage.inside(payer, frame);
    await framed.choose('card');
    await framed.card(CARDS.challenge);
    await framed.pay();
    await payer.issuer.answer();
    await payer.payment.outcome('success');
    await payer.shop.receipt('success');
    await payer.ends({ status: 'success', told: [paid], charges: 1 });
  });
}

journey('a window over the shop is closed, and nothing has happened', PAIRED, async (payer) => {
  await payer.shop.buy({ way: 'card', open: 'popup' });
  const framed = PaymentPage.inside(payer, OVER);
  await framed.choose('card');
  await payer.page.locator('#ep-modal-close').click();
  await payer.page.locator('#ep-modal-container').waitFor({ state: 'detached' });
  await payer.page.locator('#buy button.main:not([aria-busy])').waitFor();
  assert.equal(await payer.shop.entry().count(), 0);
  assert.deepEqual(await payer.demo.orders('rbs', payer.minor), []);
});
