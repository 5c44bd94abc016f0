// Members of a room who use LiveKit's SDK for the web as npm has it, unmodified, in a page of another origin than the server's.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { token } from './server.mjs';
import { until } from './wait.mjs';

const scripts = Object.fromEntries(['/livekit-client.umd.js', '/livekit-client.e2ee.worker.js'].map(path => [path, readFileSync(new URL(`../node_modules/livekit-client/dist${path}`, import.meta.url))]));

/** Serves the SDK and an empty page, as an app's own server would. */
export class AppServer {
  static async start() {
    const app = new AppServer();
    app.pages = new Map();
    app.server = createServer((request, response) => {
      const script = scripts[request.url];
      response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' });
      response.end(script ?? app.pages.get(request.url.split('?')[0]) ?? '<!doctype html><title>app</title><script src="/livekit-client.umd.js"></script>');
    }).listen(0, '127.0.0.1');
    await once(app.server, 'listening');
    app.url = `http://127.0.0.1:${app.server.address().port}`;
    return app;
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}

/** One page, one room. What happens in the room is kept in `events`. */
export class WebMember {
  constructor(tab, identity) {
    this.tab = tab;
    this.identity = identity;
  }

  /**
   * Opens a page of the app and joins.
   * @param {{ via?: string, bearer?: string, grants?: object, claims?: object, options?: object, connect?: object, password?: string, camera?: boolean, microphone?: boolean, before?: () => void }} options
   *   `options` are those of `new Room`, `connect` those of `room.connect`; `password` encrypts end to end; `before` changes the page's browser first.
   */
  static async joins(t, stage, room, identity, { via, bearer, grants, claims, options = {}, connect = {}, password, camera = true, microphone = true, before } = {}) {
    const [server, app, browser] = await Promise.all([stage.server, stage.app, stage.chromium]);
    const tab = await browser.open(`${app.url}/`);
    t.after(() => tab.close());
    if (before) await tab.evaluate(`(${before})()`);
    return WebMember.enters(tab, server, room, identity, { via, bearer, grants, claims, options, connect, password, camera, microphone });
  }

  /** Joins from a page that is open, and need not have the SDK. */
  static async enters(tab, server, room, identity, { via, bearer, grants, claims, options = {}, connect = {}, password, camera = true, microphone = true } = {}) {
    const member = new WebMember(tab, identity);
    if (!await tab.evaluate(() => Boolean(globalThis.LivekitClient))) await tab.evaluate(`${scripts['/livekit-client.umd.js']}`);
    await tab.evaluate(`globalThis.member = (${library})()`);
    await tab.evaluate((...args) => member.join(...args), via ?? server.url, bearer ?? token({ room, identity, grants, claims }), { options, connect, password, camera, microphone });
    return member;
  }

  /** Calls `action(member, ...args)` in the page, see `library`. */
  does(action, ...args) {
    return this.tab.evaluate(`(${action})(member, ...${JSON.stringify(args)})`);
  }

  view() {
    return this.tab.evaluate(() => member.view());
  }

  until(what, condition, options = {}) {
    return until(`${this.identity}: ${what}`, async () => {
      const view = await this.view();
      return condition(view) && view;
    }, { ...options, seen: async () => [await this.view(), this.tab.errors] });
  }

  notes(event, { since = 0, ...options } = {}) {
    return this.until(`the event ${event}`, ({ events }) => events.slice(since).some(e => event instanceof RegExp ? event.test(e) : e === event), options);
  }

  /** Waits for `frames` more decoded pictures of someone's and returns the track. */
  async sees(identity, { source = 'camera', frames = 15, ...options } = {}) {
    const before = remoteTrack(await this.view(), identity, source)?.frames ?? 0;
    const view = await this.until(`${frames} more frames of ${identity}'s ${source}`, now => remoteTrack(now, identity, source)?.frames >= before + frames, options);
    return remoteTrack(view, identity, source);
  }

  /** Waits for more sound of someone's and returns the track. */
  async hears(identity, options = {}) {
    const before = remoteTrack(await this.view(), identity, 'microphone')?.energy ?? 0;
    const view = await this.until(`sound of ${identity}`, now => remoteTrack(now, identity, 'microphone')?.energy > before, options);
    return remoteTrack(view, identity, 'microphone');
  }
}

/** Someone's track from this source in a view. */
export const remoteTrack = (view, identity, source) => view.remote[identity]?.tracks.find(track => track.source === source);

/** Runs inside the page. */
function library() {
  const member = { events: [], data: [], statuses: [] };
  const note = (...words) => member.events.push(words.join(' '));

  member.join = async (url, token, { options, connect, password, camera, microphone }) => {
    await navigator.mediaDevices.getUserMedia({ audio: true }); // without it Chromium pairs no loopback candidates
    const { Room, RoomEvent, ExternalE2EEKeyProvider, DisconnectReason } = LivekitClient;
    const keyProvider = new ExternalE2EEKeyProvider();
    if (password) await keyProvider.setKey(password);
    const room = member.room = new Room({ ...options, ...password && { encryption: { keyProvider, worker: new Worker('/livekit-client.e2ee.worker.js') } } });
    if (password) await room.setE2EEEnabled(true);
    const show = track => {
      const element = track.attach();
      element.style.cssText = 'position: fixed; inset: 0; width: 640px; height: 360px';
      document.body.append(element);
    };
    room.on(RoomEvent.ConnectionStateChanged, state => note('state', state));
    room.on(RoomEvent.SignalReconnecting, () => note('signal reconnecting'));
    room.on(RoomEvent.Reconnecting, () => note('reconnecting'));
    room.on(RoomEvent.Reconnected, () => note('reconnected'));
    room.on(RoomEvent.Disconnected, reason => note('disconnected', DisconnectReason[reason]));
    room.on(RoomEvent.ParticipantConnected, p => note('joined', p.identity));
    room.on(RoomEvent.ParticipantDisconnected, p => note('left', p.identity));
    room.on(RoomEvent.TrackPublished, (publication, p) => note('published', p.identity, publication.source));
    room.on(RoomEvent.TrackUnpublished, (publication, p) => note('unpublished', p.identity, publication.source));
    room.on(RoomEvent.TrackSubscribed, (track, publication, p) => { note('subscribed', p.identity, publication.source); show(track); });
    room.on(RoomEvent.TrackUnsubscribed, (track, publication, p) => { note('unsubscribed', p.identity, publication.source); track.detach().forEach(e => e.remove()); });
    room.on(RoomEvent.TrackSubscriptionFailed, (sid, p, reason) => note('failed', p.identity, sid, reason));
    room.on(RoomEvent.TrackSubscriptionPermissionChanged, (publication, status, p) => note('permission', p.identity, publication.source, status));
    room.on(RoomEvent.TrackMuted, (publication, p) => note('muted', p.identity, publication.source));
    room.on(RoomEvent.TrackUnmuted, (publication, p) => note('unmuted', p.identity, publication.source));
    room.on(RoomEvent.ParticipantMetadataChanged, (_, p) => note('metadata', p.identity, p.metadata));
    room.on(RoomEvent.ParticipantNameChanged, (name, p) => note('name', p.identity, name));
    room.on(RoomEvent.ParticipantAttributesChanged, (_, p) => note('attributes', p.identity, JSON.stringify(p.attributes)));
    room.on(RoomEvent.ParticipantPermissionsChanged, (_, p) => note('permissions', p.identity, `publish ${p.permissions.canPublish}`, `data ${p.permissions.canPublishData}`));
    room.on(RoomEvent.RoomMetadataChanged, metadata => note('room metadata', metadata));
    room.on(RoomEvent.ActiveSpeakersChanged, speakers => note('speakers', speakers.map(s => s.identity).sort().join('+')));
    room.on(RoomEvent.ConnectionQualityChanged, (quality, p) => note('quality', p.identity, quality));
    room.on(RoomEvent.LocalTrackSubscribed, publication => note('heard by others', publication.source));
    room.on(RoomEvent.TrackStreamStateChanged, (publication, state, p) => note('stream', p.identity, publication.source, state));
    room.on(RoomEvent.DataReceived, (payload, p, _kind, topic) => member.data.push({ from: p?.identity, topic, text: new TextDecoder().decode(payload) }));
    const startedAt = performance.now();
    try {
      await room.connect(url.replace('http', 'ws'), token, connect);
    } catch (error) {
      throw new Error(`${error.reasonName ?? error.reason ?? error.name}: ${error.message} (${error.status ?? ''})`);
    }
    member.joinedMs = performance.now() - startedAt;
    if (camera) await room.localParticipant.setCameraEnabled(true);
    if (microphone) await room.localParticipant.setMicrophoneEnabled(true);
  };

  const transports = () => [member.room.engine.pcManager?.publisher, member.room.engine.pcManager?.subscriber].filter(Boolean);

  const stats = async () => (await Promise.all(transports().map(async t => [...(await t.getStats()).values()]))).flat();

  member.view = async () => {
    const { room, events, data, joinedMs } = member;
    const all = room?.engine?.pcManager ? await stats() : [];
    const codecs = new Map(all.filter(({ type }) => type === 'codec').map(({ id, mimeType }) => [id, mimeType]));
    const inbound = new Map(all.filter(({ type }) => type === 'inbound-rtp').map(entry => [entry.trackIdentifier, entry]));
    const media = track => {
      const entry = inbound.get(track?.mediaStreamTrack?.id);
      return { frames: entry?.framesDecoded, width: entry?.frameWidth, height: entry?.frameHeight, packets: entry?.packetsReceived, bytes: entry?.bytesReceived, energy: entry?.totalAudioEnergy, freezes: entry?.freezeCount, codec: codecs.get(entry?.codecId) };
    };
    const publication = p => ({ sid: p.trackSid, source: p.source, mime: p.mimeType, codecs: p.trackInfo?.codecs.map(({ mimeType }) => mimeType.toLowerCase()), muted: p.isMuted, subscribed: p.isSubscribed, dimensions: p.dimensions, ...media(p.track) });
    return {
      state: room.state, sid: room.localParticipant.sid, name: room.name, metadata: room.metadata, events, data, joinedMs,
      own: [...room.localParticipant.trackPublications.values()].map(p => ({ sid: p.trackSid, source: p.source, muted: p.isMuted })),
      sending: all.filter(({ type }) => type === 'outbound-rtp').map(({ kind, rid, active, frameWidth, framesSent, packetsSent, codecId }) => ({ kind, rid, active, frameWidth, framesSent, packetsSent, codec: codecs.get(codecId) })),
      remote: Object.fromEntries([...room.remoteParticipants.values()].map(p => [p.identity, {
        sid: p.sid, name: p.name, metadata: p.metadata, attributes: p.attributes, speaking: p.isSpeaking, quality: p.connectionQuality,
        tracks: [...p.trackPublications.values()].map(publication),
      }])),
    };
  };
  return member;
}
