import assert from 'node:assert/strict';
import test from 'node:test';
import { wishFor, type Shown } from '../src/adaptive.js';
import { signallingUrl } from '../src/client.js';
import { bitrateFor, codecOrder, encodingsFor, type VideoShape } from '../src/encodings.js';
import { captureError } from '../src/errors.js';
import { qualityReport, type StatsById } from '../src/quality.js';
import { RemoteParticipant } from '../src/participant.js';
import type { Wish } from '../src/protocol.js';
import { RemoteTrack, type RemoteTrackState } from '../src/remote-track.js';
import { Speakers } from '../src/speaking.js';
import { faults } from './schema.js';

const camera: VideoShape = { source: 'camera', width: 1280, height: 720, frameRate: 30, codec: 'VP8', simulcast: true };
const shape = (more: Partial<VideoShape>) => encodingsFor({ ...camera, ...more }).map(e => [e.rid, e.scaleResolutionDownBy]);

test('a camera is sent in three layers, low first', () => {
  assert.deepEqual(shape({}), [['low', 4], ['middle', 2], ['high', 1]]);
  const rates = encodingsFor(camera).map(e => e.maxBitrate!);
  assert.deepEqual(rates, [...rates].sort((a, b) => a - b));
});

for (const [what, more, layers] of [
  ['a small picture in two', { width: 640, height: 360 }, [['low', 2], ['high', 1]]],
  ['a tiny one in one', { width: 320, height: 180 }, [[undefined, undefined]]],
  ['a screen in two', { source: 'screen', width: 1920, height: 1080 }, [['low', 2], ['high', 1]]],
  ['without simulcast all in one', { simulcast: false }, [[undefined, undefined]]],
] as const) {
  test(`layers: ${what}`, () => assert.deepEqual(shape(more as Partial<VideoShape>), layers));
}

test('VP9 and AV1 name a mode, so that layers stay streams of their own', () => {
  for (const codec of ['VP9', 'AV1'] as const) assert.ok(encodingsFor({ ...camera, codec }).every(e => 'scalabilityMode' in e));
  assert.ok(encodingsFor(camera).every(e => !('scalabilityMode' in e)));
});

test('bitrates grow with size and rate', () => {
  assert.equal(bitrateFor(1280, 720, 30, 'VP8'), 2_000_000);
  assert.ok(bitrateFor(1280, 720, 15, 'VP8') < bitrateFor(1280, 720, 30, 'VP8'));
  assert.ok(bitrateFor(1280, 720, 30, 'AV1') < bitrateFor(1280, 720, 30, 'H264'));
});

test('the preferred codec comes first and none is lost', () => {
  const all = ['video/VP8', 'video/rtx', 'video/VP9', 'video/VP9', 'video/H264'].map(mimeType => ({ mimeType }));
  assert.deepEqual(codecOrder(all, 'VP9').map(c => c.mimeType), ['video/VP9', 'video/VP9', 'video/VP8', 'video/rtx', 'video/H264']);
});

const tile = (width: number, height: number, more: Partial<Shown> = {}): Shown => ({ width, height, visible: true, ...more });
const wide = { width: 1280, height: 720 }, upright = { width: 360, height: 640 };

for (const [what, elements, wish] of [
  ['the size of its element in device pixels', [tile(320, 180)], { maxWidth: 640, maxHeight: 360 }],
  ['the largest of several', [tile(160, 90), tile(320, 180)], { maxWidth: 640, maxHeight: 360 }],
  ['whole pixels', [tile(100.3, 56.4)], { maxWidth: 201, maxHeight: 113 }],
  ['no more than there can be', [tile(10_000, 1)], { maxWidth: 16_384, maxHeight: 2 }],
  ['the whole of a picture that is cropped', [tile(100, 100, { fit: 'cover', picture: wide })], { maxWidth: 356, maxHeight: 200 }],
  ['a picture between bars', [tile(320, 180, { fit: 'contain', picture: upright })], { maxWidth: 203, maxHeight: 360 }],
  ['the element as long as no picture is there', [tile(100, 100, { fit: 'cover', picture: { width: 0, height: 0 } })], { maxWidth: 200, maxHeight: 200 }],
  ['nothing when none can be seen', [tile(320, 180, { visible: false })], { paused: true }],
  ['nothing when it has no size', [tile(0, 0)], { paused: true }],
  ['nothing without elements', [], { paused: true }],
] as [string, Shown[], Wish][]) {
  test(`a video is wished for: ${what}`, () => assert.deepEqual(wishFor(elements, 2, { maxWidth: 1, paused: true }), wish));
}

test('a small resize is no news, many are', () => {
  const at = (width: number, before: Wish) => wishFor([tile(width, width / 2)], 1, before);
  const first = at(640, {});
  assert.deepEqual(at(660, first), first);
  assert.deepEqual(at(620, first), first);
  assert.deepEqual(at(680, first), { maxWidth: 680, maxHeight: 340 });
});

test('what the app chose stays in the wish', () =>
  assert.deepEqual(wishFor([tile(160, 90)], 1, { layer: 'low', priority: 200 }), { layer: 'low', priority: 200, maxWidth: 160, maxHeight: 90 }));

test('a track says when it stops for a reason, and when it flows again', () => {
  const told: string[] = [];
  const track = new RemoteTrack(
    { sid: 'TR_1', kind: 'video', source: 'camera', name: '', codec: 'VP8', muted: false, layers: [] }, 'PA_1',
    { wish() {}, setSubscribed: async () => {}, blocked() {}, attached() {} },
  );
  track.on('paused', reason => told.push(`paused ${reason}`));
  track.on('resumed', () => told.push('resumed'));
  for (const [state, reason] of [['offered'], ['active'], ['paused', 'BANDWIDTH'], ['paused', 'BANDWIDTH'], ['paused', 'WISH'], ['active'], ['active']] as [RemoteTrackState & 'active', string?][]) {
    track.apply({ trackSid: 'TR_1', participantSid: 'PA_1', state, mid: '1', ...(reason && { reason }) }, undefined);
  }
  assert.deepEqual(told, ['paused BANDWIDTH', 'resumed']);
});

test('who speaks is what the server said last, the dominant speaker first', () => {
  const person = (sid: string) => new RemoteParticipant({ sid, identity: sid, name: '', state: 'active', joinedAt: '', metadata: '', attributes: {}, tracks: [] });
  const known = new Map(['ada', 'bob'].map(sid => [sid, person(sid)]));
  const told: string[] = [];
  const speakers = new Speakers({
    participant: sid => known.get(sid),
    speaking: (participant, speaking) => told.push(`${participant.sid} ${speaking ? 'begins' : 'ends'}`),
    changed: active => told.push(`[${active.map(p => p.sid)}]`),
  });
  const take = (...named: [sid: string, level: number][]) => {
    told.length = 0;
    speakers.take(named.map(([participantSid, level]) => ({ participantSid, level })));
    return told.join(', ');
  };
  assert.equal(take(['ada', 0.1]), 'ada begins, [ada]');
  assert.equal(take(['ada', 0.2]), '');
  assert.equal(known.get('ada')!.audioLevel, 0.2);
  assert.equal(take(['bob', 0.3], ['ada', 0.2]), 'bob begins, [bob,ada]');
  assert.equal(take(['bob', 0.3], ['cleo', 0.2]), 'ada ends, [bob]');
  assert.deepEqual([known.get('ada')!.isSpeaking, known.get('ada')!.audioLevel], [false, 0]);
  known.set('cleo', person('cleo')); // the roster says who that is only now
  told.length = 0;
  speakers.refresh();
  assert.equal(told.join(', '), 'cleo begins, [bob,cleo]');
  assert.equal(take(), 'bob ends, cleo ends, []');
});

const stats = (...all: object[]): StatsById => new Map(all.map(s => [(s as { id: string }).id, s as never]));
const names = { byMid: (mid: string) => ({ 0: 'TR_up', 1: 'TR_down', 2: 'TR_voice' })[mid], byMedia: () => undefined };
const second = (n: number) => stats(
  { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
  { id: 'P', type: 'candidate-pair', localCandidateId: 'L', currentRoundTripTime: 0.042, availableOutgoingBitrate: 900_000 },
  { id: 'L', type: 'local-candidate', candidateType: 'relay', protocol: 'udp' },
  { id: 'C', type: 'codec', mimeType: 'video/VP8' },
  { id: 'R', type: 'remote-inbound-rtp', fractionLost: 0.04, jitter: 0.003 },
  { id: 'O', type: 'outbound-rtp', kind: 'video', mid: '0', rid: 'low', codecId: 'C', remoteId: 'R', bytesSent: 20_000 * n, frameWidth: 320, frameHeight: 180, framesPerSecond: 30, qualityLimitationReason: 'cpu' },
  { id: 'I', type: 'inbound-rtp', kind: 'video', mid: '1', bytesReceived: 125_000 * n, packetsReceived: 95 * n, packetsLost: 5 * n, jitter: 0.01, freezeCount: n, totalFreezesDuration: 0.2 * n, framesDropped: 2 * n },
  { id: 'V', type: 'inbound-rtp', kind: 'audio', mid: '2', bytesReceived: 4000 * n, packetsReceived: 50 * n, packetsLost: 0, jitter: 0, audioLevel: 0.3, totalSamplesReceived: 48_000 * n, concealedSamples: 960 * n, silentConcealedSamples: 480 * n },
  { id: 'X', type: 'inbound-rtp', kind: 'audio', mid: '7', bytesReceived: 1 },
);

test('a report tells what happened since the last, per stream', () => {
  const report = qualityReport(second(3), second(4), names, 1000);
  assert.equal(faults('ClientMessage', report), '');
  assert.deepEqual([report.rttMs, report.transport, report.availableOutBps], [42, 'relay', 900_000]);
  assert.deepEqual(report.up, [{
    trackSid: 'TR_up', kind: 'video', codec: 'VP8', width: 320, height: 180, fps: 30, bps: 160_000, loss: 0.04, jitterMs: 3, rid: 'low', limitedBy: 'cpu',
  }]);
  const [video, voice] = report.down;
  assert.deepEqual([video!.trackSid, video!.bps, video!.loss, video!.freezes, video!.framesDropped], ['TR_down', 1_000_000, 0.05, 1, 2]);
  assert.ok(Math.abs(video!.freezeMs! - 200) < 1e-6);
  assert.deepEqual([voice!.trackSid, voice!.audioLevel, voice!.concealedMs], ['TR_voice', 0.3, 10]);
  assert.equal(report.down.length, 2, 'a section without a track is left out');
});

test('counters that start again are no loss and no flow', () => {
  const { down } = qualityReport(second(9), second(1), names, 1000);
  assert.deepEqual([down[0]!.bps, down[0]!.loss, down[0]!.freezes], [0, 0, 0]);
});

test('the first report is valid as well', () => assert.equal(faults('ClientMessage', qualityReport(new Map(), second(1), names, 1000.3)), ''));

for (const [name, code] of [['NotAllowedError', 'CAPTURE_DENIED'], ['NotFoundError', 'DEVICE_NOT_FOUND'], ['NotReadableError', 'DEVICE_BUSY'], ['OverconstrainedError', 'DEVICE_UNSUITABLE'], ['TypeError', 'UNSUPPORTED']] as const) {
  test(`${name} is ${code}`, () => assert.equal(captureError(Object.assign(new Error(), { name }), 'camera').code, code));
}

for (const [url, expected] of [['https://rtc.example.org', 'wss://rtc.example.org/ws'], ['http://127.0.0.1:8080/', 'ws://127.0.0.1:8080/ws'], ['wss://a.example/nexus/ws', 'wss://a.example/nexus/ws'], ['https://a.example/live/rtc/', 'wss://a.example/live/rtc/ws'], ['wss://a.example/live/rtc', 'wss://a.example/live/rtc/ws']] as const) {
  test(`${url} is reached at ${expected}`, () => assert.equal(signallingUrl(url), expected));
}
