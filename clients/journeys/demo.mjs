// The demo that journeys are made in: the built binary with its platform, emulators and shop, on
// free ports, in a folder that is removed at the end.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BINARY =
  process.env.ALTYN_BINARY || fileURLToPath(new URL('../../target/debug/altyn', import.meta.url));
const READY = /^2\. /; // The step of the demo that follows readiness.

export class Demo {
  /** Starts one and waits until it says that the shop is open. */
  static async start() {
    const dir = await mkdtemp(join(tmpdir(), 'altyn-journeys-'));
    const child = spawn(BINARY, ['demo', '--dir', dir], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    child.stderr.on('data', (bytes) => said.push(String(bytes)));
    const lines = createInterface({ input: child.stdout });
    await new Promise((ready, failed) => {
      child.once('error', failed);
      child.once('exit', (code) => failed(new Error(`the demo ended (${code}): ${said.join('')}`)));
      lines.on('line', (line) => READY.test(line) && ready());
    });
    const addresses = JSON.parse(await readFile(join(dir, 'addresses.json'), 'utf8'));
    return new Demo(child, dir, addresses, said);
  }

  constructor(child, dir, { platform, sandbox, shop }, said) {
    Object.assign(this, { child, dir, platform, sandbox, shop, said });
  }

  /** Stops it, and lets `altyn check` judge what it left; the findings, empty when all is right. */
  async stop() {
    await ended(this.child, () => this.child.kill('SIGTERM'));
    const check = spawn(BINARY, ['--config', join(this.dir, 'altyn.toml'), 'check'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const found = [];
    check.stdout.on('data', (bytes) => found.push(String(bytes)));
    check.stderr.on('data', (bytes) => found.push(String(bytes)));
    const code = await ended(check, () => {});
    await rm(this.dir, { recursive: true, force: true });
    return code === 0 ? '' : found.join('');
  }

  /** Runs a command of the binary on this demo's database; what it said. */
  async altyn(...args) {
    const command = spawn(BINARY, ['--config', join(this.dir, 'altyn.toml'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = [];
    command.stdout.on('data', (bytes) => said.push(String(bytes)));
    command.stderr.on('data', (bytes) => said.push(String(bytes)));
    const code = await new Promise((done) => command.once('close', done));
    if (code !== 0) throw new Error(`altyn ${args.join(' ')} (${code}): ${said.join('')}`);
    return said.join('');
  }

  /** A file of this demo's folder. */
  async read(name) {
    return (await readFile(join(this.dir, name), 'utf8')).trim();
  }

  /** The one order of this sum at a provider: `rbs` or `ipay`; null before there is one. */
  async order(provider, minor) {
    const orders = await this.orders(provider, minor);
    if (orders.length > 1) throw new Error(`${orders.length} orders of ${minor} at ${provider}`);
    return orders[0] ?? null;
  }

  /** Every order of this sum at a provider, oldest first. */
  async orders(provider, minor) {
    const all = await (await fetch(`${this.sandbox}/sandbox/${provider}/orders`)).json();
    return all.filter((order) => order.amount_minor === minor);
  }

  /** The sums of all orders, by provider and currency. */
  async totals() {
    return (await fetch(`${this.sandbox}/sandbox/totals`)).json();
  }

  /** Tells an emulator something by its control interface. */
  async tell(path, body) {
    const answer = await fetch(`${this.sandbox}/sandbox/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

function ended(child, act) {
  return new Promise((done) => {
    child.removeAllListeners('exit');
    if (child.exitCode !== null) done(child.exitCode);
    else {
      child.once('exit', (code) => done(code));
      act();
    }
  });
}
