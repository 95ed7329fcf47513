// A merchant's callback handler: reads a callback with the `Callback` class of npm `ecommpay`.
//
//   in   {"secret", "body"}    body: the bytes received, as text (or the object they stand for)
//   out  {"valid", "payment_id", "payment_status", "success"}, or {"valid": false, "error"}
//
// The class throws on a wrong signature, and a TypeError on any null inside the body: both are
// answered as not valid, with the reason, as a merchant would experience them.

import ecommpay from 'ecommpay';
import { input, output } from './stdio.mjs';

const { secret, body } = await input();

function read() {
  try {
    const callback = new ecommpay.Callback(secret, body);
    return {
      valid: callback.isValid(),
      payment_id: callback.getPaymentId(),
      payment_status: callback.callback.payment.status,
      success: callback.isPaymentSuccess(),
    };
  } catch (error) {
    return { valid: false, error: `${error.name}: ${error.message}` };
  }
}

output(read());
