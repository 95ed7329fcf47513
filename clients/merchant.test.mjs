// merchant.js in a real browser: a shop's page on one origin, a stand-in for the Payment Page on
// another, the messages between them, and what the payer sees of it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch, openShop } from './merchant-shop.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

// The documentation's own sample of opening the page with Alfa-Click.
const sample = {
  payment_id: 'X03936',
  payment_amount: 10000,
  payment_currency: 'RUB',
  project_id: 35,
  customer_id: 'customer1',
  customer_account_number: 'u_customer',
  signature: 'kUi2x9dKHAVNU0FYldJrxh4yo+52Kt8KU+Y1Y4HASCQ9tT4DqtVUkDJrOcZzUCwX6R/ekpZhkIQg==',
};
const sent = { ...sample, payment_amount: '10000', project_id: '35' };

/** Runs the sample and gives the shop with the linked frame. */
async function opened(t, { how = 'run', config = {}, ...more } = {}) {
  const shop = await openShop(t, browser, more.context);
  await shop.call(how, { ...sample, ...config }, more);
  return { shop, page: shop.page, frame: await shop.linked() };
}

test('run opens a window over the page, in a frame named by the guid', async (t) => {
  const { shop, page, frame } = await opened(t, { callbacks: ['onLoaded'] });

  const guid = await page.evaluate(() => widget.guid);
  assert.equal(await page.locator(`#ep-modal-body iframe#iframe-${guid}`).count(), 1);
  assert.deepEqual(await frame.evaluate(() => heard), [{ message: 'link', guid }]);
  const { method, query } = shop.openings()[0];
  assert.equal(method, 'GET');
  const { _referrer, _sw, _sh, ...rest } = query;
  assert.deepEqual(rest, { ...sent, frame_mode: 'popup' });
  assert.deepEqual([_referrer, _sw, _sh], ['', '1440', '900']);

  assert.equal(await page.locator('.ep-modal-status').isVisible(), true);
  await shop.say(frame, 'epframe.loaded', { width: 400, height: 420.5 });
  assert.equal(await page.locator('.ep-modal-status').isVisible(), false);
  assert.equal(await page.locator('#ep-modal-body').evaluate((e) => e.offsetHeight), 421);
  assert.deepEqual(await shop.told(), [['onLoaded', { width: 400, height: 420.5 }]]);
  assert.deepEqual(shop.errors, []);
});

test('functions are dropped, objects become words in GET and are dropped in POST', async (t) => {
  const config = { customer_first_name: 'Ёж & Ко', debt: { a: 1 }, empty: null, recurring: true };
  const { shop, frame } = await opened(t, { config, callbacks: ['onExit'] });
  const { _referrer, _sw, _sh, ...query } = shop.openings()[0].query;
  assert.deepEqual(query, {
    ...sent,
    customer_first_name: 'Ёж & Ко',
    debt: '[object Object]',
    empty: 'null',
    recurring: 'true',
    frame_mode: 'popup',
  });
  await shop.say(frame, 'epframe.exit');

  await shop.call('run', { ...sample, ...config }, { method: 'POST', callbacks: ['onExit'] });
  await shop.linked();
  const posted = shop.openings()[1];
  assert.equal(posted.method, 'POST');
  assert.deepEqual(posted.query, {});
  assert.deepEqual(posted.form, {
    ...sent,
    customer_first_name: 'Ёж & Ко',
    recurring: 'true',
    frame_mode: 'popup',
    _referrer: '',
    _sw: '1440',
    _sh: '900',
  });
  assert.equal(await shop.page.locator('form').count(), 0);
});

test('the shop gives its configuration and finds it as it was', async (t) => {
  const { page } = await opened(t);
  const keys = await page.evaluate(() => Object.keys(widget.config));
  assert.deepEqual(keys, Object.keys(sample));
});

for (const [name, how, config, mode] of [
  ['target_element', 'run', { target_element: 'place' }, 'iframe'],
  ['frame_mode embedded', 'run', { target_element: 'place', frame_mode: 'embedded' }, 'embedded'],
  ['runEmbedded', 'runEmbedded', { target_element: 'place' }, 'embedded'],
]) {
  test(`${name} puts the frame inside the element, alone, and sizes it`, async (t) => {
    const { shop, page, frame } = await opened(t, { how, config, method: 'Post' });
    assert.equal(shop.openings()[0].form.frame_mode, mode);
    assert.equal(shop.openings()[0].form.target_element, 'place');
    assert.equal(await page.locator('#ep-modal-container').count(), 0);
    await shop.say(frame, 'epframe.resize', { width: 300, height: 777 });
    assert.equal(await page.locator('#place iframe').evaluate((e) => e.offsetHeight), 777);

    await shop.call(how, { ...sample, ...config });
    await shop.linked();
    assert.equal(await page.locator('#place > *').count(), 1);
    await shop.say(await shop.linked(), 'epframe.exit');
    await page.waitForFunction(() => !document.getElementById('place').firstChild);
  });
}

for (const [name, config, method] of [
  ['redirect', { redirect: 1 }, 'get'],
  ['redirect by POST', { redirect: 1 }, 'POST'],
  ['redirect_on_mobile', { redirect_on_mobile: 1 }, undefined],
]) {
  test(`${name} leads the whole window to the Payment Page`, async (t) => {
    const phone = config.redirect_on_mobile && { userAgent: 'Mozilla/5.0 (Linux; Android 14)' };
    const shop = await openShop(t, browser, phone);
    await shop.call('run', { ...sample, ...config }, { method });
    await shop.page.waitForURL(/\/payment/);
    const [opening] = shop.openings();
    const fields = opening.method === 'POST' ? opening.form : opening.query;
    assert.equal(opening.method, method === 'POST' ? 'POST' : 'GET');
    assert.equal(fields.frame_mode, 'tab');
    assert.equal(fields.signature, sample.signature);
  });
}

test('redirect_on_mobile changes nothing on a computer', async (t) => {
  const { page } = await opened(t, { config: { redirect_on_mobile: 1 } });
  assert.equal(await page.locator('#ep-modal-container').count(), 1);
});

test('bind opens at a click, again after it was closed; create waits for run', async (t) => {
  const shop = await openShop(t, browser);
  await shop.call('bind', sample, { button: 'pay' });
  assert.equal(await shop.frames(), 0);
  for (let time = 1; time <= 2; time += 1) {
    await shop.page.click('#pay');
    await shop.say(await shop.linked(), 'epframe.exit');
    assert.equal(shop.openings().length, time);
    assert.equal(await shop.frames(), 0);
  }
  await shop.call('create', sample);
  assert.equal(await shop.frames(), 0);
  await shop.page.evaluate(() => widget.run());
  await shop.linked();
});

test('baseUrl is used instead of the address of the script, port and all', async (t) => {
  const shop = await openShop(t, browser);
  const baseUrl = `${shop.shop.base}/`;
  await shop.call('run', { ...sample, baseUrl });
  const frame = shop.page.frameLocator('iframe.ep-iframe');
  await frame.locator('h1', { hasText: 'Корзина' }).waitFor({ state: 'attached' });
  assert.equal(shop.openings().length, 0);
  const [, opening] = shop.shop.requests.filter(({ path }) => path !== '/favicon.ico');
  assert.deepEqual([opening.path, opening.query.baseUrl], ['/payment', baseUrl]);
});

test('a configuration that cannot work is refused when it is given', async (t) => {
  const shop = await openShop(t, browser);
  for (const [config, message] of [
    [{ ...sample, mode: 'gift' }, /Invalid config\.mode/],
    [{ mode: 'purchase', payment_currency: 'RUB' }, /Payment not specified/],
    [{ mode: 'purchase', payment_id: 'X03936' }, /Payment not specified/],
    [{ ...sample, baseUrl: 'data:text/html,x' }, /Not a web address/],
    [{ ...sample, frame_mode: 'embedded' }, /Invalid target_element/],
    [{ ...sample, target_element: 'nowhere' }, /Invalid target_element/],
  ]) {
    await assert.rejects(shop.call('run', config), message);
  }
  for (const mode of ['payout', 'card_tokenize', 'card_verify', 'money_transfer', 'presentation']) {
    await shop.call('create', { mode });
  }
  assert.equal(await shop.frames(), 0);
});

test('every message becomes the callback of its name', async (t) => {
  const messages = [
    ['epframe.payment.sent', 'onPaymentSent'],
    ['epframe.payment.success', 'onPaymentSuccess'],
    ['epframe.payment.fail', 'onPaymentFail'],
    ['epframe.payment.try_again', 'onPaymentTryAgain'],
    ['epframe.payment.canceled', 'onPaymentCanceled'],
    ['epframe.payment.submit.result', 'onPaymentSubmitResult'],
    ['epframe.card.verify.success', 'onCardVerifySuccess'],
    ['epframe.card.verify.fail', 'onCardVerifyFail'],
    ['epframe.tokenize.success', 'onTokenizeSuccess'],
    ['epframe.show_clarification_page', 'onShowClarificationPage'],
    ['epframe.submit_clarification_form', 'onSubmitClarificationForm'],
    ['epframe.payment_method_select', 'onPaymentMethodSelect'],
    ['epframe.wallet_select', 'onWalletSelect'],
    ['epframe.wallet_remove', 'onWalletRemove'],
    ['epframe.enter_key_pressed', 'onEnterKeyPressed'],
    ['epframe.redirect_iframe', 'onRedirectIframe'],
    ['epframe.redirect_iframe_complete', 'onRedirectIframeComplete'],
    [
      'epframe.embedded_mode.check_validation_response',
      'onEmbeddedModeCheckValidationResponse',
    ],
    ['epframe.embedded_mode.validation_error', 'onValidationError'],
    ['epframe.fail_loading', 'onFailLoading'],
  ];
  const { shop, frame } = await opened(t, { callbacks: messages.map(([, name]) => name) });
  const expected = [];
  for (const [message, name] of messages) {
    const data = { message, name: 'Оплата' };
    await shop.say(frame, message, data);
    expected.push([name, name === 'onFailLoading' ? { message, config: true } : data]);
  }
  assert.deepEqual(await shop.told(), expected);
  assert.deepEqual(shop.errors, []);
});

test('what the page repeats is told when it changes', async (t) => {
  const { shop, frame } = await opened(t, {
    callbacks: ['onResize', 'onAmountChange', 'onTabChange'],
  });
  const says = [
    ['epframe.resize', { width: 1, height: 2 }],
    ['epframe.resize', { width: 1, height: 2 }],
    ['epframe.resize', { width: 1, height: 3 }],
    ['epframe.amount_change', { value: 100, currency: 'RUB' }],
    ['epframe.amount_change', { value: 100, currency: 'RUB' }],
    ['epframe.tab_change', { tab: 'card' }],
  ];
  for (const [message, data] of says) await shop.say(frame, message, data);
  assert.deepEqual(await shop.told(), [
    ['onResize', { width: 1, height: 2 }],
    ['onResize', { width: 1, height: 3 }],
    ['onAmountChange', { value: 100, currency: 'RUB' }],
    ['onTabChange', { tab: 'card' }],
  ]);
});

for (const [message, name] of [
  ['epframe.exit', 'onExit'],
  ['epframe.destroy', 'onDestroy'],
]) {
  test(`${message} closes the window and is told once`, async (t) => {
    const { shop, page, frame } = await opened(t, { callbacks: ['onExit', 'onDestroy'] });
    await shop.say(frame, message);
    assert.equal(await page.locator('#ep-modal-container').count(), 0);
    assert.deepEqual(await shop.told(), [[name, undefined]]);
  });
}

test('messages of strangers, and with another guid, do nothing', async (t) => {
  const { shop, page } = await opened(t, { callbacks: ['onPaymentSuccess', 'onExit'] });
  const guid = await page.evaluate(() => widget.guid);
  const success = { message: 'epframe.payment.success', guid, data: {} };
  const frames = { sandboxed: 'allow-scripts', sibling: 'allow-scripts allow-same-origin' };
  for (const sandbox of Object.values(frames)) {
    await shop.handled(() =>
      page.evaluate(
        ([sandbox, text]) => {
          const stranger = document.createElement('iframe');
          stranger.setAttribute('sandbox', sandbox);
          stranger.srcdoc = `<script>parent.postMessage(${JSON.stringify(text)}, '*')</script>`;
          document.body.append(stranger);
        },
        [sandbox, JSON.stringify({ ...success, from_another_domain: true })],
      ),
    );
  }
  await shop.handled(() => page.evaluate((m) => postMessage(m), JSON.stringify(success)));
  for (const text of ['{', '7', 'null', '{"message":7}']) {
    await shop.handled(() => page.evaluate((m) => postMessage(m), text));
  }
  const frame = await shop.linked();
  for (const wrong of [{ ...success, guid: 'other' }, { ...success, guid: undefined }]) {
    await shop.handled(() =>
      frame.evaluate((m) => parent.postMessage(m, '*'), JSON.stringify(wrong)),
    );
  }
  await shop.handled(() => frame.evaluate((m) => parent.postMessage(m, '*'), success));
  assert.deepEqual(await shop.told(), []);
  assert.equal(await shop.frames(), 1);

  await shop.say(frame, 'epframe.payment.success', { ok: true });
  const elsewhere = { ...success, guid: undefined, from_another_domain: true };
  await shop.handled(() =>
    frame.evaluate((m) => parent.postMessage(m, '*'), JSON.stringify(elsewhere)),
  );
  assert.deepEqual(await shop.told(), [
    ['onPaymentSuccess', { ok: true }],
    ['onPaymentSuccess', {}],
  ]);
});

test('redirect leads the shop away, to web addresses and never into a script', async (t) => {
  const { shop, page, frame } = await opened(t, { callbacks: ['onRedirect'] });
  const before = page.url();
  for (const url of [
    'javascript:document.title="taken"',
    ' javascript:document.title="taken"',
    'java\tscript:document.title="taken"',
    'JavaScript:document.title="taken"',
    'data:text/html,taken',
    'vbscript:taken',
    '/relative',
    '',
    7,
    undefined,
  ]) {
    await shop.say(frame, 'epframe.redirect', { url });
  }
  await shop.say(frame, 'epframe.redirect');
  assert.equal(await page.title(), 'Магазин');
  assert.equal(page.url(), before);
  assert.equal(await shop.frames(), 1);

  const url = `${shop.payment.base}/thanks`;
  await frame.evaluate((to) => say('epframe.redirect', { url: to }), url);
  await page.waitForURL(url);
});

test('the page of a bank gets the whole screen, and gives it back', async (t) => {
  for (const config of [{}, { target_element: 'place' }]) {
    const { shop, page, frame } = await opened(t, { config });
    await shop.say(frame, 'epframe.loaded', { width: 300, height: 300 });
    const width = () => page.locator('iframe.ep-iframe').evaluate((e) => e.offsetWidth);
    const height = () => page.locator('iframe.ep-iframe').evaluate((e) => e.offsetHeight);
    for (const message of ['epframe.redirect_iframe', 'epframe.acs_redirect_iframe']) {
      await shop.say(frame, message);
      assert.ok((await height()) > 800 && (await width()) > 1390);
      await shop.say(frame, 'epframe.redirect_iframe_complete');
      assert.equal(await height(), 300);
    }
  }
});

for (const [message, callbacks, posts] of [
  ['epframe.acs_parent_page_redirect_run', [], true],
  ['epframe.embedded_mode.redirect_3ds_parent_page', [], true],
  [
    'epframe.embedded_mode.redirect_3ds_parent_page',
    ['onEmbeddedModeRedirect3dsParentPage'],
    false,
  ],
]) {
  test(`${message} ${posts ? 'posts the form' : 'is left to the shop that takes it'}`, async (t) => {
    const { shop, page, frame } = await opened(t, { callbacks });
    const body = { PaReq: 'eJx=', MD: 'ы', submit: '1' };
    await shop.say(frame, message, { method: 'POST', url: 'javascript:alert(1)', body });
    const url = `${shop.payment.base}/acs`;
    if (!posts) {
      await shop.say(frame, message, { method: 'POST', url, body });
      assert.equal((await shop.told()).length, 2);
      assert.equal(shop.payment.requests.some(({ path }) => path === '/acs'), false);
      return;
    }
    await frame.evaluate(([m, d]) => say(m, d), [message, { method: 'POST', url, body }]);
    await page.waitForURL(url);
    const acs = shop.payment.requests.find(({ path }) => path === '/acs');
    assert.deepEqual([acs.method, acs.form], ['POST', body]);
  });
}

/** Opens with the page's time standing still. */
async function openedInStillTime(t) {
  const shop = await openShop(t, browser);
  await shop.page.clock.install({ time: 0 });
  await shop.page.clock.pauseAt(1000);
  await shop.call('run', sample, { callbacks: ['onFailLoading', 'onLoaded'] });
  return { shop, page: shop.page, frame: await shop.linked() };
}

test('a page silent for five seconds after its loading is a network problem', async (t) => {
  const { shop, page, frame } = await openedInStillTime(t);
  await page.clock.runFor(4999);
  assert.deepEqual(await shop.told(), []);
  await page.clock.runFor(1);
  const failed = [['onFailLoading', { message: 'Network problem', config: true }]];
  assert.deepEqual(await shop.told(), failed);
  const status = page.locator('.ep-modal-status');
  assert.match(await status.textContent(), /не загрузилась/);
  assert.equal(await status.isVisible(), true);

  await shop.say(frame, 'epframe.loaded', { width: 1, height: 300 });
  assert.equal(await status.isVisible(), false);
});

test('a page that spoke is not reported, nor one that was closed', async (t) => {
  const { shop, page, frame } = await openedInStillTime(t);
  await shop.say(frame, 'epframe.loaded', { width: 1, height: 300 });
  await page.clock.runFor(60_000);
  await page.evaluate(() => widget.closePopup());
  await page.evaluate(() => widget.run());
  await shop.linked();
  await page.evaluate(() => widget.closePopup());
  await page.clock.runFor(60_000);
  assert.deepEqual(await shop.told(), [['onLoaded', { width: 1, height: 300 }]]);
});

for (const [name, close, config] of [
  ['Escape', (page) => page.keyboard.press('Escape')],
  ['the close button', (page) => page.click('#ep-modal-close')],
  ['a click beside it', (page) => page.mouse.click(5, 5), { close_on_missclick: 1 }],
]) {
  test(`${name} closes the window, tells both sides, and gives the focus back`, async (t) => {
    const shop = await openShop(t, browser);
    const { page } = shop;
    await page.focus('#pay');
    await shop.call('run', { ...sample, ...config }, { callbacks: ['onExit'] });
    await shop.linked();
    const overflow = () => page.evaluate(() => getComputedStyle(document.body).overflow);
    assert.equal(await overflow(), 'hidden');

    const heard = once(shop.payment.arrivals, '/closed', { signal: AbortSignal.timeout(30_000) });
    await close(page);
    await heard;
    assert.equal(await page.locator('#ep-modal-container').count(), 0);
    assert.deepEqual(await shop.told(), [['onExit', undefined]]);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'pay');
    assert.equal(await overflow(), 'visible');
    await page.keyboard.press('Escape');
    await page.evaluate(() => widget.closePopup());
    assert.equal((await shop.told()).length, 1);
  });
}

test('a click beside the window is nothing unless it was asked for', async (t) => {
  const { shop, page } = await opened(t, { callbacks: ['onExit'] });
  await page.mouse.click(5, 5);
  assert.equal(await shop.frames(), 1);
});

test('Tab stays in the window, and the background cannot take the focus', async (t) => {
  const { shop, page, frame } = await opened(t);
  const focused = () => page.evaluate(() => document.activeElement.id);
  const guid = await page.evaluate(() => widget.guid);
  assert.equal(await focused(), 'ep-modal-wrap');
  for (const key of ['Tab', 'Tab', 'Shift+Tab', 'Shift+Tab']) {
    await page.keyboard.press(key);
    assert.equal(await focused(), 'ep-modal-close', 'nothing else is shown while it loads');
  }
  await shop.say(frame, 'epframe.loaded', { width: 400, height: 420 });
  await page.keyboard.press('Shift+Tab');
  assert.equal(await focused(), `iframe-${guid}`);
  const seen = new Set();
  for (let presses = 0; presses < 8; presses += 1) {
    await page.keyboard.press('Tab');
    seen.add(await focused());
  }
  assert.deepEqual([...seen].sort(), ['ep-modal-close', `iframe-${guid}`]);
  await page.evaluate(() => document.getElementById('pay').focus());
  assert.equal(await focused(), 'ep-modal-close');
});

test('a second window takes the place of the first', async (t) => {
  const { shop, page } = await opened(t, { config: { css_modal_wrap: 'mine other' } });
  assert.equal(await page.locator('#ep-modal-container.mine.other.shown').count(), 1);
  await shop.call('run', sample);
  await shop.linked();
  assert.equal(await page.locator('#ep-modal-container').count(), 1);
  assert.equal(await page.locator('#ep-modal-container.mine').count(), 0);
});

test('the form in the shop is driven by messages of the shop’s own window', async (t) => {
  const { shop, page, frame } = await opened(t, {
    config: { target_element: 'place' },
    callbacks: ['onEmbeddedModeCheckValidation', 'onPaymentSuccess'],
  });
  const messages = [
    { message: 'epframe.embedded_mode.check_validation', from_another_domain: true },
    {
      message: 'epframe.embedded_mode.submit',
      fields: { 'BillingInfo[billing_city]': 'Тверь' },
      from_another_domain: true,
    },
  ];
  const refused = [
    { message: 'epframe.payment.success', from_another_domain: true },
    { message: 'epframe.embedded_mode.submit', fields: {} },
  ];
  for (const message of [...refused, ...messages]) {
    await shop.handled(() => page.evaluate((m) => postMessage(m), JSON.stringify(message)));
  }
  await page.evaluate(() => {
    widget.trySubmit();
    const button = document.createElement('button');
    button.dataset.epwidget = 'ep-run-transaction';
    document.body.append(button);
    button.click();
    window.dispatchEvent(new Event('resize'));
  });
  await frame.waitForFunction(() => heard.length >= 6);
  const [, ...heard] = await frame.evaluate(() => heard);
  assert.deepEqual(heard, [
    ...messages,
    { message: 'epframe.embedded_mode.try_submit' },
    { message: 'epframe.external_widget_form_submission' },
    { message: 'resize' },
  ]);
  assert.deepEqual(await shop.told(), []);
});

test('a question of the form is answered by the shop, or at once when it has no say', async (t) => {
  const { shop, page, frame } = await opened(t, {
    how: 'runEmbedded',
    config: { target_element: 'place' },
  });
  await page.evaluate(() => {
    widget.config.onCheckSubmit = (data, resolve, reject) => {
      if (data.ok) resolve({ additional_parameters: { customer_city: 'Тверь' }, result: 'x' });
      else reject();
    };
  });
  await shop.say(frame, 'epframe.embedded_mode.check_submit', { ok: true });
  await shop.say(frame, 'epframe.embedded_mode.check_submit', { ok: false });
  await shop.say(frame, 'epframe.embedded_mode.confirmation', {});
  await frame.waitForFunction(() => heard.length >= 4);
  const [, ...heard] = await frame.evaluate(() => heard);
  assert.deepEqual(heard, [
    {
      message: 'epframe.embedded_mode.check_submit.result',
      data: { additional_parameters: { customer_city: 'Тверь' }, result: true },
    },
    { message: 'epframe.embedded_mode.check_submit.result', data: { result: false } },
    { message: 'epframe.embedded_mode.confirmation.result', data: { result: true } },
  ]);
});

test('the styles come by themselves when the shop forgot them', async (t) => {
  const shop = await openShop(t, browser);
  await shop.page.evaluate(() => document.querySelector('link').remove());
  await shop.call('run', sample);
  await shop.page.waitForFunction(() => {
    const container = document.getElementById('ep-modal-container');
    return getComputedStyle(container).position === 'fixed';
  });
  assert.equal(await shop.page.locator('link').count(), 1);
});

test('the language is the payment’s, else the shop’s', async (t) => {
  const { page } = await opened(t, { config: { language_code: 'en' } });
  const wrap = page.locator('#ep-modal-wrap');
  assert.equal(await wrap.getAttribute('aria-label'), 'Payment');
  assert.equal(await wrap.getAttribute('lang'), 'en');
});

for (const [name, context] of [
  ['a phone', { viewport: { width: 390, height: 844 } }],
  ['a computer', {}],
  ['a dark screen', { colorScheme: 'dark' }],
]) {
  test(`the window on ${name} has no fault that axe knows, loading or loaded`, async (t) => {
    const { shop, page, frame } = await opened(t, { context });
    await page.addScriptTag({ path: AXE });
    const faults = () =>
      page.evaluate(async () => {
        const { violations } = await axe.run('#ep-modal-container', { iframes: false });
        return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
      });
    assert.deepEqual(await faults(), []);
    await shop.say(frame, 'epframe.loaded', { width: 400, height: 420 });
    assert.deepEqual(await faults(), []);
    const overflows = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
    assert.equal(overflows, false);
  });
}
