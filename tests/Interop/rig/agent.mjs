// Members of a room who use LiveKit's SDK for Node as npm has it, unmodified.
import { setTimeout } from 'node:timers/promises';
import {
  AudioFrame, AudioSource, AudioStream, ConnectionState, DisconnectReason, LocalAudioTrack, LocalVideoTrack, Room, RoomEvent, TrackKind,
  TrackPublishOptions, TrackSource, VideoBufferType, VideoFrame, VideoSource, VideoStream, dispose,
} from '@livekit/rtc-node';
import { token } from './server.mjs';
import { until } from './wait.mjs';

export { dispose };

const rate = 48_000, frameMs = 10;

/** 10 ms of a tone. */
function tone(hertz, index) {
  const samples = new Int16Array(rate * frameMs / 1000);
  for (let i = 0; i < samples.length; i++) samples[i] = 8000 * Math.sin(2 * Math.PI * hertz * (index * samples.length + i) / rate);
  return new AudioFrame(samples, rate, 1, samples.length);
}

/** One room, one agent. What happens in the room is kept in `events`. */
export class Agent {
  events = [];
  data = [];
  heard = new Map();
  seen = new Map();
  /** Called with the identity for each picture. */
  onPicture = () => {};
  #speaking = [];

  /**
   * Joins as `identity` and counts what it hears and sees.
   * @param {{ via?: string, bearer?: string, grants?: object, claims?: object, options?: object }} options `via`: URL, when it is not the server's own.
   */
  static async joins(server, room, identity, { via = server.url, bearer, grants, claims, options } = {}) {
    const agent = new Agent();
    agent.identity = identity;
    agent.room = new Room();
    agent.#watch();
    await agent.room.connect(via.replace('http', 'ws'), bearer ?? token({ room, identity, grants, claims }), { autoSubscribe: true, dynacast: true, ...options });
    return agent;
  }

  get sid() {
    return this.room.localParticipant.sid;
  }

  /** Publishes a tone from the microphone; resolves with the publication. */
  async speaks(hertz = 440) {
    const source = new AudioSource(rate, 1), track = LocalAudioTrack.createAudioTrack('voice', source);
    const publication = await this.room.localParticipant.publishTrack(track, new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }));
    const talk = { source, track, on: true };
    talk.done = (async () => {
      for (let i = 0; talk.on; i++) await source.captureFrame(tone(hertz, i));
    })().catch(() => {});
    this.#speaking.push(talk);
    return publication;
  }

  /** Publishes a moving picture from the camera; resolves with the publication. */
  async shows(width = 320, height = 180, options = {}) {
    const source = new VideoSource(width, height), track = LocalVideoTrack.createVideoTrack('picture', source);
    const publication = await this.room.localParticipant.publishTrack(track, new TrackPublishOptions({ source: TrackSource.SOURCE_CAMERA, ...options }));
    let shade = 0;
    const timer = setInterval(() => {
      const picture = new Uint8Array(width * height * 3 / 2).fill(128);
      picture.fill(shade = (shade + 8) % 256, 0, width * height);
      source.captureFrame(new VideoFrame(picture, width, height, VideoBufferType.I420));
    }, 50);
    this.#speaking.push({ source, track, set on(_) { clearInterval(timer); }, done: Promise.resolve() });
    return publication;
  }

  /** Waits for `frames` more frames with sound in them from someone. */
  hears(identity, frames = 50, options = {}) {
    const before = this.heard.get(identity) ?? 0;
    return this.until(`${frames} frames of ${identity}'s voice`, () => (this.heard.get(identity) ?? 0) >= before + frames, options);
  }

  /** Waits for `frames` more pictures from someone. */
  sees(identity, frames = 15, options = {}) {
    const before = this.seen.get(identity) ?? 0;
    return this.until(`${frames} pictures of ${identity}`, () => (this.seen.get(identity) ?? 0) >= before + frames, options);
  }

  until(what, condition, options = {}) {
    return until(`${this.identity}: ${what}`, condition, { ...options, seen: () => ({ events: this.events, heard: [...this.heard], seen: [...this.seen], data: this.data }) });
  }

  /** Waits until such an event was noted; `since` skips those before. */
  notes(event, { since = 0, ...options } = {}) {
    return this.until(`the event ${event}`, () => this.events.slice(since).find(e => event instanceof RegExp ? event.test(e) : e === event), options);
  }

  /** The remote participant of that identity. */
  peer(identity) {
    return this.room.remoteParticipants.get(identity);
  }

  async leaves() {
    for (const talk of this.#speaking) talk.on = false;
    const silent = Promise.all(this.#speaking.map(talk => talk.done));
    await Promise.race([silent, setTimeout(5000, undefined, { ref: false })]); // a track that was lost on the way takes no sound any more
    await this.room.disconnect();
  }

  #watch() {
    const { room } = this, note = (...words) => this.events.push(words.join(' '));
    room.on(RoomEvent.ParticipantConnected, p => note('joined', p.identity));
    room.on(RoomEvent.ParticipantDisconnected, p => note('left', p.identity));
    room.on(RoomEvent.TrackPublished, (publication, p) => note('published', p.identity, publication.name));
    room.on(RoomEvent.TrackUnpublished, (publication, p) => note('unpublished', p.identity, publication.name));
    room.on(RoomEvent.TrackMuted, (publication, p) => note('muted', p.identity, publication.name));
    room.on(RoomEvent.TrackUnmuted, (publication, p) => note('unmuted', p.identity, publication.name));
    room.on(RoomEvent.LocalTrackSubscribed, track => note('heard by others', track.name));
    room.on(RoomEvent.ParticipantMetadataChanged, (_, p) => note('metadata', p.identity, p.metadata));
    room.on(RoomEvent.ParticipantNameChanged, (name, p) => note('name', p.identity, name));
    room.on(RoomEvent.ParticipantAttributesChanged, (_, p) => note('attributes', p.identity, JSON.stringify(p.attributes)));
    room.on(RoomEvent.RoomMetadataChanged, metadata => note('room metadata', metadata));
    room.on(RoomEvent.ConnectionStateChanged, state => note('state', ConnectionState[state]));
    room.on(RoomEvent.Disconnected, reason => note('disconnected', DisconnectReason[reason]));
    room.on(RoomEvent.Reconnecting, () => note('reconnecting'));
    room.on(RoomEvent.Reconnected, () => note('reconnected'));
    room.on(RoomEvent.ActiveSpeakersChanged, speakers => note('speakers', speakers.map(s => s.identity).sort().join('+')));
    room.on(RoomEvent.ConnectionQualityChanged, (quality, p) => note('quality', p.identity, quality));
    room.on(RoomEvent.DataReceived, (payload, p, _kind, topic) => this.data.push({ from: p?.identity, topic, text: Buffer.from(payload).toString() }));
    room.on(RoomEvent.TrackSubscribed, (track, publication, p) => {
      note('subscribed', p.identity, publication.name);
      track.kind === TrackKind.KIND_AUDIO ? this.#listen(track, p.identity) : this.#look(track, p.identity);
    });
    room.on(RoomEvent.TrackUnsubscribed, (_, publication, p) => note('unsubscribed', p.identity, publication.name));
    room.on(RoomEvent.TrackSubscriptionFailed, (sid, p, reason) => note('failed', p?.identity, sid, reason));
  }

  async #listen(track, identity) {
    for await (const { data } of new AudioStream(track))
      if (data.some(sample => Math.abs(sample) > 1000)) this.heard.set(identity, (this.heard.get(identity) ?? 0) + 1);
  }

  async #look(track, identity) {
    for await (const _ of new VideoStream(track)) {
      this.seen.set(identity, (this.seen.get(identity) ?? 0) + 1);
      this.onPicture(identity);
    }
  }
}
