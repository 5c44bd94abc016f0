import assert from 'node:assert/strict';
import test from 'node:test';
import { LocalTrack } from '../src/local-track.js';

/** As much of MediaStreamTrack as is used. */
class FakeMedia extends EventTarget {
  enabled = true;
  readyState = 'live';
  readonly kind = 'audio';

  getSettings(): MediaTrackSettings {
    return {};
  }

  stop(): void {
    this.readyState = 'ended';
  }
}

function microphone() {
  const media = new FakeMedia(), events: string[] = [];
  const track = new LocalTrack({ kind: 'audio', source: 'microphone', media: media as never, capture: async () => new FakeMedia() as never });
  track.on('muted', muted => events.push(muted ? 'muted' : 'unmuted'));
  track.on('muted-by-server', muted => events.push(muted ? 'taken' : 'given back'));
  return { track, media, events };
}

test('what an admin muted sends nothing and cannot be unmuted, until it is given back as it was', async () => {
  const { track, media, events } = microphone();
  track.setMutedByServer(true);
  track.setMutedByServer(true);
  assert.deepEqual([track.mutedByServer, track.muted, media.enabled], [true, false, false]);
  await assert.rejects(track.unmute(), { code: 'PERMISSION' });
  track.setMutedByServer(false);
  assert.deepEqual([track.mutedByServer, track.muted, media.enabled], [false, false, true]);
  assert.deepEqual(events, ['taken', 'given back']);
});

test('who mutes himself meanwhile stays muted when it is given back', async () => {
  const { track, media, events } = microphone();
  track.setMutedByServer(true);
  track.mute();
  track.setMutedByServer(false);
  assert.deepEqual([track.muted, media.enabled], [true, false]);
  await track.unmute();
  assert.deepEqual([track.muted, media.enabled], [false, true]);
  assert.deepEqual(events, ['taken', 'muted', 'given back', 'unmuted']);
});

test('another device is as silent as the one before', async () => {
  const { track } = microphone();
  track.setMutedByServer(true);
  await track.useDevice('another');
  assert.equal(track.mediaStreamTrack!.enabled, false);
});
