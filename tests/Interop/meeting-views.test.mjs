// The meeting page's views and devices: full-size view, pickers, a lobby without devices, a full room.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Guest } from './rig/meeting.mjs';
import { adminToken } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();

/** Three people in a room, each in a tab; the first is looked at. */
async function three(t) {
  const server = await stage.server, browser = await stage.chromium, room = newRoom(), guests = [];
  t.after(() => Promise.all(guests.map(({ page }) => page.close())));
  for (const name of ['Cyd', 'Bob', 'Ada']) guests.push(await (await Guest.comes(browser, server, room, name)).joins());
  return guests.reverse();
}

/** Width of each tile by the first word of its label. */
const widths = guest => guest.page.evaluate(() => Object.fromEntries(
  [...document.querySelectorAll('.tile')].map(tile => [tile.getAttribute('aria-label').split(/[ ,]/)[0], tile.getBoundingClientRect().width])));

test('a tile takes the stage by its button and by keyboard, and gives it back', async t => {
  const [ada] = await three(t);
  await ada.seesTile(/^Cyd/, { moving: 3 });
  const alike = await widths(ada);
  await ada.page.evaluate(() => document.querySelector('.tile[aria-label^="Bob"] .full').click());
  await until('Bob large', async () => (await widths(ada)).Bob > 1.5 * alike.Bob && (await widths(ada)).Cyd < alike.Cyd, { seen: () => widths(ada) });
  assert.equal(await ada.page.$eval('.tile[aria-label^="Bob"] .full', button => button.getAttribute('aria-pressed')), 'true');
  await ada.page.focus('.tile[aria-label^="Bob"]');
  await ada.page.keyboard.press('Enter');
  await until('all alike', async () => Math.abs((await widths(ada)).Bob - alike.Bob) < 2, { seen: () => widths(ada) });
});

test('everything in a call is reached by keyboard, in order, and has a name', async t => {
  const [ada] = await three(t);
  await ada.seesTile(/^Cyd/, { moving: 3 });
  const names = [];
  for (let i = 0; i < 30; i++) {
    await ada.page.keyboard.press('Tab');
    const name = await ada.page.evaluate(() => document.activeElement !== document.body && (document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()));
    if (name === false || names.includes(name)) break; // once around
    names.push(name);
  }
  for (const wanted of ['Microphone', 'Camera', 'Share screen', 'Devices', 'Leave']) assert.ok(names.includes(wanted), `${wanted} is not among ${names.join(', ')}`);
  assert.ok(!names.includes(''), `a nameless control after ${names[names.indexOf('') - 1]}`);
});

test('another camera and another microphone can be picked before and during the call, and the call goes on', async t => {
  const server = await stage.server, browser = await stage.chromium, room = newRoom();
  const bob = await Guest.comes(browser, server, room, 'Bob'), ada = await Guest.comes(browser, server, room, 'Ada');
  t.after(() => Promise.all([ada, bob].map(({ page }) => page.close())));
  const options = select => ada.page.$$eval(`${select} option`, all => all.map(({ value, textContent }) => ({ value, label: textContent })));
  await ada.until('the devices', () => document.getElementById('lobby-microphone').options.length >= 2 && document.getElementById('lobby-camera').options.length > 0);
  const microphones = await options('#lobby-microphone');
  assert.ok((await options('#lobby-camera')).every(({ label }) => label !== ''));
  await ada.page.select('#lobby-microphone', microphones[1].value);
  await bob.page.bringToFront();
  await bob.joins();
  await ada.page.bringToFront();
  await ada.joins();
  await bob.seesTile(/^Ada/, { moving: 5 });
  await ada.page.bringToFront();
  await ada.page.click('#settings');
  await ada.until('the dialog, with the microphone of the lobby', () => document.getElementById('devices').open && document.getElementById('microphone').options.length > 0);
  assert.equal(await ada.page.$eval('#microphone', select => select.value), microphones[1].value);
  await ada.page.select('#microphone', microphones[0].value);
  await ada.page.keyboard.press('Escape');
  await ada.until('the dialog closed', () => !document.getElementById('devices').open);
  await bob.seesTile(/^Ada(, speaking)?$/, { moving: 20 });
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('a device that is not there is named, and one can join without', async t => {
  const server = await stage.server, { browser } = await stage.chromium, room = newRoom();
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.evaluateOnNewDocument(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Requested device not found', 'NotFoundError'));
    navigator.mediaDevices.enumerateDevices = () => Promise.resolve([]);
  });
  await page.goto(`${server.url}/?room=${room}${server.code}`);
  const guest = new Guest(page, 'Dan');
  assert.equal(await until('a refusal', () => guest.refusal()), 'DEVICE_NOT_FOUND');
  assert.match(await page.$eval('#refusal', e => e.innerText), /Plug one in, or join without/);
  assert.equal(await page.$eval('#lobby-camera', e => e.disabled && e.innerText.trim()), 'No camera found');
  await page.type('#name', 'Dan');
  await guest.joins();
});

test('a picture that is paused for want of bandwidth is replaced by the avatar, with the reason, until it flows again', async t => {
  const server = await stage.server, browser = await stage.chromium, room = newRoom();
  const ada = await Guest.comes(browser, server, room, 'Ada'), bob = await Guest.comes(browser, server, room, 'Bob');
  t.after(() => Promise.all([ada, bob].map(({ page }) => page.close())));
  await ada.joins();
  await bob.joins();
  await bob.seesTile(/^Ada/, { moving: 5 });
  await bob.hears({ state: 'paused', reason: 'BANDWIDTH' });
  await bob.seesTile(/^Ada.*Paused: your connection is too slow/);
  const shown = () => bob.page.$eval('.tile[data-identity]:not(.mirror)', tile => {
    const sees = (name) => getComputedStyle(tile.querySelector(name)).visibility === 'visible' && tile.querySelector(name).getClientRects().length > 0;
    return ['video', '.avatar', '.why'].filter(sees).join(' ');
  });
  assert.equal(await shown(), '.avatar .why');
  await bob.hears({ state: 'active' });
  await bob.seesTile(/^Ada(, speaking)?$/, { moving: 5 });
  assert.equal(await shown(), 'video');
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('a full room is refused by name, and lets in who tries again later', async t => {
  const server = await stage.server, browser = await stage.chromium, room = newRoom();
  const { status } = await server.request('/api/v1/rooms', {
    method: 'POST', body: JSON.stringify({ name: room, maxParticipants: 1 }),
    headers: { authorization: `Bearer ${adminToken()}`, 'content-type': 'application/json' },
  });
  assert.equal(status, 201);
  const ada = await Guest.comes(browser, server, room, 'Ada'), bob = await Guest.comes(browser, server, room, 'Bob');
  t.after(() => Promise.all([ada, bob].map(({ page }) => page.close())));
  await ada.page.bringToFront();
  await ada.joins();
  await bob.page.bringToFront();
  await bob.page.click('#join');
  assert.equal(await until('a refusal', () => bob.refusal()), 'ROOM_FULL');
  await ada.page.bringToFront();
  await ada.page.click('#leave');
  await ada.until('the end', () => document.getElementById('ended').dataset.code === 'CLIENT_LEFT');
  await bob.page.bringToFront();
  await bob.joins();
});
