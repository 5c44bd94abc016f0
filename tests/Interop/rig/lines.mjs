// A viewer behind a line of his own: a narrow one, a lossy one, a long one; and people on a wide one beside him.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchChromium, launchFirefox } from './browser.mjs';
import { Netns } from './netns.mjs';
import { Process, Server, devKey } from './server.mjs';

const serverAddress = '10.79.0.1';
const clients = { wide: '10.79.1', narrow: '10.79.2' };
const relayPort = 7999;
const relay = fileURLToPath(new URL('delay.mjs', import.meta.url));

/**
 * A server, a router, and two browsers: `wide` on a line without limits, `narrow` behind what `sets` makes of its line. The limits
 * are on the router's way to the client, where a provider has them: a queue on the server's own interface would block its socket.
 */
export class Lines {
  #folder = mkdtempSync(join(tmpdir(), 'nexus-lines-'));
  #spaces = [];
  #relay;

  /** @param {{ narrow?: 'chromium' | 'firefox' }} options the browser behind the narrow line. */
  static async create({ narrow = 'chromium' } = {}) {
    const lines = new Lines();
    try {
      await lines.#build(narrow);
      return lines;
    } catch (error) {
      await lines.close();
      throw error;
    }
  }

  async #build(narrow) {
    for (const name of ['server', 'router', ...Object.keys(clients)]) this.#spaces.push(this[name] = await Netns.create());
    const { server, router } = this, config = join(this.#folder, 'nexus.json');
    server.address = serverAddress;
    await server.connect('uplink', router);
    await server.ip('address', 'add', `${serverAddress}/24`, 'dev', 'uplink');
    await server.ip('route', 'add', 'default', 'via', '10.79.0.254');
    await router.ip('address', 'add', '10.79.0.254/24', 'dev', 'uplink');
    await router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    for (const [name, net] of Object.entries(clients)) {
      await router.connect(name, this[name]);
      await router.ip('address', 'add', `${net}.1/24`, 'dev', name);
      await this[name].ip('address', 'add', `${net}.2/24`, 'dev', name);
      await this[name].ip('route', 'add', 'default', 'via', `${net}.1`);
    }
    // The development key is for loopback alone. Capture is for secure origins, and plain HTTP is one on loopback alone.
    devKey.secret = 'a secret of the tests, long enough';
    writeFileSync(config, JSON.stringify({ tenants: [{ name: 'tests', keys: [{ key: 'devkey', secret: devKey.secret }] }] }));
    const flags = [`--unsafely-treat-insecure-origin-as-secure=http://${serverAddress}:8080`];
    // Each is known before any that failed ends the others, or it would be left behind.
    const starting = {
      node: Server.start({ netns: server, flags: ['--media-ip', serverAddress, '--config', config] }),
      wideBrowser: launchChromium({ netns: this.wide, flags }),
      narrowBrowser: narrow === 'firefox' ? launchFirefox({ netns: this.narrow, origins: [serverAddress] }) : launchChromium({ netns: this.narrow, flags }),
    };
    await Promise.allSettled(Object.entries(starting).map(async ([name, started]) => { this[name] = await started; }));
    await Promise.all(Object.values(starting));
  }

  /** A tab at the server's origin, on the `wide` or the `narrow` line. */
  async tab(t, line) {
    const tab = await this[`${line}Browser`].open(`${this.node.url}/healthz`);
    t.after(() => tab.close());
    return tab;
  }

  /**
   * What the narrow line is from now on; nothing: as wide as the other.
   * @param {{ kbps?: number, loss?: number, delayMs?: number, jitterMs?: number }} conditions
   *   `kbps`: with a queue of 400 ms; `loss`: percent of UDP packets; `delayMs` and `jitterMs`: of UDP towards the client and in order, for
   *   calls that begin afterwards.
   */
  async sets({ kbps, loss, delayMs, jitterMs = 0 } = {}) {
    const { router } = this, shape = ['dev', 'narrow', 'root'];
    await router.run('tc', 'qdisc', ...(kbps ? ['replace', ...shape, 'tbf', 'rate', `${kbps}kbit`, 'burst', '4kb', 'latency', '400ms'] : ['replace', ...shape, 'pfifo', 'limit', '1000']));
    const statements = [];
    if (loss) statements.push(`chain losses {\n type filter hook forward priority 0\n oifname narrow meta l4proto udp numgen random mod 1000 < ${Math.round(loss * 10)} drop\n}`);
    if (delayMs) {
      await this.#delays(delayMs, jitterMs);
      statements.push(`chain ways {\n type nat hook prerouting priority dstnat\n iifname narrow udp dport 7882 dnat to ${clients.narrow}.1:${relayPort}\n}`);
    }
    await router.run('nft', 'flush', 'ruleset');
    if (statements.length) await router.run('nft', `table ip rig {\n${statements.join('\n')}\n}`);
    if (!delayMs) await this.#stopRelay();
  }

  async #delays(delayMs, jitterMs) {
    await this.#stopRelay();
    const [command, ...args] = this.router.inside(process.execPath, relay, `${clients.narrow}.1:${relayPort}`, `${serverAddress}:7882`, `${delayMs}`, `${jitterMs}`);
    this.#relay = new Process(command, args);
    await this.#relay.says(/ready/, 20);
  }

  async #stopRelay() {
    await this.#relay?.stop();
    this.#relay = undefined;
  }

  async close() {
    await Promise.all([this.wideBrowser?.close(), this.narrowBrowser?.close()]);
    await this.node?.stop();
    await this.#stopRelay();
    for (const netns of this.#spaces) await netns.close();
    rmSync(this.#folder, { recursive: true });
  }
}
