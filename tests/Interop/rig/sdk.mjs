// Members of a room who use the web SDK as the gateway serves it.
import { token } from './server.mjs';
import { until } from './wait.mjs';

/** One page, one room. What happens in the room is kept in `events`. */
export class Member {
  constructor(tab) {
    this.tab = tab;
  }

  /** Runs `source`, a module that leaves a `room`, with the SDK under its package name. */
  static async runs(tab, server, source) {
    const module = source.replace("'@nexus-rtc/web'", `'${server.url}/sdk/nexus-sdk.js'`);
    await tab.evaluate(pageLibrary);
    await tab.evaluate(async text => {
      await member.grant();
      const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
      member.watch((await import(url)).room);
    }, `${module}\nexport { room };`);
    return new Member(tab);
  }

  /**
   * Joins by the SDK and publishes what is asked for.
   * @param {{ via?: string, region?: string, bearer?: string, grants?: object, camera?: object | false, microphone?: boolean, join?: object, pictures?: boolean }} options
   *   `via`: URL of the signalling, when it is not the server's own; `join`: options of `NexusClient.join`.
   * `pictures`: the page's `arrivals.note(identity)` is called for each picture. Rejects with the SDK's code in front of the message.
   */
  static async joins(tab, server, room, identity, { via = server.url, region, bearer, grants, camera = { resolution: '360p' }, microphone = true, join = {}, pictures = false } = {}) {
    tab.name = identity;
    await tab.evaluate(pageLibrary);
    await tab.evaluate((...args) => member.join(...args), `${server.url}/sdk/nexus-sdk.js`, via, bearer ?? token({ room, identity, grants }), room, { region, camera, microphone, join, pictures });
    return new Member(tab);
  }

  /** Calls `action(member, ...args)` in the page, see `pageLibrary`. */
  does(action, ...args) {
    return this.tab.evaluate(`(${action})(member, ...${JSON.stringify(args)})`);
  }

  /** The room as this member sees it, with what came in of each track. */
  view() {
    return this.tab.evaluate(() => member.view());
  }

  /** Waits until the view satisfies the condition and returns it. */
  until(what, condition, options = {}) {
    return until(what, async () => {
      const view = await this.view();
      return condition(view) && view;
    }, { ...options, seen: async () => [await this.view(), this.tab.errors] });
  }

  /** Waits for `frames` more decoded pictures of someone's track and returns it. */
  async sees(identity, { source = 'camera', frames = 15, ...options } = {}) {
    const before = trackOf(await this.view(), identity, source)?.frames ?? 0;
    const view = await this.until(`${frames} more frames of ${identity}'s ${source}`, now => trackOf(now, identity, source)?.frames >= before + frames, options);
    return trackOf(view, identity, source);
  }

  /** Waits for more sound of someone's and returns the track. */
  async hears(identity, options = {}) {
    const before = trackOf(await this.view(), identity, 'microphone')?.energy ?? 0;
    const view = await this.until(`sound of ${identity}`, now => trackOf(now, identity, 'microphone')?.energy > before, options);
    return trackOf(view, identity, 'microphone');
  }

  leave() {
    return this.does(member => member.room.leave());
  }
}

/** The first track of someone's from this source in a view. */
export const trackOf = (view, identity, source) =>
  view.participants.find(participant => participant.identity === identity)?.tracks.find(track => track.source === source);

const pageLibrary = `globalThis.member ??= (${library})()`;

/** Runs inside the page. */
function library() {
  const member = { events: [], tracks: {}, data: [], chat: [] };

  // Without a granted capture Chromium pairs no loopback candidates, also for who only receives.
  member.grant = async () => {
    member.granted ??= await navigator.mediaDevices.getUserMedia({ audio: true });
  };

  member.join = async (sdk, url, token, name, { region, camera, microphone, join, pictures }) => {
    if (pictures) member.onPicture = identity => arrivals.note(identity);
    await member.grant();
    member.sdk = await import(sdk);
    const client = new member.sdk.NexusClient({ url, token, region });
    const startedAt = performance.now();
    try {
      member.watch(await client.join(name, join));
    } catch (error) {
      throw new Error(`${error.code}: ${error.message}`);
    }
    member.joinedMs = performance.now() - startedAt;
    if (camera) await member.publish('camera', await member.room.createCameraVideoTrack(camera));
    if (microphone) await member.publish('microphone', await member.room.createMicrophoneTrack());
  };

  member.publish = async (source, track) => {
    member.tracks[source] = track;
    await member.room.publish(track);
  };

  member.track = (identity, source) =>
    member.room.participants.find(participant => participant.identity === identity)?.tracks.find(track => track.source === source);

  member.watch = room => {
    member.room = room;
    const note = (event, ...details) => member.events.push([event, ...details].join(' '));
    const show = track => {
      const element = track.attach();
      if (member.onPicture && track.kind === 'video') member.follow(element, track.participantSid);
      element.style.cssText = 'position: fixed; inset: 0; width: 640px; height: 360px'; // in sight, or an adaptive room pauses it
      document.body.append(element);
    };
    room.on('state', (state, why) => note('state', state, ...(why ? [why.code] : [])));
    room.on('participant-joined', ({ identity }) => note('joined', identity));
    room.on('participant-left', ({ identity }, reason) => note('left', identity, reason));
    room.on('track-published', ({ source }, { identity }) => note('published', identity, source));
    room.on('track-unpublished', ({ source }, { identity }) => note('unpublished', identity, source));
    room.on('track-muted', ({ source }, muted) => note(muted ? 'muted' : 'unmuted', source));
    room.on('grants-changed', ({ canPublish, canPublishData }) => note('grants', `publish ${canPublish}`, `data ${canPublishData}`));
    room.on('locked', locked => note(locked ? 'locked' : 'unlocked'));
    room.on('moved', () => note('moved to', room.name));
    room.on('local-track-unpublished', ({ source }) => note('unpublished my', source));
    room.on('data', ({ from, text, topic, reliable }) => member.data.push([from?.identity, text, topic, reliable]));
    room.on('chat', ({ from, text }) => member.chat.push([from?.identity, text]));
    room.on('track-subscribed', track => track.elements.length || show(track));
    for (const { tracks } of room.participants) {
      for (const track of tracks) if (track.mediaStreamTrack && !track.elements.length) show(track);
    }
  };

  /** Calls `onPicture` for each picture of someone's. */
  member.follow = (element, sid) => {
    const { identity } = member.room.participants.find(participant => participant.sid === sid);
    const next = () => element.requestVideoFrameCallback(() => {
      member.onPicture(identity);
      next();
    });
    next();
  };

  const pairOf = stats => stats.find(({ type }) => type === 'transport')?.selectedCandidatePairId;
  /** One's own end of the selected pair. */
  const localOf = stats => stats.find(({ id }) => id === stats.find(({ id }) => id === pairOf(stats))?.localCandidateId);

  /** Whether a layer is switched on; of browsers' statistics only Chromium's say so. */
  const isActive = (mid, rid) => member.room.peerConnection.getTransceivers().find(t => t.mid === mid)?.sender.getParameters()
    .encodings.find(encoding => encoding.rid === rid)?.active;

  member.view = async () => {
    const { room, events } = member;
    const stats = room.state === 'left' ? [] : [...(await room.peerConnection.getStats()).values()];
    const inbound = new Map(stats.filter(({ type }) => type === 'inbound-rtp').map(entry => [entry.trackIdentifier, entry]));
    return {
      state: room.state, sid: room.localParticipant.sid, events, pair: pairOf(stats), address: localOf(stats)?.address, localType: localOf(stats)?.candidateType, relayProtocol: localOf(stats)?.relayProtocol,
      name: room.name, locked: room.locked, own: room.localParticipant.tracks.map(({ source, muted, mutedByServer }) => ({ source, muted, mutedByServer })),
      estimate: stats.find(({ id }) => id === pairOf(stats))?.availableOutgoingBitrate,
      sends: stats.filter(({ type }) => type === 'outbound-rtp').map(({ kind, mid, rid, framesSent, packetsSent, bytesSent, targetBitrate, qualityLimitationReason }) =>
        ({ kind, mid, rid, active: isActive(mid, rid), framesSent, packetsSent, bytes: bytesSent, targetBitrate, qualityLimitationReason })),
      speakers: room.activeSpeakers.map(({ identity, audioLevel }) => ({ identity, level: audioLevel })),
      participants: room.participants.map(({ sid, identity, state, quality, isSpeaking, metadata, attributes, tracks }) => ({
        sid, identity, state, quality, isSpeaking, metadata, attributes,
        tracks: tracks.map(track => {
          const media = inbound.get(track.mediaStreamTrack?.id);
          return {
            sid: track.sid, source: track.source, state: track.state, reason: track.reason, muted: track.muted, mutedByServer: track.mutedByServer, layer: track.layer, codec: track.codec,
            frames: media?.framesDecoded, width: media?.frameWidth, height: media?.frameHeight, packets: media?.packetsReceived, bytes: media?.bytesReceived,
            keyFrames: media?.keyFramesDecoded, plis: media?.pliCount, dropped: media?.framesDropped, freezes: media?.freezeCount, frozen: media?.totalFreezesDuration, energy: media?.totalAudioEnergy, lost: media?.packetsLost, concealed: media?.concealedSamples,
          };
        }),
      })),
    };
  };
  return member;
}
