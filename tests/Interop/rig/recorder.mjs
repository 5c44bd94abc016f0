// What was said and shown before something went wrong: of each page that is open, and of the server's rooms.
import { explains } from './wait.mjs';

const frames = 20;
const width = 420;

const shortened = text => text.replace(/"(sdp|token|access_token)":"(?:[^"\\]|\\.)*"/g, '"$1":"…"').slice(0, width);

/** Remembers a page's console, its errors and its last signalling messages, for the message of a wait that fails. */
export class Recorder {
  #lines = [];
  #startedAt = Date.now();

  /** @param {() => Promise<unknown>} state what else is to be told of the page, asked when it is told */
  static async of(page, name, state = async () => undefined) {
    const recorder = new Recorder();
    page.on('console', message => recorder.#note(`console: ${message.text()}`));
    page.on('pageerror', error => recorder.#note(`error: ${error.stack ?? error}`));
    const forget = explains(async () => [`-- ${name()}`, JSON.stringify(await state().catch(String)), ...recorder.#lines].join('\n'));
    page.once('close', forget);
    await recorder.#listen(page).catch(() => {}); // Firefox has no such session
    return recorder;
  }

  async #listen(page) {
    const devtools = await page.createCDPSession();
    await devtools.send('Network.enable');
    devtools.on('Network.webSocketFrameSent', ({ response }) => this.#frame('→', response.payloadData));
    devtools.on('Network.webSocketFrameReceived', ({ response }) => this.#frame('←', response.payloadData));
    devtools.on('Network.webSocketClosed', () => this.#note('the WebSocket is closed'));
  }

  #frame(arrow, text) {
    if (!/"type":"(ping|pong|candidate|quality|quality-report|speakers)"/.test(text)) this.#note(`${arrow} ${text}`);
  }

  #note(line) {
    this.#lines.push(`${((Date.now() - this.#startedAt) / 1000).toFixed(2)} ${shortened(line)}`);
    if (this.#lines.length > frames) this.#lines.shift();
  }
}
