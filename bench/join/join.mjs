// join       join to first decoded frame by WHEP and by the SDK (p50, p95), joins per second with and without DTLS
// usage: join.mjs [--json] [--joins 30] [--pause 700] [--load 300] [--parallel 8]
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launchChromium } from '../../tests/Interop/rig/browser.mjs';
import * as native from '../../tests/Interop/rig/native.mjs';
import { Member } from '../../tests/Interop/rig/sdk.mjs';
import { Server, token } from '../../tests/Interop/rig/server.mjs';

const usage = `usage: ./nexus bench join [--json] [--joins 30] [--pause 700] [--load 300] [--parallel 8]

  --joins     browser joins measured from the call of join to the first decoded frame, one after the other
  --pause     milliseconds between them, where they are spaced; with less than the keyframe throttle (330) that is measured too
  --load      joins of native peers per measurement of joins per second
  --parallel  how many of those are under way at once`;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' }, help: { type: 'boolean' },
    joins: { type: 'string', default: '30' }, pause: { type: 'string', default: '700' }, load: { type: 'string', default: '300' }, parallel: { type: 'string', default: '8' },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const joins = Number(options.joins), pause = Number(options.pause), load = Number(options.load), parallel = Number(options.parallel);

const percentile = (values, p) => {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] * 10) / 10;
};

/** Milliseconds from the start of each join (offer not yet made) to its first video frame; one warm-up join is left out. */
async function firstFrames(server) {
  const chromium = await launchChromium();
  try {
    const [alice, bob] = [await chromium.open(`${server.url}/healthz`), await chromium.open(`${server.url}/healthz`)];
    const publisher = await alice.whip(server, 'bench', 'alice', { codec: 'VP8' });
    await publisher.until('frames sent', ({ video }) => video.frames > 30);
    const times = [], answers = [];
    for (let i = 0; i <= joins; i++) {
      await setTimeout(pause);
      const viewer = await bob.whep(server, 'bench', `viewer-${i}`, { grant: i === 0 });
      const time = await bob.evaluate(id => rig.firstFrame(id), viewer.id);
      if (i > 0) {
        times.push(time);
        answers.push((await viewer.stats()).answerMs);
      }
      i > 0 ? await viewer.end() : undefined; // the warm-up's granted capture must outlive the others
    }
    return { times, answers };
  } finally {
    await chromium.close();
  }
}

/**
 * The same for viewers who use the SDK, from the call of `join` on: after a pause each, and each at once when the one before
 * has seen its picture, which is when the publisher has just made a keyframe and may not be asked for the next.
 */
async function sdkFirstFrames(server) {
  const chromium = await launchChromium(), room = 'bench-sdk';
  try {
    const [adas, bobs] = [await chromium.open(`${server.url}/healthz`), await chromium.open(`${server.url}/healthz`)];
    await Member.joins(adas, server, room, 'ada');
    const bob = await Member.joins(bobs, server, room, 'bob', { camera: false, microphone: false });
    await bob.sees('ada', { frames: 30 });
    await bob.leave();
    const measure = async (kind, milliseconds) => {
      const times = [];
      for (let i = 0; i < joins; i++) {
        await setTimeout(milliseconds);
        times.push(await bob.does(joinsAndLeaves, server.url, token({ room, identity: `${kind}-${i}` }), room));
      }
      return { joined: times.map(({ joinedMs }) => joinedMs), frames: times.map(({ frameMs }) => frameMs) };
    };
    return { spaced: await measure('spaced', pause), backToBack: await measure('back-to-back', 0) };
  } finally {
    await chromium.close();
  }
}

/** Runs in the page. Milliseconds from the call of `join` until it has resolved, and until the first picture is on screen. */
async function joinsAndLeaves({ sdk }, url, token, name) {
  const startedAt = performance.now(), since = () => performance.now() - startedAt;
  const room = await new sdk.NexusClient({ url, token }).join(name), joinedMs = since();
  const subscribed = [...room.participants].flatMap(({ tracks }) => [...tracks]).filter(track => track.mediaStreamTrack);
  const element = await new Promise(resolve => {
    const show = track => track.kind === 'video' && resolve(track.attach());
    room.on('track-subscribed', show);
    subscribed.forEach(show);
  });
  element.style.cssText = 'position: fixed; inset: 0; width: 640px; height: 360px';
  document.body.append(element);
  await new Promise(resolve => element.requestVideoFrameCallback(resolve));
  const frameMs = since();
  room.leave();
  element.remove();
  return { joinedMs, frameMs };
}

/** Joins per second: each job is one join, `parallel` at once. */
async function rate(jobs, join) {
  const queue = jobs.values(), began = performance.now();
  await Promise.all(Array.from({ length: parallel }, async () => {
    for (const job of queue) await join(job);
  }));
  return Math.round((jobs.length / (performance.now() - began)) * 10_000) / 10;
}

/** Joins up to the answer: token, grains, node session; the offers are ready beforehand. */
async function withoutDtls(server) {
  const { peer, sdp } = await native.offer('template');
  peer.close();
  const sessions = [];
  const unique = i => sdp.replace(/a=ice-ufrag:.*/g, `a=ice-ufrag:u${String(i).padStart(6, '0')}`);
  const perSecond = await rate(Array.from({ length: load }, (_, i) => i), async i =>
    sessions.push(await native.whep(server, `bench-http-${i % 10}`, `viewer-${i}`, unique(i))));
  for (const session of sessions) await native.leave(session);
  return perSecond;
}

/** Joins up to the end of the DTLS handshake. */
async function withDtls(server) {
  const offers = [];
  for (let i = 0; i < load; i++) offers.push(await native.offer(`viewer-${i}`));
  const sessions = [];
  const perSecond = await rate(offers.map((offer, i) => ({ ...offer, i })), async ({ peer, sdp, i }) => {
    const session = await native.whep(server, `bench-dtls-${i % 10}`, `viewer-${i}`, sdp);
    await native.connect(peer, session.answer);
    sessions.push(session);
  });
  for (const session of sessions) await native.leave(session);
  for (const { peer } of offers) peer.close();
  return perSecond;
}

const server = await Server.start();
try {
  const { times, answers } = await firstFrames(server);
  const { spaced, backToBack } = await sdkFirstFrames(server);
  const result = {
    joins, pause_ms: pause, first_frame_p50_ms: percentile(times, 50), first_frame_p95_ms: percentile(times, 95),
    answer_p50_ms: percentile(answers, 50),
    sdk_spaced_first_frame_p50_ms: percentile(spaced.frames, 50), sdk_spaced_first_frame_p95_ms: percentile(spaced.frames, 95),
    sdk_back_to_back_first_frame_p50_ms: percentile(backToBack.frames, 50), sdk_back_to_back_first_frame_p95_ms: percentile(backToBack.frames, 95),
    sdk_joined_p50_ms: percentile(spaced.joined, 50),
    load, parallel, joins_per_second_without_dtls: await withoutDtls(server), joins_per_second_with_dtls: await withDtls(server),
  };
  console.log(options.json ? JSON.stringify(result) : `join to first decoded frame (${joins} joins each):
  WHEP               p50 ${result.first_frame_p50_ms} ms, p95 ${result.first_frame_p95_ms} ms; to the answer p50 ${result.answer_p50_ms} ms
  SDK, spaced        p50 ${result.sdk_spaced_first_frame_p50_ms} ms, p95 ${result.sdk_spaced_first_frame_p95_ms} ms; join() resolves p50 ${result.sdk_joined_p50_ms} ms
  SDK, back to back  p50 ${result.sdk_back_to_back_first_frame_p50_ms} ms, p95 ${result.sdk_back_to_back_first_frame_p95_ms} ms
joins per second (${parallel} at once, clients on the same machine): ${result.joins_per_second_without_dtls} without DTLS, \
${result.joins_per_second_with_dtls} with DTLS`);
} finally {
  await server.stop();
}
process.exit(0);
