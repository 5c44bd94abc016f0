// Two regions on this machine: each a process of all roles with a Redis of its own. The only way from one to the other is a border that
// can be closed: what is sent over it then waits, as on a line that was cut, and nobody is told.
import { connect, createServer } from 'node:net';
import { Process, Server, freePort } from './server.mjs';
import { until } from './wait.mjs';

/**
 * Passes connections on to a port of this machine while it is open. It stands at the address that the silo says of itself: an Orleans client
 * must not know a silo by another one.
 */
class Border {
  #sockets = new Set();
  #isOpen = true;

  static async at(address, port) {
    const border = new Border();
    border.server = createServer(near => {
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [[near, far], [far, near]]) {
        border.#sockets.add(from);
        from.on('data', data => to.write(data));
        from.on('error', () => {});
        from.on('close', () => {
          border.#sockets.delete(from);
          to.destroy();
        });
        if (!border.#isOpen) from.pause();
      }
    });
    await new Promise(resolve => border.server.listen(port, address, resolve));
    return border;
  }

  closes() {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.pause();
  }

  opens() {
    this.#isOpen = true;
    for (const socket of this.#sockets) socket.resume();
  }

  ends() {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

export class Regions {
  #redis = [];
  #borders = [];

  /** Resolves when each knows the nodes of both. */
  static async start() {
    const regions = new Regions();
    try {
      await regions.#start();
    } catch (error) {
      await regions.close();
      throw error;
    }
    return regions;
  }

  async #start() {
    const names = ['eu', 'us'], clients = { eu: await freePort(), us: await freePort() }, told = { eu: '127.0.1.1', us: '127.0.1.2' };
    for (const name of names) {
      const peer = names.find(other => other !== name), redis = await freePort();
      this.#borders.push(await Border.at(told[name], clients[name]));
      const server = new Process('redis-server', ['--port', `${redis}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
      this.#redis.push(server);
      await server.says(/Ready to accept connections/, 10);
      this[name] = await Server.start({
        flags: ['--region', name, '--redis', `127.0.0.1:${redis}`, '--silo', `127.0.0.1:${await freePort()}`, '--advertise', told[name], '--client-port', `${clients[name]}`,
          '--peers', `${peer}=${told[peer]}:${clients[peer]}`, '--loops', '1'],
      });
    }
    for (const name of names) await this.hear(name);
  }

  /** Resolves when the gateway of that region has heard of the nodes of both. */
  hear(name) {
    return until(`both regions at ${name}`, async () => {
      const { nodes, unheardRegions } = await this[name].api('/nodes');
      return !unheardRegions && nodes.filter(({ state }) => state === 'ready').length === 2;
    }, { seconds: 30, seen: () => this[name].api('/nodes') });
  }

  /** Nothing passes between the regions any more. */
  part() {
    for (const border of this.#borders) border.closes();
  }

  join() {
    for (const border of this.#borders) border.opens();
  }

  async close() {
    for (const process of [this.eu, this.us, ...this.#redis]) await process?.stop('SIGKILL');
    for (const border of this.#borders) border.ends();
  }
}
