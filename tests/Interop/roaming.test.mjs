// A member whose network changes in the middle of a call: interfaces, addresses and routes move in a namespace of its own.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { launchChromium } from './rig/browser.mjs';
import { Roaming } from './rig/roaming.mjs';
import { Member } from './rig/sdk.mjs';
import { Server, token } from './rig/server.mjs';
import { newRoom } from './rig/stage.mjs';

let roaming, server, moving, standing;

before(async () => {
  roaming = await Roaming.create();
  const flags = roaming.chromiumFlags;
  server = await Server.start({ netns: roaming.server, flags: roaming.serverFlags });
  [moving, standing] = await Promise.all([roaming.client, roaming.server].map(netns => launchChromium({ netns, flags })));
});

after(async () => {
  await Promise.all([moving?.close(), standing?.close()]);
  await server?.stop();
  await roaming?.close();
});

/** Ada, who moves, and Bob, who does not, see and hear each other; Ada is on the network `from`. */
async function call(t, from) {
  const room = newRoom(), members = [];
  for (const [identity, browser] of [['ada', moving], ['bob', standing]]) {
    const tab = await browser.open(`${server.url}/healthz`);
    t.after(() => tab.close());
    members.push(await Member.joins(tab, server, room, identity, { bearer: token({ room, identity, secret: Roaming.secret }) }));
  }
  const [ada, bob] = members;
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  assert.ok(Roaming.isOn(from, (await ada.view()).address));
  return members;
}

/** It is the same call: one session, which nobody saw leave, on the network `to`, and it stays so. */
async function goesOn(ada, bob, { sid }, to) {
  await ada.until(`media by ${to}`, ({ state, address }) => state === 'connected' && Roaming.isOn(to, address), { seconds: 30 });
  await Promise.all([ada.sees('bob', { frames: 30 }), bob.sees('ada', { frames: 30 }), ada.hears('bob'), bob.hears('ada')]);
  assert.equal((await ada.view()).sid, sid);
  assert.deepEqual((await bob.view()).events.filter(event => /joined|left/.test(event)), []);
}

test('a network goes, another comes, and the call goes on: ICE restarts by itself, no second join', async t => {
  const [ada, bob] = await call(t, 'wifi'), before = await ada.view();
  await roaming.leave('wifi');
  await roaming.enter('mobile');
  await goesOn(ada, bob, before, 'mobile');
});

test('a network comes before the other goes, of which no event tells, and the call goes on', async t => {
  const [ada, bob] = await call(t, 'mobile'), before = await ada.view();
  await roaming.enter('wifi');
  await roaming.leave('mobile');
  await goesOn(ada, bob, before, 'wifi');
});

test('a member without any network until he is missed comes back by another, in the same session', async t => {
  const [ada, bob] = await call(t, 'wifi'), before = await ada.view();
  await roaming.leave('wifi');
  await bob.until('ada to be missed', view => view.participants.some(({ identity, state }) => identity === 'ada' && state === 'reconnecting'), { seconds: 30 });
  await roaming.enter('mobile');
  await goesOn(ada, bob, before, 'mobile');
});
