// A merchant's Gate call: signs the body with npm `ecommpay` as published, and posts it.
//
//   in   {"secret", "url", "body"}            body without a signature
//   out  {"status", "answer", "signature"}    HTTP status, parsed answer, the signature sent
//
// The package signs but does not call the Gate: it exports `signer`, and a merchant places its
// result where the endpoint wants it: `general.signature` for payments, `customer.signature` for
// card tokens, else at the top.

import ecommpay from 'ecommpay';
import { input, output, parsed } from './stdio.mjs';

const { secret, url, body } = await input();

const signature = ecommpay.signer(body, secret);
const place = body.general ?? body.customer ?? body;
place.signature = signature;

const response = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
  redirect: 'manual',
  signal: AbortSignal.timeout(30_000),
});
output({ status: response.status, answer: parsed(await response.text()), signature });
