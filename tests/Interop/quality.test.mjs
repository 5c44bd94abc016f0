// How people are connected, on the meeting page and on the admin page, over networks that are good, lossy and good again.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Guest } from './rig/meeting.mjs';
import { Netns, badNetwork } from './rig/netns.mjs';
import { Operator } from './rig/operator.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

/** Waits until both tiles of a guest's page, his own and the other's, have one of the labels. */
const shows = (guest, label) => until(`${guest.name} sees both labelled ${label}`, () => guest.page.evaluate(label => {
  const signals = [...document.querySelectorAll('.tile .signal')];
  return signals.length === 2 && signals.every(({ dataset, title }) => dataset.quality === label && /connection$/i.test(title));
}, label), { seconds: 60, seen: () => guest.page.evaluate(() => [...document.querySelectorAll('.tile .signal')].map(({ dataset }) => dataset.quality)) });

test('the label of each person follows the network, on the page and in admin', async t => {
  const netns = await Netns.create(), stage = new Stage({ netns });
  t.after(async () => {
    await stage.close();
    await netns.close();
  });
  const [server, chromium] = await Promise.all([stage.server, stage.chromium]), room = newRoom();
  const ada = await Guest.comes(chromium, server, room, 'Ada'), bob = await Guest.comes(chromium, server, room, 'Bob');
  await bob.joins();
  await ada.page.bringToFront();
  await ada.joins();
  await ada.seesTile(/^Bob/, { moving: 5 });
  const operator = await Operator.comes(t, chromium, server);
  await operator.opens(room);
  const inAdmin = label => operator.reads(room, new RegExp(`Ada[^]*${label} connection[^]*Bob[^]*${label} connection|Bob[^]*${label} connection[^]*Ada[^]*${label} connection`));

  await shows(bob, 'good');
  await inAdmin('good');
  await netns.rules(badNetwork.loss(15));
  await shows(bob, 'poor');
  await inAdmin('poor');
  await netns.rules(badNetwork.loss(2.5));
  await until('a fair label', async () => (await server.api(`/rooms/${room}/participants`)).participants.some(({ quality }) => quality === 'fair'), { seconds: 60 });
  await until('a fair tile', () => bob.page.evaluate(() => Boolean(document.querySelector('.tile .signal[data-quality=fair]'))), { everyMs: 50, seconds: 60 });
  await netns.rules();
  await shows(bob, 'good');
  await inAdmin('good');
  assert.deepEqual([...ada.errors, ...bob.errors, ...operator.errors], []);
});
