// One camera of three layers, and viewers of it by each kind of client, whose browsers tell the same of what they got.
import { WebMember } from './livekit.mjs';
import { Member, trackOf } from './sdk.mjs';
import { until } from './wait.mjs';

/** What is published: 720 lines at 15 pictures a second, and the bitrates in kbit/s that the SDK chooses for its layers. */
export const layers = { low: { width: 320, kbps: 119 }, middle: { width: 640, kbps: 396 }, high: { width: 1280, kbps: 1320 } };
const camera = { width: 1280, height: 720, fps: 15, grain: 80 };

/** Of one SVC stream, published over WHIP: codec and scalability mode. Not AV1: what two cores encode of it is 320 wide. */
export const svc = ['VP9 L3T3', 'VP9 L3T3_KEY', 'VP9 L2T2_KEY'];

/** Publishes a camera that needs all of its bitrate, and a microphone, by `client`. What nobody plays is not sent. */
export const publishers = {
  async sdk(tab, server, room, identity) {
    const member = await Member.joins(tab, server, room, identity, { camera: false });
    await member.does(async (member, { width, height, fps, grain }) => {
      const media = rig.noiseTrack(width, height, fps, grain);
      await member.publish('camera', member.sdk.LocalTrack.of(media, { source: 'camera' }));
    }, camera);
    return member;
  },

  async livekit(tab, server, room, identity) {
    const member = await WebMember.enters(tab, server, room, identity, { camera: false });
    await member.does(async (member, { width, height, fps, grain }, { low, middle, high }) => {
      const { Track, VideoPreset } = LivekitClient;
      const preset = ({ width, kbps }) => new VideoPreset(width, width * 9 / 16, 1000 * kbps, fps);
      await member.room.localParticipant.publishTrack(rig.noiseTrack(width, height, fps, grain), {
        source: Track.Source.Camera, simulcast: true, videoCodec: 'vp8', videoEncoding: { maxBitrate: 1000 * high.kbps, maxFramerate: fps },
        videoSimulcastLayers: [preset(low), preset(middle)],
      });
    }, camera, layers);
    return member;
  },

  ...Object.fromEntries(svc.map(name => [name, async (tab, server, room, identity) => {
    const [codec, scalabilityMode] = name.split(' '), { width, height, fps, grain } = camera, encodings = [{ scalabilityMode, maxBitrate: 1_500_000 }];
    const call = await tab.whip(server, room, identity, { codec, encodings, width, height, fps, noise: grain });
    if (call.status !== 201) throw new Error(`WHIP: ${call.status} ${call.text}`);
  }])),
};

/** Someone who plays what `publisher` sends. */
class Viewer {
  constructor(tab, server, room, identity) {
    Object.assign(this, { tab, server, room, identity });
  }

  /** What `tab` needs to join without asking the server for anything that a page has before. */
  static async prepares(tab, server) {
    await tab.evaluate(url => import(url).then(() => navigator.mediaDevices.getUserMedia({ audio: true })).then(() => undefined), `${server.url}/sdk/nexus-sdk.js`);
  }

  /** Of the browser's `inbound-rtp`: layer, freezes, losses, concealment; and what the client was told. */
  async stats() {
    const { video = {}, audio = {}, now } = await this.tab.evaluate(`(${digest})(${this.connections})`);
    return {
      now, width: video.frameWidth, frames: video.framesDecoded ?? 0, fps: video.framesPerSecond, bytes: (video.bytesReceived ?? 0) + (audio.bytesReceived ?? 0),
      freezes: video.freezeCount ?? 0, frozen: video.totalFreezesDuration ?? 0, lost: video.packetsLost, nacks: video.nackCount, plis: video.pliCount,
      samples: audio.totalSamplesReceived ?? 0, concealed: audio.concealedSamples ?? 0,
      ...await this.told(),
    };
  }

  /** What the client was told of the track. */
  told() {
    return {};
  }

  until(what, condition, options = {}) {
    return until(`${this.identity}: ${what}`, async () => {
      const stats = await this.stats();
      return await condition(stats) && stats;
    }, { seconds: 30, everyMs: 100, ...options, seen: () => this.stats() });
  }

  /** Waits for a picture of this layer and returns the statistics of then. */
  has(layer, options) {
    return this.until(`the ${layer} layer`, ({ width }) => width === layers[layer].width, options);
  }

  /** Follows the statistics for as long as the browser has played `seconds` of sound, and sums them up. */
  async follows(seconds) {
    const first = await this.stats(), seen = {};
    let last = first;
    await this.until(`${seconds} s of sound`, now => {
      const name = Object.keys(layers).find(name => layers[name].width === now.width) ?? 'none';
      seen[name] = (seen[name] ?? 0) + now.now - last.now;
      last = now;
      return now.samples - first.samples >= seconds * 48_000;
    }, { seconds: 6 * seconds + 20 });
    const lasted = (last.now - first.now) / 1000;
    return {
      layer: Object.keys(seen).reduce((most, name) => (seen[name] > (seen[most] ?? 0) ? name : most), 'none'), seen,
      freezes: last.freezes - first.freezes, frozen: last.frozen - first.frozen, fps: (last.frames - first.frames) / lasted,
      concealed: (last.concealed - first.concealed) / (last.samples - first.samples), kbps: (last.bytes - first.bytes) * 8 / 1000 / lasted,
      lost: last.lost - first.lost, nacks: last.nacks - first.nacks, plis: last.plis - first.plis,
    };
  }
}

class SdkViewer extends Viewer {
  connections = '[member.room.peerConnection]';

  async joins(publisher) {
    this.member = await Member.joins(this.tab, this.server, this.room, this.identity, { camera: false, microphone: false, join: { adaptive: false } });
    this.publisher = publisher;
  }

  async told() {
    const { state, reason } = trackOf(await this.member.view(), this.publisher, 'camera') ?? {};
    return { state, reason };
  }

  leaves() {
    return this.member.leave();
  }
}

class LivekitViewer extends Viewer {
  connections = '[member.room.engine.pcManager?.subscriber ?? member.room.engine.pcManager?.publisher]';

  async joins(publisher) {
    this.member = await WebMember.enters(this.tab, this.server, this.room, this.identity, { camera: false, microphone: false });
    this.publisher = publisher;
  }

  async told() {
    const { events } = await this.member.view(), last = events.filter(event => event.startsWith(`stream ${this.publisher} camera`)).at(-1);
    return last?.endsWith('paused') ? { state: 'paused', reason: 'BANDWIDTH' } : { state: 'active' };
  }

  leaves() {
    return this.member.does(member => member.room.disconnect());
  }
}

class WhepViewer extends Viewer {
  async joins() {
    this.call = await this.tab.whep(this.server, this.room, this.identity);
    this.connections = `[rig.calls.get(${this.call.id}).pc]`;
  }

  leaves() {
    return this.call.end();
  }
}

/** Viewers by kind of client. */
export const viewers = { sdk: SdkViewer, livekit: LivekitViewer, whep: WhepViewer };

/** Runs inside the page. */
async function digest(connections) {
  const all = (await Promise.all(connections.filter(Boolean).map(async pc => [...(await pc.getStats()).values()]))).flat();
  const inbound = kind => all.filter(entry => entry.type === 'inbound-rtp' && entry.kind === kind).reduce((most, entry) => ((entry.packetsReceived ?? 0) >= (most?.packetsReceived ?? 0) ? entry : most), undefined);
  return { video: inbound('video'), audio: inbound('audio'), now: performance.now() };
}
