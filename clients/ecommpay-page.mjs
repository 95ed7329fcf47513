// A merchant's link to the Payment Page: built and signed by the `Payment` class of npm `ecommpay`.
//
//   in   {"secret", "base_url", "project_id", "config", "set"}
//   out  {"url"}
//
// `config` goes to the constructor, whose names are those of the parameters; `set` is assigned one
// property after another, in camel case, as the package's documentation does it. Either may be
// missing. `base_url` has no path: the package appends `/payment`.

import ecommpay from 'ecommpay';
import { input, output } from './stdio.mjs';

const { secret, base_url: base, project_id: project, config, set } = await input();

const payment = new ecommpay.Payment(project, secret, config, base);
Object.assign(payment, set);
output({ url: payment.getUrl() });
