// A TCP proxy in front of the server's HTTP port that can be cut: signalling breaks while media, over UDP, goes on.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
  #pairs = new Set();
  #server;
  #port;
  #target;

  /** Listens on a free loopback port and forwards to `url`. */
  static async start(url) {
    const proxy = new Proxy();
    proxy.to(url);
    proxy.#server = createServer(client => proxy.#forward(client));
    await proxy.#listen(0);
    proxy.#port = proxy.#server.address().port;
    return proxy;
  }

  /** New connections go there from now on. */
  to(url) {
    this.#target = new URL(url);
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Resets all connections and refuses new ones. */
  async cut() {
    const closed = new Promise(resolve => this.#server.close(resolve));
    for (const pair of this.#pairs) pair.forEach(socket => socket.resetAndDestroy());
    await closed;
  }

  /** Takes connections again. */
  mend() {
    return this.#listen(this.#port);
  }

  async close() {
    if (this.#server.listening) await this.cut();
  }

  async #listen(port) {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  #forward(client) {
    const server = connect(Number(this.#target.port), this.#target.hostname), pair = [client, server];
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pair.forEach(other => other.destroy());
        this.#pairs.delete(pair);
      });
    }
    client.pipe(server).pipe(client);
  }
}
