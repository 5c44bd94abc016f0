// The page at `/whip.html`, in browsers whose network settings are those of any user.
import assert from 'node:assert/strict';
import test from 'node:test';
import { launchChromium } from './rig/browser.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();

/** Opens the page, enters the room and joins. */
async function joins(browser, server, room) {
  const tab = await browser.open(`${server.url}/whip.html${server.code}`);
  await tab.evaluate(name => (document.getElementById('room').value = name), room);
  await tab.page.click('#join');
  return tab;
}

/** The pictures that came through the server and are moving: how many frames each has shown. */
const pictures = tab => tab.evaluate(() => [...document.querySelectorAll('figure:not(.mine) video')]
  .map(video => (video.videoWidth > 0 ? video.getVideoPlaybackQuality().totalVideoFrames : 0)));

test('two browsers on the page see themselves and each other through the server', async t => {
  const server = await stage.server, room = newRoom();
  const browsers = await Promise.all([launchChromium({ stranger: true }), launchChromium({ stranger: true })]);
  t.after(() => Promise.all(browsers.map(browser => browser.close())));
  const tabs = [await joins(browsers[0], server, room), await joins(browsers[1], server, room)];
  for (const tab of tabs) {
    await until('two moving pictures', async () => (await pictures(tab)).filter(frames => frames >= 30).length === 2,
      { seen: async () => [await pictures(tab), await tab.evaluate(() => document.getElementById('status').textContent), tab.errors] });
  }

  await tabs[1].page.click('#leave');
  await until('the room to hold only the first again', async () => (await server.api(`/rooms/${room}/participants`)).participants.length === 2);
  assert.deepEqual(tabs.flatMap(tab => tab.errors), []);
});
