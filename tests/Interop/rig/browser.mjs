// Real browsers, driven by puppeteer-core, with the in-page library of page.js.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { Recorder } from './recorder.mjs';
import { Process, freePort, token } from './server.mjs';
import { until } from './wait.mjs';

const pageLibrary = readFileSync(new URL('page.js', import.meta.url), 'utf8');

const chromiumFlags = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream=fps=30', '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows', '--autoplay-policy=no-user-gesture-required',
];

/** For a network without any interface but loopback. */
const loopbackFlags = ['--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns'];

const firefoxPrefs = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  // Without a standing permission Firefox offers the default route's address only, and never pairs that with loopback.
  'permissions.default.camera': 1,
  'permissions.default.microphone': 1,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
};

/**
 * Chromium with a fake camera and microphone; in `netns` when given. `stranger` leaves its network settings as users have them; without
 * `fakeUi` nobody grants anything.
 */
export async function launchChromium({ netns, stranger = false, fakeUi = true, flags = [] } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'nexus-chromium-'));
  let executablePath = '/usr/bin/chromium';
  if (netns) {
    executablePath = join(profile, 'chromium');
    writeFileSync(executablePath, `#!/bin/sh\nexec ${netns.inside('/usr/bin/chromium').join(' ')} "$@"\n`);
    chmodSync(executablePath, 0o755);
  }
  const browser = await puppeteer.launch({
    executablePath, args: [...chromiumFlags.filter(flag => fakeUi || flag !== '--use-fake-ui-for-media-stream'), ...(stranger ? [] : loopbackFlags), ...flags], userDataDir: join(profile, 'data'), pipe: true, protocolTimeout: 60_000,
  });
  return new Browser(browser, () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
}

/**
 * Firefox with a fake camera and microphone; in `netns` when given, where what comes from `origins` counts as secure.
 * @param {{ netns?: import('./netns.mjs').Netns, origins?: string[] }} options
 */
export async function launchFirefox({ netns, origins = [] } = {}) {
  if (netns) return launchFirefoxInside(netns, origins);
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true, extraPrefsFirefox: firefoxPrefs,
    protocolTimeout: 60_000,
  });
  return new Browser(browser, () => {});
}

/** Firefox is driven over a WebSocket, which nobody outside can open: each connection goes through a pipe to a process inside. */
async function launchFirefoxInside(netns, origins) {
  const profile = mkdtempSync(join(tmpdir(), 'nexus-firefox-'));
  const prefs = {
    ...firefoxPrefs, 'dom.securecontext.allowlist': origins.join(), 'media.devices.insecure.enabled': true, 'media.getusermedia.insecure.enabled': true,
    'browser.shell.checkDefaultBrowser': false, 'datareporting.policy.dataSubmissionEnabled': false, 'app.update.enabled': false, 'network.captive-portal-service.enabled': false,
  };
  writeFileSync(join(profile, 'user.js'), Object.entries(prefs).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
  const port = await freePort(); // the same inside and outside: Firefox looks at the Host
  const [command, ...args] = netns.inside('/usr/bin/firefox-esr', '--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', `${port}`, 'about:blank');
  const firefox = new Process(command, args, { HOME: profile });
  const pipes = new Set(), door = createServer(socket => {
    const [command, ...args] = netns.inside(process.execPath, '-e', `const s=require("net").connect(${port},"127.0.0.1");process.stdin.pipe(s).pipe(process.stdout);s.on("error",()=>process.exit(1))`);
    const pipe = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    pipes.add(pipe);
    socket.pipe(pipe.stdin).on('error', () => {});
    pipe.stdout.pipe(socket).on('error', () => {});
  });
  const cleanUp = async () => {
    for (const pipe of pipes) pipe.kill();
    door.close();
    await firefox.stop();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await firefox.says(/BiDi listening/, 60);
    await once(door.listen(port, '127.0.0.1'), 'listening');
    const browser = await puppeteer.connect({ browserWSEndpoint: `ws://127.0.0.1:${port}/session`, protocol: 'webDriverBiDi', protocolTimeout: 60_000 });
    return new Browser(browser, cleanUp);
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** A page in a window of its own: one behind another tab is hidden, and an adaptive room then asks for no pictures. */
export const newWindow = browser => browser.newPage({ type: 'window' });

class Browser {
  constructor(browser, cleanUp) {
    this.browser = browser;
    this.cleanUp = cleanUp;
  }

  /** A tab at `url`, any document of a secure origin. */
  async open(url) {
    const page = await newWindow(this.browser);
    const tab = new Tab(page);
    page.on('pageerror', error => tab.errors.push(String(error)));
    await Recorder.of(page, () => `tab ${tab.name ?? ''}`, () => page.evaluate(() => globalThis.member?.room && globalThis.member.view()));
    await tab.load(url);
    return tab;
  }

  async close() {
    await this.browser.close();
    await this.cleanUp();
  }
}

/** A page that publishes and plays. Each call makes one peer connection, named by the number it returns. */
export class Tab {
  constructor(page) {
    this.page = page;
    this.errors = [];
  }

  async load(url) {
    await this.page.goto(url);
    await this.page.evaluate(pageLibrary);
  }

  /** Publishes the fake camera and microphone by WHIP; see page.js for the options. Resolves with a Call. */
  whip(server, room, identity, options = {}) {
    return this.#call('whip', server, room, identity, options);
  }

  /** Plays the room by WHEP. Resolves with a Call. */
  whep(server, room, identity, options = {}) {
    return this.#call('whep', server, room, identity, options);
  }

  async #call(kind, server, room, identity, { query = '', grants, ...options }) {
    const bearer = token({ room, identity, grants });
    const url = `${server.url}/${kind}/${encodeURIComponent(room)}${query}`;
    const opened = await this.page.evaluate((...args) => rig.open(...args), kind, url, bearer, options);
    return new Call(this, opened);
  }

  /** Anything else of the in-page library. */
  evaluate(...args) {
    return this.page.evaluate(...args);
  }

  /** Closes the page; it may have gone with its browser before. */
  async close() {
    await this.page.close().catch(() => {});
  }
}

/** One WHIP or WHEP session of a tab. */
export class Call {
  /** @param {{ id: number, status: number, text: string, location: string, etag: string, answer: string }} opened */
  constructor(tab, opened) {
    this.tab = tab;
    Object.assign(this, opened);
  }

  /** A digest of getStats, see page.js. */
  stats() {
    return this.tab.page.evaluate(id => rig.stats(id), this.id);
  }

  /** Waits until the digest satisfies the condition and returns it. */
  until(what, condition, options = {}) {
    return until(what, async () => {
      const stats = await this.stats();
      return condition(stats) && stats;
    }, { ...options, seen: () => this.stats() });
  }

  connected(options) {
    return this.until('connected', stats => stats.connection === 'connected', options);
  }

  /** Waits for `frames` more decoded video frames and returns the digest. */
  async decodes(frames = 15, options = {}) {
    const before = (await this.stats()).video.frames;
    return this.until(`${frames} more decoded frames`, stats => stats.video.frames >= before + frames, options);
  }

  /** PATCH with a restart of ICE: new credentials on both sides; resolves with the HTTP `status` and the ICE `servers` that came with it. */
  restartIce() {
    return this.tab.page.evaluate(id => rig.restartIce(id), this.id);
  }

  /** PATCH with the gathered candidates; resolves with the HTTP status. */
  trickle() {
    return this.tab.page.evaluate(id => rig.trickle(id), this.id);
  }

  /** DELETE; resolves with the HTTP status. */
  end() {
    return this.tab.page.evaluate(id => rig.end(id), this.id);
  }

  /** Closes the peer connection without a word to the server. */
  vanish() {
    return this.tab.page.evaluate(id => rig.vanish(id), this.id);
  }
}
