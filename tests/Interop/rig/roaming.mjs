// A client that moves from one network to another while its call goes on.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Netns } from './netns.mjs';

const networks = { wifi: '10.77.1', mobile: '10.77.2' };
const serverAddress = '10.77.0.1';

/** A client's namespace with two networks, of which it begins on `wifi`; a router, and a server behind it. */
export class Roaming {
  /** Of the key that the server takes: the development key is for loopback alone. */
  static secret = 'a secret of the tests, long enough';

  static async create() {
    const roaming = new Roaming(), folder = mkdtempSync(join(tmpdir(), 'nexus-roaming-')), config = join(folder, 'nexus.json');
    writeFileSync(config, JSON.stringify({ tenants: [{ name: 'tests', keys: [{ key: 'devkey', secret: Roaming.secret }] }] }));
    const [client, router, server] = [await Netns.create(), await Netns.create(), await Netns.create()];
    Object.assign(roaming, { client, router, server, folder });
    server.address = serverAddress;
    roaming.serverFlags = ['--media-ip', serverAddress, '--config', config];
    await server.connect('uplink', router);
    await server.ip('address', 'add', `${serverAddress}/24`, 'dev', 'uplink');
    await server.ip('route', 'add', 'default', 'via', '10.77.0.254');
    await router.ip('address', 'add', '10.77.0.254/24', 'dev', 'uplink');
    await router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    for (const [name, net] of Object.entries(networks)) {
      await router.connect(name, client);
      await router.ip('address', 'add', `${net}.1/24`, 'dev', name);
      await client.ip('link', 'set', name, 'down');
    }
    await roaming.enter('wifi');
    return roaming;
  }

  /** Capture is for secure origins, and plain HTTP is one on loopback alone. */
  get chromiumFlags() {
    return [`--unsafely-treat-insecure-origin-as-secure=http://${serverAddress}:8080`];
  }

  /** The client joins a network: its interface comes up with an address, and the default route leads there. */
  async enter(name) {
    await this.client.ip('link', 'set', name, 'up');
    await this.client.ip('address', 'add', `${networks[name]}.2/24`, 'dev', name);
    await this.client.ip('route', 'replace', 'default', 'via', `${networks[name]}.1`);
  }

  /** The client loses a network, with its address and its routes. */
  async leave(name) {
    await this.client.ip('address', 'flush', 'dev', name);
    await this.client.ip('link', 'set', name, 'down');
  }

  /** Whether an address of the client's is of this network. */
  static isOn(name, address) {
    return address?.startsWith(`${networks[name]}.`) === true;
  }

  async close() {
    for (const netns of [this.client, this.router, this.server]) await netns.close();
    rmSync(this.folder, { recursive: true });
  }
}
