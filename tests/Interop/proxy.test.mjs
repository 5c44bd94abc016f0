// Behind a real nginx: below a path, by whoever comes, and with nginx's defaults, which tell a server nothing.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { launchChromium } from './rig/browser.mjs';
import { Guest } from './rig/meeting.mjs';
import { Nginx, webSockets } from './rig/nginx.mjs';
import { Server, token } from './rig/server.mjs';
import { newRoom } from './rig/stage.mjs';

const sdp = readFileSync(new URL('../Corpora/Sdp/chromium-156-whip.sdp', import.meta.url), 'utf8');
const secret = 'a-secret-that-only-this-test-knows';
const told = `proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto https;`;

/** A server with keys of its own that believes this machine's proxies. */
async function ownServer(t) {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-proxy-')), config = join(folder, 'nexus.json');
  writeFileSync(config, JSON.stringify({ proxies: ['127.0.0.1'], tenants: [{ name: 'own', keys: [{ key: 'devkey', secret, operator: true }] }] }));
  const server = await Server.start({ flags: ['--config', config] });
  t.after(() => server.stop('SIGKILL').then(() => rmSync(folder, { recursive: true })));
  return server;
}

async function before(t, server, locations) {
  const nginx = await Nginx.start(server, locations);
  t.after(() => nginx.stop()); // killed, it would leave its workers
  return nginx;
}

/** The status of a request from an address of one's own. */
const statusFrom = (localAddress, url, headers) => new Promise((resolve, reject) =>
  request(url, { localAddress, headers, method: 'POST' }, response => resolve(response.resume().statusCode)).on('error', reject).end());

test('WHIP works below a path, whether the proxy says which or not', async t => {
  const server = await ownServer(t);
  const nginx = await before(t, server, { '/live/rtc/': `${told} proxy_set_header X-Forwarded-Prefix /live/rtc;`, '/bare/': '' });
  for (const [path, begins] of [['/live/rtc', '/live/rtc/whip/'], ['/bare', '']]) {
    const room = newRoom(), authorization = `Bearer ${token({ room, identity: 'ada', secret })}`, endpoint = `${nginx.url}${path}/whip/${room}`;
    const created = await fetch(endpoint, { method: 'POST', headers: { authorization, 'content-type': 'application/sdp' }, body: sdp });
    assert.equal(created.status, 201, await created.text());
    const location = created.headers.get('location');
    assert.ok(location.startsWith(`${begins}${room}/SE_`), location);
    const ended = await fetch(new URL(location, endpoint), { method: 'DELETE', headers: { authorization } });
    assert.equal(ended.status, 200);
  }
});

test('two people meet on the page below a path', async t => {
  const server = await ownServer(t), room = newRoom();
  const nginx = await before(t, server, { '/live/rtc/': `${told} ${webSockets} proxy_set_header X-Forwarded-Prefix /live/rtc;` });
  const browser = await launchChromium();
  t.after(() => browser.close());
  const guests = [];
  for (const name of ['Ada', 'Bob']) {
    const guest = await Guest.comes(browser, { url: `${nginx.url}/live/rtc`, code: '' }, room, name);
    await guest.page.evaluate(pasted => (document.getElementById('token').value = pasted), token({ room, identity: name, secret, claims: { name } }));
    guests.push(await guest.joins());
  }
  const [ada, bob] = guests;
  await ada.seesTile(/^Bob/, { moving: 10 });
  await bob.seesTile(/^Ada/, { moving: 10 });
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});

test('people behind a proxy are told apart by their own addresses', async t => {
  const server = await ownServer(t), nginx = await before(t, server, { '/': told });
  for (const person of ['127.0.0.2', '127.0.0.3']) {
    assert.equal(await statusFrom(person, `${nginx.url}/whip/r`), 401);
    await server.says(new RegExp(`refused: POST /whip/r: TOKEN_MISSING \\(identity \\(null\\), from ${person}\\)`), 5);
  }
});

test('a server with the development key gives nothing away behind nginx with its defaults', async t => {
  const server = await Server.start();
  t.after(() => server.stop('SIGKILL'));
  const nginx = await before(t, server, { '/': '', '/named/': 'proxy_set_header Host $host;', '/told/': 'proxy_set_header X-Forwarded-For $remote_addr;' });
  const ask = (path, headers = {}) => fetch(nginx.url + path, { method: 'POST', headers }).then(async answer => [answer.status, (await answer.json()).code]);
  const page = '/dev/token?room=r&identity=me';
  assert.deepEqual(await ask(page), [403, 'PERMISSION']);
  assert.deepEqual(await ask(page, { 'x-nexus-code': '0123456789abcdef' }), [403, 'PERMISSION']);

  const authorization = `Bearer ${token({ room: 'r', identity: 'me' })}`;
  assert.equal(await statusFrom('127.0.0.1', `${nginx.url}/whip/r`, { authorization, origin: 'https://rtc.example.org' }), 401);
  assert.equal(await statusFrom('127.0.0.1', `${nginx.url}/named/whip/r`, { authorization, host: 'rtc.example.org' }), 401);
  assert.deepEqual(await ask('/told/whip/r', { authorization }), [401, 'TOKEN_LOCAL_ONLY']);
  assert.deepEqual(await ask(`/told${page}`, { 'x-nexus-code': server.code.split('=')[1] }), [403, 'PERMISSION']);

  const browser = await launchChromium();
  t.after(() => browser.close());
  const guest = await Guest.comes(browser, { url: nginx.url, code: '' }, newRoom(), 'Eve');
  await guest.page.click('#join');
  await guest.until('the refusal', () => document.getElementById('refusal').dataset.code === 'DEV_LINK');
  assert.match(await guest.page.$eval('#refusal', e => e.innerText), /the link that \.\/nexus up printed/);
});

test('the printed link opens the page, which keeps the code for the next tab and out of the address', async t => {
  const server = await Server.start(), room = newRoom();
  t.after(() => server.stop('SIGKILL'));
  assert.match(server.code, /^#dev=[0-9a-f]{16}$/);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const ada = await Guest.comes(browser, server, room, 'Ada');
  assert.equal(await ada.page.evaluate(() => location.hash), '');
  await ada.joins();
  const bob = await Guest.comes(browser, { url: server.url, code: '' }, room, 'Bob');
  await bob.joins();
});
