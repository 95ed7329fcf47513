// A shop's page and a stand-in for the Payment Page, on two servers, for the tests of merchant.js.
//
// The stand-in answers as the contract says and does nothing by itself but remember: the test
// speaks in its name by `say(message, data)` and reads what the shop's page told it in `heard`.

import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const STATIC = new URL('../crates/altyn-web/static/', import.meta.url);

const SHOP = (base) => `<!doctype html><html lang="ru"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Магазин</title>
<link rel="stylesheet" href="${base}/shared/merchant.css">
<script src="${base}/shared/merchant.js"></script></head>
<body><main><h1>Корзина</h1><button id="pay">Оформить заказ</button><div id="place"></div></main>
</body></html>`;

const PAYMENT = `<!doctype html><html lang="ru"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Оплата</title><style>
:root { color-scheme: light dark; } body { font: 16px/1.5 sans-serif; margin: 0 24px 24px; }
input, button { display: block; width: 100%; height: 44px; font: inherit; box-sizing: border-box; }
</style></head><body><p>Магазин «Пример»</p><h1>1 234,50 ₽</h1>
<label>Телефон<input inputmode="tel"></label><br><button>Оплатить 1 234,50 ₽</button><script>
var heard = [], guid = null;
window.addEventListener('message', function (event) {
  var message = JSON.parse(event.data);
  heard.push(message);
  if (message.message === 'link') guid = message.guid;
  if (message.message === 'close') fetch('/closed', { method: 'POST', keepalive: true });
});
function say(message, data) {
  parent.postMessage(JSON.stringify({ message: message, guid: guid, data: data }), '*');
}
</script></body></html>`;

function listen(t, answer) {
  const requests = [];
  const arrivals = new EventEmitter();
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url, 'http://any');
    const text = Buffer.concat(chunks).toString('utf8');
    requests.push({
      method: request.method,
      path: pathname,
      query: Object.fromEntries(searchParams),
      form: Object.fromEntries(new URLSearchParams(text)),
    });
    arrivals.emit(pathname);
    const [type, body] = await answer(pathname);
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` });
    response.end(body);
  });
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      done({ base: `http://127.0.0.1:${server.address().port}`, requests, arrivals });
    });
  });
}

/** Starts the browser for a file of tests; it needs no network and no display. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.ALTYN_CHROMIUM || '/usr/bin/chromium-headless-shell',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu'],
  });
}

/** Opens the shop's page; `told` lists every callback of `run` as [name, data]. */
export async function openShop(t, browser, options = {}) {
  const payment = await listen(t, async (path) => {
    if (!path.startsWith('/shared/')) return ['text/html', PAYMENT];
    const type = path.endsWith('.css') ? 'text/css' : 'text/javascript';
    return [type, await readFile(new URL(path.slice('/shared/'.length), STATIC), 'utf8')];
  });
  const shop = await listen(t, async () => ['text/html', SHOP(payment.base)]);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(shop.base);
  return new Shop(page, shop, payment, errors);
}

class Shop {
  constructor(page, shop, payment, errors) {
    Object.assign(this, { page, shop, payment, errors });
  }

  /** Calls EPayWidget[how] with the configuration, its callbacks (by name) noted in `told`. */
  async call(how, config, { callbacks = [], method, button } = {}) {
    await this.page.evaluate(
      ([how, config, callbacks, method, button]) => {
        window.told = [];
        for (const name of callbacks) {
          config[name] = (data) => {
            if (data && data.config) data = { ...data, config: data.config === config };
            window.told.push([name, data]);
          };
        }
        const given = button ? [button, config, method] : [config, method];
        window.widget = EPayWidget[how](...given);
      },
      [how, config, callbacks, method, button],
    );
  }

  /** The stand-in inside its frame, once the library has linked it. */
  async linked() {
    const handle = await this.page.waitForSelector('iframe.ep-iframe', { state: 'attached' });
    const frame = await handle.contentFrame();
    await frame.waitForFunction(() => window.guid);
    return frame;
  }

  /** Says a message in the page's name, and waits until the shop's page has had it. */
  async say(frame, message, data) {
    await this.handled(() => frame.evaluate(([m, d]) => window.say(m, d), [message, data]));
  }

  /** Does what sends the shop's window a message, and waits for that message to be over. */
  async handled(send) {
    await this.page.evaluate(() => {
      window.over = new Promise((done) => {
        window.addEventListener('message', () => done(), { once: true });
      });
    });
    await send();
    await this.page.evaluate(() => window.over);
  }

  told() {
    return this.page.evaluate(() => window.told);
  }

  frames() {
    return this.page.locator('iframe.ep-iframe').count();
  }

  /** The requests for the Payment Page itself. */
  openings() {
    return this.payment.requests.filter(({ path }) => path === '/payment');
  }
}
