// The admin page, used as an operator uses it.
import { adminToken } from './server.mjs';
import { until } from './wait.mjs';

/** The admin page, signed in. */
export class Operator {
  static async comes(t, { browser }, server, bearer = adminToken()) {
    const page = await browser.newPage();
    t.after(() => page.close().catch(() => {})); // its browser may be gone
    const operator = new Operator(page);
    page.on('pageerror', error => operator.errors.push(String(error)));
    await page.goto(`${server.url}/admin`);
    await page.type('#token', bearer);
    await page.keyboard.press('Enter');
    return operator;
  }

  constructor(page) {
    this.page = page;
    this.errors = [];
    this.asked = [];
  }

  /** The text of the room's card; undefined when there is none. */
  card(room) {
    return this.page.evaluate(room => [...document.querySelectorAll('#rooms .card')].find(c => c.querySelector('h3').textContent === room)?.innerText, room);
  }

  /** Opens the room's card, where it is not. */
  async opens(room) {
    await until(`${room} open`, () => this.page.evaluate(room => {
      const card = [...document.querySelectorAll('#rooms .card')].find(c => c.querySelector('h3').textContent === room);
      const button = card && [...card.querySelectorAll('button')].find(b => b.textContent === 'Open');
      button?.click();
      return Boolean(card?.querySelector('.person'));
    }, room), { everyMs: 500 });
  }

  /** Waits until the room's card says so. */
  reads(room, pattern) {
    return until(`the admin page says ${pattern} of ${room}`, async () => pattern.exec((await this.card(room)) ?? ''), { seconds: 40, seen: () => this.card(room) });
  }

  /** Requests to the API from now on, with when each was made: `[{ url, at }]`. */
  counts() {
    const requests = [];
    this.page.on('request', request => request.url().includes('/api/') && requests.push({ url: request.url(), at: performance.now() }));
    return requests;
  }

  /** Presses the room's button of that label (the one of the person, when given). */
  async clicks(room, label, person) {
    await this.page.bringToFront();
    if (person) await this.opens(room);
    await until(`a button ${label}`, () => this.page.evaluate((room, label, person) => {
      const card = [...document.querySelectorAll('#rooms .card')].find(c => c.querySelector('h3').textContent === room);
      const part = person ? [...card.querySelectorAll('.person')].find(p => p.innerText.startsWith(person)) /* others' rows name the person too, as whom they receive */ : card;
      const button = [...part.querySelectorAll('button')].find(b => b.textContent === label);
      button?.click();
      return Boolean(button);
    }, room, label, person));
  }

  /** As `clicks`, of a button that acts: says yes to what it asks; it may last `seconds`. */
  async presses(room, label, person, seconds) {
    await this.clicks(room, label, person);
    const text = await until('the question', () => this.page.evaluate(() => document.getElementById('ask').open && document.getElementById('ask-text').textContent));
    this.asked.push(text);
    if (seconds) await this.page.select('#ask-seconds', String(seconds));
    await this.page.click('#ask-go');
  }
}
