// The programs of this folder against a server that records what it was sent.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

/** Starts a server that gives `answers` (path → [status, body]) and keeps every request. */
async function recorder(t, answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url: path, headers } = request;
    const text = Buffer.concat(chunks).toString('utf8');
    requests.push({ method, path, type: headers['content-type'], text });
    const [status, body] = answers[path] ?? [404, 'nothing here'];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  return { base: `http://127.0.0.1:${server.address().port}`, requests };
}

/** Runs one program with `given` on its standard input, and parses what it prints. */
async function run(program, given) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(given));
  const chunks = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

// The documentation's own sample of a refund with nothing but `general`.
const refund = { general: { project_id: 239, payment_id: 'refund_02' } };
const refundSignature =
  'GtgQKkoStPqvt2NBqBusyKoQrb1FmG21t9+wS+uvYqeCsqsGI8iuuhtJ1VKeAbT0om04NKcHshuPkDHjgAIatg==';

test('a Gate body is signed in `general` and posted as JSON', async (t) => {
  const path = '/v2/payment/card-partner/refund';
  const answer = { status: 'success', request_id: 'r-1' };
  const { base, requests } = await recorder(t, { [path]: [200, answer] });

  const got = await run('ecommpay-gate.mjs', { secret: 'secret', url: base + path, body: refund });

  assert.deepEqual(got, { status: 200, answer, signature: refundSignature });
  assert.equal(requests.length, 1);
  assert.equal(requests[0].method, 'POST');
  assert.equal(requests[0].type, 'application/json');
  assert.deepEqual(JSON.parse(requests[0].text), {
    general: { ...refund.general, signature: refundSignature },
  });
});

test('an answer that is not JSON comes back as text', async (t) => {
  const { base } = await recorder(t, {});
  const got = await run('ecommpay-gate.mjs', { secret: 's', url: `${base}/x`, body: refund });
  assert.equal(got.status, 404);
  assert.equal(got.answer, 'nothing here');
});

test('a link is what the package makes of the same payment', async () => {
  const base = { secret: 'secret', base_url: 'http://127.0.0.1:8080', project_id: 250 };
  const set = {
    paymentId: 'X 03936',
    paymentAmount: 10000,
    paymentCurrency: 'KES',
    customerId: 'customer1',
    paymentDescription: 'B&W (чай) ',
    recurringRegister: true,
  };
  const expected =
    'http://127.0.0.1:8080/payment?project_id=250&interface_type=%7B%22id%22%3A22%7D' +
    '&payment_id=X%2003936&payment_amount=10000&payment_currency=KES&customer_id=customer1' +
    '&payment_description=B%26W%20(%D1%87%D0%B0%D0%B9)%20&recurring_register=true' +
    '&signature=nlaUCS74QTDCQVFCiU39SVnUInsYqwTJVd54SB4bq%2FLKxduYxpz0OLvKpR%2FPAgqgHKxdiEAt' +
    'M6Rm0uDRy27HHQ%3D%3D';
  assert.deepEqual(await run('ecommpay-page.mjs', { ...base, set }), { url: expected });

  const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const config = Object.fromEntries(Object.entries(set).map(([key, value]) => [snake(key), value]));
  assert.deepEqual(await run('ecommpay-page.mjs', { ...base, config }), { url: expected });
});

test('setters of the package encode what they are for', async () => {
  const set = { paymentId: 'a', cashVoucherData: { sum: 1 }, cashierPredefinedAmounts: [5, 10] };
  const given = { secret: 's', base_url: 'https://pay.example', project_id: 1, set };
  const { url } = await run('ecommpay-page.mjs', given);
  const query = new URL(url).searchParams;
  assert.equal(query.get('cash_voucher_data'), 'eyJzdW0iOjF9');
  assert.equal(query.get('cashier_predefined_amounts'), '5,10');
});

// Signed value published with the package's own tests.
const callback = {
  payment: { id: '000049', status: 'success' },
  signature:
    '/3TrhHVz9BHaLfgLyhoxO7dsQNzbzZa/TdO3pxQocXWwgVM6tGlzMLVfpOxFNTnkR9iiFVK/77ZedMcbkCjmng==',
};

test('a callback is read when its signature is right', async () => {
  const got = await run('ecommpay-callback.mjs', {
    secret: 'secret',
    body: JSON.stringify(callback),
  });
  assert.deepEqual(got, {
    valid: true,
    payment_id: '000049',
    payment_status: 'success',
    success: true,
  });
});

test('a callback is refused when it was changed, or signed with another secret', async () => {
  const changed = { ...callback, payment: { id: '000050', status: 'success' } };
  for (const given of [
    { secret: 'secret', body: changed },
    { secret: 'other', body: callback },
  ]) {
    const got = await run('ecommpay-callback.mjs', given);
    assert.deepEqual(got, { valid: false, error: 'Error: Invalid signature' });
  }
});

const shop = { user: 'shop-api', password: 'secret', return_url: 'https://shop.example/back' };

test('register sends minor units and gives the order and its page', async (t) => {
  const answer = { orderId: 'o-1', formUrl: 'https://bank.example/pay?mdOrder=o-1' };
  const { base, requests } = await recorder(t, { '/payment/rest/register.do': [200, answer] });

  const base_url = `${base}/payment/rest`;
  const given = { ...shop, base_url, order_number: 'A-7', amount: 10.5 };
  const got = await run('sberbank-drive.mjs', given);

  assert.deepEqual(got, { ok: true, order_id: 'o-1', form_url: answer.formUrl, answer });
  assert.deepEqual(Object.fromEntries(new URLSearchParams(requests[0].text)), {
    orderNumber: 'A-7',
    amount: '1050',
    description: '',
    returnUrl: 'https://shop.example/back',
    userName: 'shop-api',
    password: 'secret',
  });
});

test('status gives the number, or null for an unknown order', async (t) => {
  const path = '/payment/rest/getOrderStatusExtended.do';
  const answers = { [path]: [200, { errorCode: '0', orderStatus: 2 }] };
  const { base } = await recorder(t, answers);
  const given = { ...shop, base_url: `${base}/payment/rest/`, step: 'status', order_id: 'o-1' };

  const paid = await run('sberbank-drive.mjs', given);
  assert.equal(paid.order_status, 2);
  assert.equal(paid.answer.orderStatus, 2);

  answers[path] = [200, { errorCode: '6', errorMessage: 'Заказ не найден' }];
  const unknown = await run('sberbank-drive.mjs', given);
  assert.deepEqual(unknown, { ok: true, order_status: null, answer: null });
});

test('refund sends the order and the amount; a refusal keeps the code of the bank', async (t) => {
  const path = '/payment/rest/refund.do';
  const answers = { [path]: [200, { errorCode: '0', errorMessage: 'Успешно' }] };
  const { base, requests } = await recorder(t, answers);
  const base_url = `${base}/payment/rest/`;
  const given = { ...shop, base_url, step: 'refund', order_id: 'o-1', amount: 3 };

  const done = await run('sberbank-drive.mjs', given);
  assert.deepEqual(done, { ok: true, answer: { errorCode: '0', errorMessage: 'Успешно' } });
  const sent = new URLSearchParams(requests[0].text);
  assert.equal(sent.get('orderId'), 'o-1');
  assert.equal(sent.get('amount'), '300');

  answers[path] = [200, { errorCode: '7', errorMessage: 'Неверная сумма' }];
  const refused = await run('sberbank-drive.mjs', given);
  assert.deepEqual(refused, { ok: false, code: '7', message: 'Неверная сумма' });
});
