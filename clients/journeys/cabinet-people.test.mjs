// Who may come in and what they may do: the first sign-in, the second factor, signing out
// everywhere, a user of one project, and the log in which all of it stands.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { PAIRED, ONCE, work } from './cabinet.mjs';

/** The code of a shared secret, so many steps of half a minute from now (RFC 6238). */
function codeOf(secret, steps = 0) {
  const bits = [...secret].map((sign) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/\d{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

work('the first sign-in, a second factor, and out everywhere', PAIRED, async (desk) => {
  const login = `olga-${desk.mark}`;
  const own = `правильная лошадь ${desk.mark}`;
  const first = await desk.addUser(login, '--project', '100', '--role', 'operator');
  const olga = await desk.stranger();
  await olga.open('/cabinet/payments');
  await olga.page.waitForURL(/\/cabinet\/sign-in/);
  await olga.see('sign-in');
  await olga.entry.enter(login, 'not the password');
  await olga.page.locator('.notice--problem').waitFor();
  await olga.see('sign-in-wrong');
  await olga.entry.enter(login, first);
  await olga.heading('Придумайте свой пароль', 'Choose a password of your own').waitFor();
  await olga.see('new-password');
  // Nothing else opens before it is replaced.
  await olga.open('/cabinet/payments');
  await olga.heading('Придумайте свой пароль', 'Choose a password of your own').waitFor();
  await olga.entry.replace(first, own, `${own}!`);
  await olga.page.locator('.notice--problem').waitFor();
  await olga.entry.replace(first, own);
  await olga.page.waitForURL(/\/cabinet\/payments/);

  await olga.open('/cabinet/account');
  await olga.link('Включить второй фактор', 'Set a second factor up').click();
  await olga.see('second-factor');
  const secret = await olga.page.locator('input[name=secret]').inputValue();
  await olga.page.fill('#code', codeOf(secret, -1));
  await olga.button('Включить второй фактор', 'Set the second factor up').click();
  await olga.heading('Коды восстановления', 'Recovery codes').waitFor();
  const codes = await olga.page.locator('.once li').allInnerTexts();
  assert.equal(codes.length, 10);
  await olga.see('recovery-codes');
  await olga.link('Коды сохранены', 'The codes are kept').click();
  await olga.see('account');

  const elsewhere = await desk.stranger();
  await elsewhere.entry.enter(login, own);
  await elsewhere.heading('Код из приложения', 'Code from the app').waitFor();
  await elsewhere.see('code');
  await elsewhere.page.fill('#code', '000000');
  await elsewhere.button('Продолжить', 'Go on').click();
  await elsewhere.page.locator('.notice--problem').waitFor();
  await elsewhere.page.fill('#code', codeOf(secret));
  await elsewhere.button('Продолжить', 'Go on').click();
  await elsewhere.page.waitForURL(/\/cabinet\/payments/);
  await elsewhere.open('/cabinet/account');
  assert.equal(await elsewhere.page.locator('section[aria-labelledby=sessions] tbody tr').count(), 2);
  await elsewhere.button('Выйти везде', 'Sign out everywhere').click();
  await elsewhere.page.waitForURL(/\/cabinet\/sign-in/);
  await elsewhere.noticed('Вы вышли везде', 'signed out everywhere');
  await olga.open('/cabinet/payments');
  await olga.page.waitForURL(/\/cabinet\/sign-in/);

  // A recovery code stands in once for the device.
  await olga.entry.enter(login, own);
  await olga.page.fill('#code', codes[0]);
  await olga.button('Продолжить', 'Go on').click();
  await olga.page.waitForURL(/\/cabinet\/payments/);
});

const PLACE = 'section.once .once__value';

work('a user of one project sees that project, and does what the role allows', PAIRED, async (desk) => {
  const { order } = await desk.pay();
  const login = `anna-${desk.mark}`;
  await desk.open('/cabinet/users');
  await desk.see('users');
  await desk.link('Добавить пользователя', 'Add a user').first().click();
  await desk.field('Логин', 'Login').fill(login);
  await desk.page.selectOption('#role-100', { label: desk.pick('Бухгалтер', 'Finance') });
  await desk.see('user-new');
  await desk.button('Добавить пользователя', 'Add the user').click();
  const first = (await desk.page.locator(PLACE).innerText()).trim();
  await desk.see('user-added');

  const anna = await desk.stranger();
  await anna.entry.enter(login, first);
  await anna.entry.replace(first, `правильная лошадь ${desk.mark}`);
  await anna.page.waitForURL(/\/cabinet\/payments/);
  await anna.openPayment(order);
  const address = anna.page.url();
  assert.equal(await anna.card.deeds.count(), 0, 'looking only');
  await anna.card.tab('Параметры запроса', 'Request');
  await anna.card.panel.locator('.notice').waitFor();
  await anna.see('payment-no-right');
  const sections = await anna.page.locator('nav.side a').allInnerTexts();
  for (const closed of [desk.pick('Пользователи', 'Users'), desk.pick('Настройки', 'Settings')]) {
    assert.ok(!sections.includes(closed), sections.join());
  }
  // The address is known, the right is not there: said, and written down.
  await anna.open(`${address}/refund`);
  await anna.heading('Для этого нужно право', 'This needs a right').waitFor();
  await anna.see('no-right');
  await anna.open('/cabinet/payments?project=101');
  assert.equal(await anna.page.locator('tr[data-row]').count(), 0);
  await anna.see('not-found');

  await desk.open('/cabinet/audit');
  const entry = (action) => desk.page.locator('tbody tr', { hasText: login }).filter({ hasText: action });
  await desk.reloadUntil(entry(desk.pick('Просмотр', 'Look')).filter({ hasText: desk.pick('отказано', 'refused') }));
  assert.ok(await entry(desk.pick('Смена пароля', 'Password change')).count());
  assert.ok(await entry(desk.pick('Вход', 'Sign-in')).count());
  await desk.see('audit');
});

work('what was done stands in the log', ONCE, async (desk) => {
  const { card, page } = desk;
  const { order } = await desk.pay();
  await desk.openPayment(order);
  const number = page.url().match(/\d+$/)[0];
  await card.openRefund();
  await card.goOn();
  await card.confirm().click();
  await desk.noticed('отправлен в банк', 'was sent to the bank');
  await card.becomes('Возвращён клиенту', 'Refunded');
  await desk.open(`/cabinet/audit?payment=${number}`);
  const entry = page.locator('tbody tr', { hasText: 'Возврат' });
  await entry.waitFor();
  assert.match(await entry.innerText(), /demo/);
  // Sealed into the chain.
  await desk.reloadUntil(entry.locator('details.hash'));
  await entry.locator(`a[href*="${number}"]`).click();
  await page.waitForURL(/\/cabinet\/payments\//);
});
