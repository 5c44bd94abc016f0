// HTTPS on an address that is not loopback, as on a LAN: in a namespace (needs root).
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { launchChromium } from './rig/browser.mjs';
import { makeCertificate } from './rig/certificate.mjs';
import { Guest } from './rig/meeting.mjs';
import { Netns } from './rig/netns.mjs';
import { Server, nexusCommand } from './rig/server.mjs';
import { newRoom } from './rig/stage.mjs';

test('people on a LAN meet with their cameras by an invite of a server with its own keys', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-tls-')), config = join(folder, 'nexus.json');
  t.after(() => rmSync(folder, { recursive: true }));
  const netns = await Netns.create();
  t.after(() => netns.close());
  netns.address = '10.77.0.1';
  await netns.ip('addr', 'add', `${netns.address}/24`, 'dev', 'lo');
  const { cert, key, chromiumFlags } = makeCertificate(folder, netns.address);
  writeFileSync(config, JSON.stringify({
    mediaIp: netns.address, https: `${netns.address}:8443`, tlsCertificate: cert, tlsKey: key,
    tenants: [{ name: 'own', keys: [{ key: 'own', secret: 'a-secret-that-only-this-test-knows' }] }],
  }));
  const server = await Server.start({ netns, flags: ['--config', config] });
  t.after(() => server.stop('SIGKILL'));
  assert.deepEqual([server.url, server.code], [`https://${netns.address}:8443`, '']);

  const room = newRoom(), options = ['--room', room, '--config', config, '--url', server.url];
  const link = (await netns.run('env', `SSL_CERT_FILE=${cert}`, ...nexusCommand('invite', ...options))).trim();
  const browser = await launchChromium({ netns, flags: chromiumFlags });
  t.after(() => browser.close());
  const guests = [], code = link.slice(link.indexOf('#'));
  for (const [name, url] of [['Ada', server.url], ['Bob', `http://${netns.address}:8080`]]) {
    const guest = await Guest.comes(browser, { url, code }, room, name); // Bob typed http: he is sent on, the invite comes along
    assert.equal(await guest.page.evaluate(() => location.origin), server.url);
    guests.push(await guest.joins());
  }
  const [ada, bob] = guests;
  await ada.seesTile(/^Bob/, { moving: 10 });
  await bob.seesTile(/^Ada/, { moving: 10 });
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});
