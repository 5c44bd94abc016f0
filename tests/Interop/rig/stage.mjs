// What a test file stands on: servers and browsers that are started at first use and closed at the end.
import { after } from 'node:test';
import { launchChromium, launchFirefox } from './browser.mjs';
import { AppServer } from './livekit.mjs';
import { Server } from './server.mjs';

export class Stage {
  #started = new Map();

  /** @param {{ netns?: import('./netns.mjs').Netns, flags?: string[], chromiumFlags?: string[] }} options */
  constructor({ netns, flags, chromiumFlags } = {}) {
    this.options = { netns, flags, chromiumFlags };
  }

  /** A stage for a whole file. */
  static ofFile(options) {
    const stage = new Stage(options);
    after(() => stage.close());
    return stage;
  }

  #once(name, start) {
    if (!this.#started.has(name)) this.#started.set(name, start());
    return this.#started.get(name);
  }

  get server() {
    return this.#once('server', () => Server.start({ netns: this.options.netns, flags: this.options.flags }));
  }

  get chromium() {
    return this.#once('chromium', () => launchChromium({ netns: this.options.netns, flags: this.options.chromiumFlags }));
  }

  get firefox() {
    return this.#once('firefox', () => launchFirefox());
  }

  /** The web server of an app that uses LiveKit's SDK. */
  get app() {
    return this.#once('app', () => AppServer.start());
  }

  /** Tabs at the server's origin, closed when the test `t` ends. */
  async tabs(t, ...browsers) {
    const server = await this.server, tabs = [];
    for (const browser of browsers) tabs.push(await (await browser).open(`${server.url}/healthz`));
    t.after(() => Promise.all(tabs.map(tab => tab.close())));
    return tabs;
  }

  /** A server and as many Chromium tabs as asked for. */
  async set(t, count) {
    const [server] = await Promise.all([this.server, this.chromium]);
    return [server, ...await this.tabs(t, ...Array(count).fill(this.chromium))];
  }

  async close() {
    const started = [...this.#started].reverse();
    this.#started.clear();
    for (const [name, starting] of started) {
      const thing = await starting.catch(() => undefined);
      await (name === 'server' ? thing?.stop() : thing?.close());
    }
  }
}

let rooms = 0;
/** A room name nobody else uses. */
export const newRoom = () => `room-${process.pid}-${++rooms}`;
