// The meeting page, used as a person uses it.
import { newWindow } from './browser.mjs';
import { Recorder } from './recorder.mjs';
import { until } from './wait.mjs';

/** Before the page's own scripts: remembers the WebSockets, so that a test can cut one, and what was said of subscriptions, by track. */
const rememberSockets = () => {
  const Original = globalThis.WebSocket;
  globalThis.sockets = [];
  globalThis.subscriptions = {};
  globalThis.WebSocket = class extends Original {
    constructor(...args) {
      super(...args);
      globalThis.sockets.push(this);
      this.addEventListener('message', ({ data }) => {
        for (const subscription of JSON.parse(data).subscriptions ?? []) globalThis.subscriptions[subscription.trackSid] = subscription;
      });
    }
  };
};

export class Guest {
  /** Opens the page in a tab of its own and waits for the preview. */
  static async comes(browser, server, room, name, { query = {}, devices = true } = {}) {
    const page = await newWindow(browser.browser), guest = new Guest(page, name);
    page.on('pageerror', error => guest.errors.push(String(error)));
    await Recorder.of(page, () => `${name}'s page`, () => guest.state());
    await page.evaluateOnNewDocument(rememberSockets);
    await page.goto(`${server.url}/?${new URLSearchParams({ room, ...query })}${server.code}`);
    await page.bringToFront();
    if (devices) await guest.until('a preview', () => !document.getElementById('preview').hidden);
    await page.evaluate(name => (document.getElementById('name').value = name), name);
    return guest;
  }

  constructor(page, name) {
    this.page = page;
    this.name = name;
    this.errors = [];
  }

  /** Joins and waits until the state says so. */
  async joins() {
    await this.page.click('#join');
    await this.until('connected', () => document.getElementById('state').dataset.state === 'connected');
    return this;
  }

  /** Waits for a condition in the page. */
  until(what, condition, ...args) {
    return until(`${this.name}: ${what}`, () => this.page.evaluate(condition, ...args), { seen: () => this.sees() });
  }

  /** The tiles: what screen readers say of each, and how many frames its video has shown. */
  sees() {
    return this.page.evaluate(() => [...document.querySelectorAll('.tile')].map(tile => ({
      label: tile.getAttribute('aria-label'), source: tile.dataset.source,
      frames: tile.querySelector('video').videoWidth > 0 ? tile.querySelector('video').getVideoPlaybackQuality().totalVideoFrames : 0,
    })));
  }

  /** Where the page stands, for the message of a wait that failed. */
  async state() {
    const page = await this.page.evaluate(() => ({
      state: document.getElementById('state').dataset.state, notice: document.getElementById('notice').textContent,
      refusal: document.getElementById('refusal').dataset.code, ended: document.getElementById('ended').dataset.code, visible: document.visibilityState,
    }));
    return { ...page, tiles: await this.sees() };
  }

  /** Waits until a tile with such a label is there (or, with `moving`, shows `moving` more frames). */
  async seesTile(label, { source = 'camera', moving = 0 } = {}) {
    let before;
    await this.page.bringToFront(); // only who is looked at counts frames
    return until(`${this.name} sees ${label}`, async () => {
      const tile = (await this.sees()).find(t => t.source === source && label.test(t.label));
      if (!tile) return false;
      before ??= tile.frames;
      return tile.frames >= before + moving && tile;
    }, { seen: () => this.sees() });
  }

  /** What stands on the page after a refusal or the end: its code. */
  refusal() {
    return this.page.evaluate(() => document.getElementById('refusal').hidden ? undefined : document.getElementById('refusal').dataset.code);
  }

  /** The server says something of all tracks that this page gets. */
  hears(change) {
    return this.page.evaluate(change => {
      const subscriptions = Object.values(globalThis.subscriptions).map(s => ({ trackSid: s.trackSid, participantSid: s.participantSid, mid: s.mid, ...change }));
      globalThis.sockets.at(-1).dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type: 'subscriptions', subscriptions }) }));
    }, change);
  }

  /** The WebSocket breaks. */
  cut() {
    return this.page.evaluate(() => globalThis.sockets.at(-1).close());
  }
}
