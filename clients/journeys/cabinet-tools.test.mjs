// What stands beside the payments: registers to download, deliveries and their signature, the
// settings of a project.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before } from 'node:test';
import ecommpay from 'ecommpay';
import { ONCE, PAIRED, work } from './cabinet.mjs';

let taking = false;
let shop;

before(async () => {
  shop = createServer((request, response) => {
    request.resume();
    response.writeHead(taking ? 200 : 503).end(taking ? 'OK' : 'closed <b>today</b>');
  });
  await new Promise((done) => shop.listen(0, '127.0.0.1', done));
});
after(() => shop.close());

/** How a file of each form begins. */
const FORMATS = {
  xls: [/\.xls$/, Buffer.from('d0cf11e0a1b11ae1', 'hex')],
  xlsx: [/\.xlsx$/, Buffer.from('PK\u0003\u0004')],
  csv: [/\.csv$/, Buffer.from('efbbbf', 'hex')],
};

work('the register is asked for, made and downloaded in each form', PAIRED, async (desk) => {
  const { list, page, mark } = desk;
  const paid = [await desk.pay(), await desk.pay()];
  await list.open({ q: mark }, 2);
  const forms = await offered(desk);
  for (const [start, [name, head]] of Object.entries(FORMATS)) {
    const value = forms.find((form) => form === start) ?? forms.find((form) => form.startsWith(start));
    await list.open({ q: mark }, 2);
    await desk.link('Загрузить реестр платежей', 'Download the register').click();
    await page.locator(`input[name=format][value="${value}"]`).check();
    await desk.see('register-new');
    await desk.button('Подготовить реестр', 'Make the register').click();
    await page.waitForURL(/\/cabinet\/registers/);
    const row = page.locator('tbody tr').first();
    await desk.reloadUntil(row.locator('a[download]'));
    await desk.see('registers');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      row.locator('a[download]').click(),
    ]);
    assert.match(download.suggestedFilename(), name);
    const file = await readFile(await download.path());
    assert.deepEqual(file.subarray(0, head.length), head, start);
    assert.ok(file.length > 200);
    if (start === 'csv') {
      const text = file.toString('utf8');
      for (const { order } of paid) assert.ok(text.includes(order), text);
      assert.doesNotMatch(text, /IVAN IVANOV/); // Without details.
    }
  }
});

async function offered(desk) {
  await desk.link('Загрузить реестр платежей', 'Download the register').click();
  const inputs = desk.page.locator('input[name=format]');
  await inputs.first().waitFor();
  return inputs.evaluateAll((own) => own.map((each) => each.value));
}

/** Adds a project whose shop listens here; its number. */
async function project(desk, id) {
  await desk.demo.altyn(
    'project', 'add', '--id', String(id), '--name', `Лавка ${id}`, '--test', 'true',
    '--callback-url', `http://127.0.0.1:${shop.address().port}/callback`, '--retry-pauses', '0,0',
    '--method', 'card=alfabank:200', '--secret-file', `${desk.demo.dir}/secret`,
  );
  return id;
}

work('deliveries that were given up are sent again', PAIRED, async (desk) => {
  const { page } = desk;
  taking = false;
  const id = await project(desk, desk.lang === 'ru' ? 310 : 311);
  const orders = await desk.knownIn(id, async () => [
    await desk.pay({ project: id }),
    await desk.pay({ project: id }),
  ]);
  await desk.open(`/cabinet/deliveries?project=${id}`);
  const given = page.locator('.table-box').first().locator('tr[data-row] .chip--problem');
  await desk.reloadUntil(given.nth(1));
  await desk.see('deliveries');
  await page.locator('tr[data-row]', { hasText: orders[0].order }).locator('td').nth(1).locator('a').click();
  await page.locator('.timeline').waitFor();
  const text = await page.locator('#content').innerText();
  assert.match(text, /503/);
  assert.ok(text.includes('closed <b>today</b>'), 'the answer, as text');
  assert.ok(text.includes(orders[0].order), 'what was sent');
  await desk.see('delivery');

  taking = true;
  await desk.open(`/cabinet/deliveries?project=${id}`);
  await desk.button('Отправить все недоставленные заново', 'Send all that were not delivered again').click();
  await page.locator('.notice--success').waitFor();
  const taken = page.locator('.table-box').first().locator('tr[data-row] .chip--success');
  await desk.reloadUntil(taken.nth(1));
  await desk.see('deliveries-sent');
});

work('the signature doctor finds where two texts part', PAIRED, async (desk) => {
  const { page } = desk;
  const secret = await desk.demo.read('secret');
  const body = { general: { project_id: 100, payment_id: 'order-1' }, payment: { amount: 1000, currency: 'RUB' } };
  body.general.signature = ecommpay.signer({ ...body, payment: { ...body.payment, amount: 1001 } }, secret);
  await desk.open('/cabinet/deliveries');
  await desk.link('Проверить подпись', 'Check a signature').click();
  await page.selectOption('#project_id', '100');
  await page.fill('#body', JSON.stringify(body, null, 2));
  await page.fill(
    '#text',
    'general:payment_id:order-1;general:project_id:100;payment:amount:1001;payment:currency:RUB',
  );
  await desk.button('Проверить', 'Examine').click();
  await page.locator('.notice--problem').waitFor();
  assert.equal((await page.locator('ins.diff').innerText()).slice(0, 1), '0');
  assert.equal((await page.locator('del.diff').innerText()).slice(0, 1), '1');
  const expected = ecommpay.signer({ general: { project_id: 100, payment_id: 'order-1' }, payment: body.payment }, secret);
  const shown = await page.locator('#content').innerText();
  assert.ok(shown.includes(expected), 'the expected signature');
  assert.ok(!shown.includes(secret), 'never the key');
  await desk.see('doctor');
  await page.fill('#body', JSON.stringify({ ...body, general: { ...body.general, signature: expected } }));
  await page.fill('#text', '');
  await desk.button('Проверить', 'Examine').click();
  await page.locator('.block .notice--success').waitFor();
});

work('settings are saved, a secret is shown once', PAIRED, async (desk) => {
  const { page, demo } = desk;
  const id = await project(desk, desk.lang === 'ru' ? 320 : 321);
  await desk.knownIn(id, async () => {});
  await desk.open('/cabinet/projects');
  await desk.see('projects');
  await page.locator(`a[href="/cabinet/projects/${id}"]`).click();
  await desk.see('project');
  await page.fill('#callback_url', 'not an address');
  await desk.button('Сохранить', 'Save').click();
  // What is wrong is told at the field, which has the focus and what was typed.
  const field = page.locator('#callback_url[aria-invalid][value="not an address"]:focus');
  await field.waitFor();
  assert.match(await field.getAttribute('aria-describedby'), /callback_url-error/);
  await page.locator('#callback_url-error').waitFor();
  await desk.see('project-wrong');
  await page.fill('#callback_url', 'http://127.0.0.1:9/told');
  await page.fill('#support', 'help@tea.example');
  await page.fill('#capture_after', '48');
  await page.locator('[name=two_stage]').check();
  await desk.button('Сохранить', 'Save').click();
  await desk.noticed('Сохранено', 'Saved');
  await page.reload();
  assert.equal(await page.inputValue('#support'), 'help@tea.example');
  assert.equal(await page.inputValue('#capture_after'), '48');
  assert.equal(await page.locator('[name=two_stage]').isChecked(), true);

  await desk.button('Создать новый ключ', 'Make a new secret').click();
  const secret = (await page.locator('.once__value').innerText()).trim();
  assert.notEqual(secret, await demo.read('secret'));
  await desk.see('project-secret');
  await desk.open(`/cabinet/projects/${id}`);
  assert.ok(!(await page.content()).includes(secret), 'shown once');
  // The previous one is taken still, so the shop has time.
  const answer = await desk.gate('status', { general: { payment_id: 'nothing' } }, id);
  assert.equal(answer.status, 200);
});

work('the clock of a test project brings the automatic capture', ONCE, async (desk) => {
  const { page, card } = desk;
  const id = await project(desk, 330);
  const hold = { project: id, action: 'auth', until: 'awaiting capture' };
  const { order, minor } = await desk.knownIn(id, () => desk.pay(hold));
  await desk.open(`/cabinet/projects/${id}`);
  await page.locator('form[action$="/clock"] button').last().click();
  await page.locator('.notice--success').waitFor();
  await desk.stands(order, 'success', id);
  assert.equal((await desk.demo.order('rbs', minor)).deposited_minor, minor);
  await desk.openPayment(order);
  await card.tab('История', 'History');
  assert.match(await card.panel.innerText(), /Списание/);
});
