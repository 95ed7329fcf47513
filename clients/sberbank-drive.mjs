// A shop on the bank's REST interface: drives npm `sberbank-acquiring` as published.
//
//   in   {"base_url", "user", "password", "step"?, …}    base_url: …/payment/rest/
//        step "register" (when absent): "order_number", "amount", "return_url", "description"?
//        step "status":                 "order_id" or "order_number"
//        step "refund":                 "order_id", "amount"
//   out  register  {"ok": true, "order_id", "form_url", "answer"}
//        status    {"ok": true, "order_status", "answer"}    null, null: no such order
//        refund    {"ok": true, "answer"}
//        a refusal {"ok": false, "code", "message"}          code: the bank's, null for transport
//
// Amounts are in major units (roubles), as the package takes them: it multiplies by 100 itself,
// rounding on register and *not* on refund, so 4.35 is sent there as 434.99999999999994.
//
// The package's constructor knows the two hosts of the bank only. Its `entry` property is where it
// keeps the one it chose; `Shop` sets that, and leaves every request to the package.

import Acquiring from 'sberbank-acquiring';
import { input, output } from './stdio.mjs';

// Its HTTP library obeys proxy variables even for this very machine.
process.env.NO_PROXY = '*';

class Shop extends Acquiring {
  constructor({ base_url: base, user, password, return_url: back = '' }) {
    super({ userName: user, password }, back, true);
    this.entry = base.endsWith('/') ? base : `${base}/`;
  }
}

const steps = {
  async register(shop, { order_number: number, amount, description }) {
    const answer = await shop.register(number, amount, description);
    return { order_id: answer.orderId, form_url: answer.formUrl, answer };
  },
  async status(shop, { order_id: id = null, order_number: number = null }) {
    const status = await shop.status(id, number);
    const answer = status === null ? null : await shop.get(id, number);
    return { order_status: status, answer };
  },
  async refund(shop, { order_id: id, amount }) {
    return { answer: await shop.refund(id, amount) };
  },
};

const order = await input();
const step = order.step ?? 'register';
if (!Object.hasOwn(steps, step)) throw new Error(`unknown step: ${step}`);

try {
  output({ ok: true, ...(await steps[step](new Shop(order), order)) });
} catch (error) {
  output({ ok: false, code: error.sberErrorCode ?? null, message: error.message });
}
