// What the first view of a page costs a payer: bytes, requests and times in headless Chromium.
//
//   node measure-page.mjs URL [REPEATS]      an address that answers GET with a page
//
// A table goes to standard error, the medians as JSON to standard output. Each view has a browser
// context of its own, so nothing is cached. `bytes` are those that came over the network, heads of
// answers included. `interactive` is when the page answers a press: the document is parsed and its
// deferred script has run (the end of DOMContentLoaded); the form itself works from `parsed` on,
// without the script. All times are milliseconds from the start of the navigation.

import { chromium } from 'playwright-core';

const [url, repeats = '7'] = process.argv.slice(2);

// A fast link, and what Chromium's own tools call slow 4G: 1.6 Mbit/s down, 0.75 up, 150 ms more
// for each round trip.
const SLOW_4G = {
  offline: false,
  latency: 150,
  downloadThroughput: (1.6 * 1024 * 1024) / 8,
  uploadThroughput: (0.75 * 1024 * 1024) / 8,
};
const CONDITIONS = [
  { name: 'as it is', slowdown: 1 },
  { name: 'CPU 4× slower', slowdown: 4 },
  { name: 'CPU 4× slower, slow 4G', slowdown: 4, network: SLOW_4G },
];
// Most payers come by telephone.
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true };

async function view(browser, { slowdown, network }) {
  const context = await browser.newContext({ ...PHONE, locale: 'ru-RU' });
  try {
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    if (network) await devtools.send('Network.emulateNetworkConditions', network);
    const seen = { requests: 0, bytes: 0 };
    devtools.on('Network.responseReceived', ({ response }) => {
      // What is in the page itself, as an icon, is no request.
      if (!response.url.startsWith('data:')) seen.requests += 1;
    });
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
      seen.bytes += encodedDataLength;
    });
    const answer = await page.goto(url, { waitUntil: 'load' });
    if (!answer.ok()) throw new Error(`${url} answered ${answer.status()}`);
    return { ...seen, ...(await page.evaluate(times)) };
  } finally {
    await context.close();
  }
}

// Runs in the page, after its load event and a painted frame.
async function times() {
  const painted = () => performance.getEntriesByName('first-contentful-paint')[0];
  while (!painted()) await new Promise((next) => requestAnimationFrame(next));
  const [entry] = performance.getEntriesByType('navigation');
  return {
    parsed: entry.domInteractive,
    interactive: entry.domContentLoadedEventEnd,
    painted: painted().startTime,
    loaded: entry.loadEventStart,
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

const tenths = (number) => Math.round(number * 10) / 10;

async function measured(browser, condition) {
  const views = [];
  for (let left = Number(repeats); left > 0; left -= 1) views.push(await view(browser, condition));
  const middle = (name) => tenths(median(views.map((one) => one[name])));
  const figures = Object.fromEntries(Object.keys(views[0]).map((name) => [name, middle(name)]));
  return { conditions: condition.name, ...figures };
}

if (!url || !(Number(repeats) >= 1)) {
  console.error('usage: node measure-page.mjs URL [REPEATS]');
  process.exit(2);
}
const browser = await chromium.launch({
  executablePath: process.env.ALTYN_CHROMIUM || '/usr/bin/chromium-headless-shell',
  args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu'],
});
try {
  await view(browser, CONDITIONS[0]); // The browser itself warms up.
  const rows = [];
  for (const condition of CONDITIONS) rows.push(await measured(browser, condition));
  console.error(`${repeats} views each, medians; Chromium ${browser.version()}`);
  console.error(Object.keys(rows[0]).join('  '));
  for (const row of rows) console.error(Object.values(row).join('  '));
  console.log(JSON.stringify({ url, repeats: Number(repeats), rows }, null, 2));
} finally {
  await browser.close();
}
