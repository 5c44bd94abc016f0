// @nexus-rtc/web 0.1.0: built from sdk/web by `npm run build`. Do not edit.

// src/emitter.ts
var Emitter = class {
  #listeners = {};
  /** Calls `listener` at each `event`, until the function that is returned is called. */
  on(event, listener) {
    const listeners = this.#listeners[event] ??= /* @__PURE__ */ new Set();
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }
  /** Resolves with the arguments of the next `event`. */
  once(event) {
    return new Promise((resolve) => {
      const off = this.on(event, (...args) => {
        off();
        resolve(args);
      });
    });
  }
  /** @internal */
  emit(event, ...args) {
    for (const listener of [...this.#listeners[event] ?? []]) {
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
};

// src/call.ts
var Call = class extends Emitter {
  /** @internal */
  constructor(message, incoming, request) {
    super();
    this.incoming = incoming;
    this.#message = message;
    this.#request = request;
  }
  incoming;
  #message;
  #request;
  get id() {
    return this.#message.callId;
  }
  /** Identity of the caller. */
  get from() {
    return this.#message.from;
  }
  get to() {
    return this.#message.to;
  }
  get state() {
    return this.#message.state;
  }
  /** What the caller sent along. */
  get payload() {
    return this.#message.payload ?? "";
  }
  get reason() {
    return this.#message.reason;
  }
  /** Whether it is still undecided. */
  get pending() {
    return this.state === "inviting" || this.state === "ringing";
  }
  /** Tells the caller that the phone rings. */
  ringing() {
    return this.#act("ringing");
  }
  accept() {
    return this.#act("accept");
  }
  reject(reason) {
    return this.#act("reject", reason);
  }
  /** By the caller. */
  cancel() {
    return this.#act("cancel");
  }
  /** @internal */
  update(message) {
    const { state } = this;
    this.#message = { ...this.#message, ...message };
    if (this.state !== state) this.emit("state", this.state);
  }
  async #act(action, reason) {
    await this.#request({ type: "call-action", callId: this.id, action, ...reason && { reason } });
  }
};

// src/errors.ts
var NexusError = class extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
  code;
  name = "NexusError";
};
function captureError(cause, what) {
  const name = cause instanceof Error ? cause.name : "";
  const options = { cause };
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return new NexusError("CAPTURE_DENIED", `The browser does not let this page use the ${what}. Allow it in the address bar and try again.`, options);
    case "NotFoundError":
    case "DevicesNotFoundError":
      return new NexusError("DEVICE_NOT_FOUND", `No ${what} was found. Plug one in, or choose another.`, options);
    case "NotReadableError":
    case "AbortError":
      return new NexusError("DEVICE_BUSY", `The ${what} cannot be read: another program may be using it.`, options);
    case "OverconstrainedError":
      return new NexusError("DEVICE_UNSUITABLE", `The ${what} that was chosen is not there any more, or does not do what was asked of it.`, options);
    default:
      return new NexusError("UNSUPPORTED", `This browser cannot capture the ${what} here (a secure origin is needed).`, options);
  }
}

// src/capture.ts
var sizes = { "180p": [320, 180], "360p": [640, 360], "720p": [1280, 720], "1080p": [1920, 1080] };
function sizeOf(resolution) {
  if (typeof resolution !== "string") return resolution;
  const [width, height] = sizes[resolution];
  return { width, height };
}
async function captureCamera(options) {
  return only(await media((devices) => devices.getUserMedia({ video: cameraConstraints(options) }), "camera"));
}
async function captureMicrophone(options) {
  return only(await media((devices) => devices.getUserMedia({ audio: microphoneConstraints(options) }), "microphone"));
}
async function captureBoth(camera2, microphone2) {
  const constraints = { video: cameraConstraints(camera2), audio: microphoneConstraints(microphone2) };
  const stream = await media((devices) => devices.getUserMedia(constraints), "camera or microphone");
  return [stream.getVideoTracks()[0], stream.getAudioTracks()[0]];
}
async function captureScreen(options) {
  const { width, height } = sizeOf(options.resolution ?? "1080p");
  const video = { width: { max: width }, height: { max: height }, frameRate: { max: options.frameRate ?? 15 } };
  const track = only(await media((devices) => devices.getDisplayMedia({ video }), "screen"));
  track.contentHint = options.content ?? "detail";
  return track;
}
async function listDevices(kind) {
  const wanted = kind === "camera" ? "videoinput" : kind === "microphone" ? "audioinput" : "audiooutput";
  return (await navigator.mediaDevices?.enumerateDevices() ?? []).filter((device) => device.kind === wanted && device.deviceId);
}
function cameraConstraints(options) {
  const { width, height } = sizeOf(options.resolution ?? "720p");
  return {
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: options.frameRate ?? 30 },
    ...options.deviceId ? { deviceId: { exact: options.deviceId } } : { facingMode: options.facingMode ?? "user" }
  };
}
function microphoneConstraints({ echoCancellation = true, noiseSuppression = true, autoGainControl = true, deviceId }) {
  return { echoCancellation, noiseSuppression, autoGainControl, ...deviceId && { deviceId: { exact: deviceId } } };
}
async function media(act, what) {
  try {
    return await act(navigator.mediaDevices);
  } catch (error) {
    throw captureError(error, what);
  }
}
function only(stream) {
  const [track] = stream.getTracks();
  if (!track) throw new NexusError("DEVICE_NOT_FOUND", "The browser gave no track.");
  return track;
}

// src/adaptive.ts
var tolerance = 0.05;
var largest = 16384;
function wishFor(elements, pixelRatio, before) {
  const { maxWidth, maxHeight, paused: _, ...rest } = before;
  const seen = elements.filter((e) => e.visible && e.width > 0 && e.height > 0).map(pictureOn);
  if (seen.length === 0) return { ...rest, paused: true };
  const pixels = (sides) => Math.min(largest, Math.max(1, Math.round(Math.max(...sides) * pixelRatio)));
  const width = pixels(seen.map((e) => e.width)), height = pixels(seen.map((e) => e.height));
  const isNews = !isNear(width, maxWidth) || !isNear(height, maxHeight);
  return isNews ? { ...rest, maxWidth: width, maxHeight: height } : { ...rest, maxWidth, maxHeight };
}
var isNear = (size, before) => before !== void 0 && Math.abs(size - before) <= before * tolerance;
function pictureOn({ width, height, fit, picture }) {
  if (!picture || picture.width <= 0 || picture.height <= 0 || fit !== "cover" && fit !== "contain") return { width, height };
  const scales = [width / picture.width, height / picture.height];
  const scale = fit === "cover" ? Math.max(...scales) : Math.min(...scales);
  return { width: picture.width * scale, height: picture.height * scale };
}
var AdaptiveWishes = class {
  #shown = /* @__PURE__ */ new Map();
  #listening = new AbortController();
  #sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => this.#updateOf(target)));
  #sights = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const shown = this.#shown.get(target);
      if (shown) shown.inSight = isIntersecting;
      this.#updateOf(target);
    }
  });
  constructor() {
    const { signal } = this.#listening;
    for (const event of ["visibilitychange", "enterpictureinpicture", "leavepictureinpicture"]) {
      document.addEventListener(event, () => new Set([...this.#shown.values()].map(({ track }) => track)).forEach((track) => this.#update(track)), { signal });
    }
  }
  /** The track's elements have changed. */
  attached(track) {
    if (track.kind !== "video") return;
    const now = new Set(track.elements);
    let detached = false;
    for (const [element, shown] of this.#shown) {
      if (shown.track !== track || now.has(element)) continue;
      this.#forget(element);
      detached = true;
    }
    for (const element of now) {
      if (this.#shown.get(element)?.track === track) continue;
      this.#shown.set(element, { track, inSight: true });
      this.#sizes.observe(element);
      this.#sights.observe(element);
      element.addEventListener("resize", this.#resized);
    }
    if (detached) this.#update(track);
  }
  close() {
    this.#listening.abort();
    for (const element of [...this.#shown.keys()]) this.#forget(element);
  }
  #forget(element) {
    this.#shown.delete(element);
    this.#sizes.unobserve(element);
    this.#sights.unobserve(element);
    element.removeEventListener("resize", this.#resized);
  }
  #resized = ({ currentTarget }) => this.#updateOf(currentTarget);
  #updateOf(element) {
    const track = this.#shown.get(element)?.track;
    if (track) this.#update(track);
  }
  #update(track) {
    const elements = track.elements.map((e) => this.#look(e));
    track.setWish(wishFor(elements, globalThis.devicePixelRatio || 1, track.wish));
  }
  #look(element) {
    const inSight = this.#shown.get(element)?.inSight ?? true;
    return {
      width: element.clientWidth,
      height: element.clientHeight,
      fit: getComputedStyle(element).objectFit,
      visible: document.pictureInPictureElement === element || inSight && document.visibilityState !== "hidden",
      picture: { width: element.videoWidth, height: element.videoHeight }
    };
  }
};

// src/calls.ts
var Calls = class {
  #session;
  #clock;
  #self;
  #ring;
  #calls = /* @__PURE__ */ new Map();
  /** `self`: the own identity; `ring` is told of each who calls it. */
  constructor(session, clock, self, ring) {
    this.#session = session;
    this.#clock = clock;
    this.#self = self;
    this.#ring = ring;
  }
  async invite(identity, options) {
    const { callId } = await this.#session.request({ type: "invite", to: identity, ...options });
    return this.#calls.get(callId);
  }
  take(message) {
    const known = this.#calls.get(message.callId);
    const call = known ?? new Call(message, message.to === this.#self(), (action) => this.#session.request(action));
    if (known) known.update(message);
    else this.#calls.set(message.callId, call);
    if (!known && call.incoming) this.#ring(call);
    if (!call.pending) this.#clock.after(0, () => this.#calls.delete(call.id));
  }
};

// src/clock.ts
var realClock = {
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random
};
function every(clock, ms, act) {
  let cancel = () => {
  };
  const arm = () => {
    cancel = clock.after(ms, () => {
      arm();
      act();
    });
  };
  arm();
  return () => cancel();
}

// src/attachments.ts
var Attachments = class {
  /**
   * @param muted for one's own tracks, which nobody wants to hear.
   * @param blocked is told when the browser refuses to play with sound before the user has touched the page.
   */
  constructor(kind, muted, blocked = () => {
  }) {
    this.kind = kind;
    this.muted = muted;
    this.blocked = blocked;
  }
  kind;
  muted;
  blocked;
  #elements = /* @__PURE__ */ new Set();
  #media;
  get elements() {
    return [...this.#elements];
  }
  set media(media2) {
    if (media2 === this.#media) return;
    this.#media = media2;
    for (const element of this.#elements) this.#show(element);
  }
  attach(element = document.createElement(this.kind)) {
    this.#elements.add(element);
    element.autoplay = true;
    if (this.muted || this.kind === "video") element.muted = true;
    if (element instanceof HTMLVideoElement) element.playsInline = true;
    this.#show(element);
    return element;
  }
  detach(element) {
    for (const attached of element ? [element] : this.elements) {
      if (this.#elements.delete(attached)) attached.srcObject = null;
    }
  }
  #show(element) {
    const shown = element.srcObject instanceof MediaStream ? element.srcObject.getTracks() : [];
    if (this.#media && shown.length === 1 && shown[0] === this.#media) return;
    element.srcObject = this.#media ? new MediaStream([this.#media]) : null;
    if (!this.#media) return;
    element.play().catch((error) => {
      if (error instanceof Error && error.name === "NotAllowedError") this.blocked(element);
    });
  }
};

// src/local-track.ts
var LocalTrack = class _LocalTrack extends Emitter {
  kind;
  source;
  name;
  codec;
  simulcast;
  #capture;
  #attachments;
  #media;
  #muted = false;
  #mutedByServer = false;
  #stopped = false;
  #deviceId;
  /** Set while it is published. */
  sid;
  /** @internal Those of devices come from {@link Room.createCameraVideoTrack} and its like, others from {@link LocalTrack.of}. */
  constructor({ kind, source, media: media2, name = "", codec = "VP8", simulcast = true, capture }) {
    super();
    this.kind = kind;
    this.source = source;
    this.name = name;
    this.codec = codec;
    this.simulcast = simulcast;
    this.#capture = capture;
    this.#attachments = new Attachments(kind, true);
    this.#use(media2);
  }
  /** A track of any other origin: a canvas, a file, the app's own processing. */
  static of(media2, options = {}) {
    return new _LocalTrack({ kind: media2.kind, source: "unknown", media: media2, ...options });
  }
  /** Undefined while the camera is off. */
  get mediaStreamTrack() {
    return this.#media;
  }
  get muted() {
    return this.#muted;
  }
  /** An admin muted it: nobody gets it, nothing of it is sent, and {@link unmute} is refused until the admin gives it back. */
  get mutedByServer() {
    return this.#mutedByServer;
  }
  get deviceId() {
    return this.#media?.getSettings().deviceId ?? this.#deviceId;
  }
  /** Stops sending. The camera is switched off, so that its light goes out. */
  mute() {
    if (this.#muted || this.#stopped) return;
    this.#muted = true;
    if (this.source === "camera" && this.#capture) {
      this.#deviceId = this.deviceId;
      this.#drop();
    }
    this.#gate();
    this.emit("muted", true);
  }
  /** Sends again. Rejects when the camera cannot be opened any more, and with `PERMISSION` while an admin has it muted. */
  async unmute() {
    if (this.#mutedByServer) throw new NexusError("PERMISSION", `An admin muted your ${this.source}: only an admin can give it back.`);
    if (!this.#muted || this.#stopped) return;
    if (!this.#media) this.#replace(await this.#capture(this.#deviceId));
    this.#muted = false;
    this.#gate();
    this.emit("muted", false);
  }
  /** Goes over to another device; what is published goes on without a gap in its name. */
  async useDevice(deviceId) {
    if (!this.#capture || this.#stopped) return;
    this.#deviceId = deviceId;
    if (this.source === "camera" && this.#muted) return;
    const media2 = await this.#capture(deviceId);
    const old = this.#media;
    this.#replace(media2);
    old?.stop();
  }
  /** Shows it, always without sound. */
  attach(element) {
    return this.#attachments.attach(element);
  }
  /** From one element, or from all. */
  detach(element) {
    this.#attachments.detach(element);
  }
  /** For good: the device is let go. */
  stop() {
    this.#stopped = true;
    this.#drop();
    this.detach();
  }
  /** The server's word on it. @internal */
  setMutedByServer(muted) {
    if (muted === this.#mutedByServer) return;
    this.#mutedByServer = muted;
    this.#gate();
    this.emit("muted-by-server", muted);
  }
  /** Media flows unless somebody muted it. */
  #gate() {
    if (this.#media) this.#media.enabled = !this.#muted && !this.#mutedByServer;
  }
  #replace(media2) {
    this.#use(media2);
    this.#gate();
    this.emit("replaced", media2);
  }
  #use(media2) {
    this.#media = media2;
    this.#attachments.media = media2;
    media2.addEventListener("ended", () => media2 === this.#media && this.emit("ended"));
  }
  #drop() {
    const media2 = this.#media;
    this.#media = void 0;
    this.#attachments.media = void 0;
    media2?.stop();
    this.emit("replaced", void 0);
  }
};

// src/local-tracks.ts
async function createCameraVideoTrack(options = {}) {
  return camera(await captureCamera(options), options);
}
async function createMicrophoneTrack(options = {}) {
  return microphone(await captureMicrophone(options), options);
}
async function createCameraAndMicrophoneTracks(cameraOptions = {}, microphoneOptions = {}) {
  const [video, audio] = await captureBoth(cameraOptions, microphoneOptions);
  return [camera(video, cameraOptions), microphone(audio, microphoneOptions)];
}
async function createScreenTrack(options = {}) {
  return new LocalTrack({ kind: "video", source: "screen", media: await captureScreen(options), ...described(options) });
}
function camera(media2, options) {
  const capture = (deviceId) => captureCamera({ ...options, ...deviceId && { deviceId } });
  return new LocalTrack({ kind: "video", source: "camera", media: media2, capture, ...described(options) });
}
function microphone(media2, options) {
  const capture = (deviceId) => captureMicrophone({ ...options, ...deviceId && { deviceId } });
  return new LocalTrack({ kind: "audio", source: "microphone", media: media2, capture, ...described(options) });
}
function described({ name, codec, simulcast }) {
  return { ...name !== void 0 && { name }, ...codec && { codec }, ...simulcast !== void 0 && { simulcast } };
}

// src/encodings.ts
function layersOf({ source, height, simulcast }) {
  if (!simulcast || height < 270) return [];
  if (source === "screen") return [["low", 2], ["high", 1]];
  return height < 480 ? [["low", 2], ["high", 1]] : [["low", 4], ["middle", 2], ["high", 1]];
}
function bitrateFor(width, height, frameRate, codec) {
  const efficiency = codec === "VP9" || codec === "AV1" ? 0.75 : 1;
  return Math.round(2e6 * efficiency * (width * height / (1280 * 720)) ** 0.87 * (frameRate / 30) ** 0.6);
}
function encodingsFor(shape) {
  const { width, height, frameRate, codec, source } = shape;
  const rate2 = (scale, fps) => bitrateFor(width / scale, height / scale, fps, codec);
  const layers = layersOf(shape);
  if (layers.length === 0) return [{ maxBitrate: rate2(1, frameRate), maxFramerate: frameRate }];
  return layers.map(([rid, scaleResolutionDownBy]) => {
    const maxFramerate = source === "screen" && rid === "low" ? Math.min(5, frameRate) : frameRate;
    return {
      rid,
      scaleResolutionDownBy,
      maxFramerate,
      maxBitrate: rate2(scaleResolutionDownBy, maxFramerate),
      // Without a mode Chromium makes these codecs one SVC stream instead of several.
      ...codec === "VP9" && { scalabilityMode: "L1T3" },
      ...codec === "AV1" && { scalabilityMode: "L1T1" }
    };
  });
}
function codecOrder(codecs, preferred) {
  const is = (codec) => codec.mimeType.toLowerCase() === `video/${preferred.toLowerCase()}`;
  return [...codecs.filter(is), ...codecs.filter((codec) => !is(codec))];
}

// src/layer-gate.ts
var ranks = { off: 0, low: 1, middle: 2, high: 3 };
function wantedOf(encodings, demand) {
  return encodings.map(({ rid }) => ranks[demand] >= (encodings.length > 1 ? ranks[rid] ?? ranks.low : ranks.low));
}
var LayerGate = class {
  #sender;
  #demand = "high";
  #busy = false;
  #closed = false;
  constructor(sender) {
    this.#sender = sender;
  }
  get demand() {
    return this.#demand;
  }
  set demand(demand) {
    this.#demand = demand;
    void this.apply();
  }
  /** Does what is demanded, also after a negotiation, which may have refused it or set it back. */
  async apply() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (!this.#closed) {
        const parameters = this.#sender.getParameters(), wanted = wantedOf(parameters.encodings, this.#demand);
        if (parameters.encodings.every(({ active }, i) => active === wanted[i])) break;
        parameters.encodings.forEach((encoding, i) => encoding.active = wanted[i]);
        await this.#sender.setParameters(parameters);
      }
    } catch {
    } finally {
      this.#busy = false;
    }
  }
  /** The section is another's from now on. */
  close() {
    this.#closed = true;
  }
};

// src/publisher.ts
var Publisher = class {
  #owner;
  #entries = /* @__PURE__ */ new Map();
  /** By sid; may be said before the answer that tells the sid. */
  #demands = /* @__PURE__ */ new Map();
  #transport;
  constructor(transport, owner) {
    this.#transport = transport;
    this.#owner = owner;
  }
  get tracks() {
    return [...this.#entries.keys()];
  }
  async publish(track) {
    if (this.#entries.has(track)) return;
    const off = [
      track.on("replaced", (media2) => void this.#entries.get(track)?.transceiver.sender.replaceTrack(media2 ?? null)),
      track.on("muted", (muted) => this.#mute(track, muted)),
      track.on("ended", () => void this.unpublish(track))
    ];
    this.#entries.set(track, { ...this.#open(track), release: () => off.forEach((act) => act()) });
    await this.#negotiate(track);
  }
  /** Ends the publication; the track itself goes on. */
  async unpublish(track) {
    const entry = this.#forget(track);
    if (!entry) return;
    this.#owner.unpublished(track);
    await this.#transport.negotiate().catch(() => {
    });
  }
  /** Ends the publication of what may not be published any more. */
  keepOnly(may) {
    for (const track of this.tracks.filter(({ source }) => !may(source))) void this.unpublish(track);
  }
  /** For an offer: what each section carries. */
  publications() {
    return Object.fromEntries([...this.#entries].filter(([, { transceiver }]) => transceiver.mid !== null).map(([{ source, name, muted }, { transceiver }]) => [transceiver.mid, { source, name, muted }]));
  }
  /** From an answer: the sids of what is published. */
  answered(published) {
    for (const [track, { transceiver, gate }] of this.#entries) {
      const sid = published[transceiver.mid ?? ""];
      if (!sid || sid === track.sid) continue;
      track.sid = sid;
      gate.demand = this.#demands.get(sid) ?? "high";
      this.#owner.published(track);
    }
  }
  /** How much of one's videos anybody wants: the rest is not sent. */
  demanded(tracks) {
    for (const { trackSid, layer } of tracks) this.#demands.set(trackSid, layer);
    for (const [{ kind, sid }, { gate }] of this.#entries) {
      const demand = kind === "video" && sid !== void 0 && this.#demands.get(sid);
      if (demand) gate.demand = demand;
    }
  }
  /** Nobody can say any more that somebody wants what nobody did: as little as shows a picture is sent until then. */
  interrupted() {
    for (const { gate } of this.#entries.values()) if (gate.demand === "off") gate.demand = "low";
  }
  /** An offer is over, one way or the other. */
  negotiated() {
    for (const { gate } of this.#entries.values()) void gate.apply();
  }
  /** A new session: everything is published again, under new sids, with all layers. The caller negotiates. */
  moveTo(transport) {
    this.#transport = transport;
    this.#demands.clear();
    for (const [track, entry] of this.#entries) {
      track.sid = void 0;
      entry.gate.close();
      Object.assign(entry, this.#open(track));
    }
  }
  /** Mutes may have been lost with the connection. */
  repeatMutes() {
    for (const track of this.#entries.keys()) this.#mute(track, track.muted);
  }
  /** The end of the session: tracks are let go, not stopped. */
  close() {
    for (const [track, { release, gate }] of this.#entries) {
      release();
      gate.close();
      track.sid = void 0;
    }
    this.#entries.clear();
  }
  transceiverOf(track) {
    return this.#entries.get(track)?.transceiver;
  }
  #open(track) {
    const transceiver = this.#send(track), gate = new LayerGate(transceiver.sender);
    void gate.apply();
    return { transceiver, gate };
  }
  #send(track) {
    const media2 = track.mediaStreamTrack ?? null;
    if (track.kind === "audio") return this.#transport.send(media2, "audio", [{ maxBitrate: 64e3 }], track.codec);
    const { width = 1280, height = 720, frameRate = 30 } = media2?.getSettings() ?? {};
    const { source, codec, simulcast } = track;
    return this.#transport.send(media2, "video", encodingsFor({ source, codec, simulcast, width, height, frameRate }), codec);
  }
  async #negotiate(track) {
    const transport = this.#transport;
    try {
      await transport.negotiate();
    } catch (error) {
      if (transport !== this.#transport) return this.#negotiate(track);
      this.#forget(track);
      throw error;
    }
    if (!track.sid && this.#entries.has(track)) {
      this.#forget(track);
      throw new NexusError("SDP_UNSUPPORTED", `The server did not take the ${track.source}.`);
    }
  }
  #mute(track, muted) {
    const { sid } = track;
    if (sid) void this.#owner.request({ type: "mute", trackSid: sid, muted }).catch(() => {
    });
  }
  #forget(track) {
    const entry = this.#entries.get(track);
    if (!entry) return void 0;
    this.#entries.delete(track);
    entry.release();
    entry.gate.close();
    if (track.sid) this.#demands.delete(track.sid);
    this.#transport.stopSending(entry.transceiver);
    track.sid = void 0;
    return entry;
  }
};

// src/subscriber.ts
var gather = 100;
var maxWishes = 128;
var Subscriber = class {
  #owner;
  #clock;
  #subscriptions = /* @__PURE__ */ new Map();
  #wishing = /* @__PURE__ */ new Set();
  /** What the app chose of the tracks, by sid. */
  #choices = /* @__PURE__ */ new Map();
  #transport;
  #cancelWishes;
  constructor(transport, clock, owner) {
    this.#transport = transport;
    this.#clock = clock;
    this.#owner = owner;
  }
  /** A new session: nothing is subscribed to yet, wishes are said again. */
  moveTo(transport) {
    this.#transport = transport;
    const sids = [...this.#subscriptions.keys()];
    this.#subscriptions.clear();
    for (const sid of sids) this.#owner.track(sid)?.apply(void 0, void 0);
  }
  /** All subscriptions there are; those not named have ended. */
  async replace(subscriptions) {
    const now = new Set(subscriptions.map((s) => s.trackSid));
    const ended2 = [...this.#subscriptions.values()].filter((s) => !now.has(s.trackSid)).map((s) => ({ ...s, state: "ended" }));
    await this.apply([...ended2, ...subscriptions]);
  }
  /** Takes what changed, once the sections it speaks of are in place, and acknowledges what is offered. */
  async apply(subscriptions) {
    const transport = this.#transport;
    await transport.settled();
    if (transport !== this.#transport) return;
    for (const subscription of subscriptions) {
      if (subscription.state === "ended") this.#subscriptions.delete(subscription.trackSid);
      else this.#subscriptions.set(subscription.trackSid, subscription);
      const track = this.#owner.track(subscription.trackSid);
      if (track) this.#bind(track, subscription);
    }
  }
  /** The track has become known: its subscription may have been told before the roster told of it. */
  found(track) {
    const subscription = this.#subscriptions.get(track.sid);
    if (subscription) this.#bind(track, subscription);
  }
  wish(track) {
    this.#wishing.add(track);
    this.#cancelWishes ??= this.#clock.after(gather, () => this.#sendWishes());
  }
  async choose(track, subscribed) {
    this.#choices.set(track.sid, subscribed);
    await this.#ask(track.sid, subscribed);
  }
  /** The track is no more. */
  forget(track) {
    this.#choices.delete(track.sid);
    this.#wishing.delete(track);
  }
  /** Wishes and choices may have been lost with the connection. */
  repeat(tracks) {
    for (const track of tracks) {
      if (Object.keys(track.wish).length > 0) this.wish(track);
    }
    for (const [sid, subscribed] of this.#choices) void this.#ask(sid, subscribed).catch(() => {
    });
  }
  close() {
    this.#cancelWishes?.();
    this.#subscriptions.clear();
  }
  #bind(track, subscription) {
    const { state, mid } = subscription;
    const receiver = mid !== void 0 && (state === "offered" || state === "active" || state === "paused") ? this.#transport.receiverOf(mid) : void 0;
    track.apply(state === "ended" ? void 0 : subscription, receiver?.track);
    if (state !== "offered" || !receiver) return;
    this.#owner.subscribed(track);
    this.#owner.notify({ type: "ack", trackSid: track.sid, mid });
  }
  #ask(sid, subscribed) {
    return this.#owner.request({ type: subscribed ? "subscribe" : "unsubscribe", trackSids: [sid] });
  }
  #sendWishes() {
    this.#cancelWishes = void 0;
    const wishes = [...this.#wishing].map((track) => ({ trackSid: track.sid, ...track.wish }));
    this.#wishing.clear();
    for (let i = 0; i < wishes.length; i += maxWishes) this.#owner.notify({ type: "wishes", wishes: wishes.slice(i, i + maxWishes) });
  }
};

// src/ice-restarts.ts
var interruptedFor = 1500;
var restartWithin = 8e3;
var maxRestarts = 3;
var IceRestarts = class {
  #clock;
  #owner;
  #tries = 0;
  #running = false;
  #due = false;
  #closed = false;
  #cancel = () => {
  };
  constructor(clock, owner) {
    this.#clock = clock;
    this.#owner = owner;
  }
  /** One was asked for while the server could not be reached. */
  get due() {
    return this.#due;
  }
  connected() {
    this.#cancel();
    this.#tries = 0;
  }
  /** Nothing comes back any more; it may mend itself. */
  interrupted() {
    this.#after(interruptedFor);
  }
  /**
   * Restarts, unless it is doing so. One that was asked for while the connection stood is a precaution: no change of the
   * connection's state tells of its success, and so none is waited for.
   */
  async ask() {
    if (this.#closed || this.#running) return;
    this.#cancel();
    this.#due = !this.#owner.canSignal();
    if (this.#due) return;
    if (this.#owner.stands()) this.#tries = 0;
    if (++this.#tries > maxRestarts) return this.#owner.gaveUp();
    this.#running = true;
    await this.#owner.restart();
    this.#running = false;
    if (!this.#owner.stands()) this.#after(restartWithin);
  }
  close() {
    this.#closed = true;
    this.#cancel();
  }
  #after(milliseconds) {
    this.#cancel();
    if (!this.#closed) this.#cancel = this.#clock.after(milliseconds, () => void this.ask());
  }
};

// src/retry.ts
var passing = /* @__PURE__ */ new Set(["RATE_LIMITED", "NODE_TIMEOUT", "UNAVAILABLE", "TIMEOUT"]);
var waits = [500, 1500, 3e3];
async function retrying(clock, act, wanted) {
  for (let tries = 0; ; tries++) {
    try {
      return await act();
    } catch (error) {
      const wait2 = error instanceof NexusError && passing.has(error.code) ? waits[tries] : void 0;
      if (wait2 === void 0) throw error;
      await new Promise((resolve) => clock.after(wait2, resolve));
      if (!wanted()) throw error;
    }
  }
}

// src/transport.ts
var Transport = class {
  pc;
  #handler;
  #clock;
  #restarts;
  #shapes = /* @__PURE__ */ new Map();
  #free = /* @__PURE__ */ new Map();
  #offerId = 0;
  #running = Promise.resolve();
  #next;
  #state = "connecting";
  constructor(iceServers, clock, handler) {
    this.#handler = handler;
    this.#clock = clock;
    this.#restarts = new IceRestarts(clock, {
      canSignal: () => handler.canSignal(),
      stands: () => this.pc.connectionState === "connected",
      restart: () => this.#restart(),
      gaveUp: () => this.#enter("failed")
    });
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers });
    this.pc.onicecandidate = ({ candidate }) => this.#trickle(candidate);
    this.pc.onconnectionstatechange = () => this.#connectionChanged();
  }
  get state() {
    return this.#state;
  }
  /** Sees to it that there are so many sections to receive on; true when an offer is needed for it. */
  receive(audio, video) {
    let added = false;
    for (const [kind, wanted] of [["audio", audio], ["video", video]]) {
      for (let have = this.#receiving(kind); have < wanted; have++) {
        const transceiver = this.pc.addTransceiver(kind, { direction: "recvonly" });
        if (kind === "video") offerExtensions(transceiver, descriptor);
        added = true;
      }
    }
    return added;
  }
  /** The receiver of a section that has been answered. */
  receiverOf(mid) {
    return this.pc.getTransceivers().find((t) => t.mid === mid && t.direction === "recvonly")?.receiver;
  }
  /** A section to send on: a free one of the same shape, else a new one. Takes effect with the next offer. */
  send(media2, kind, encodings, codec) {
    const shape = JSON.stringify([kind, codec, encodings]);
    const free = [...this.#free].find(([, known]) => known === shape)?.[0];
    if (free) {
      this.#free.delete(free);
      free.direction = "sendonly";
      void free.sender.replaceTrack(media2);
      return free;
    }
    const transceiver = this.pc.addTransceiver(media2 ?? kind, { direction: "sendonly", sendEncodings: encodings });
    const codecs = kind === "video" ? RTCRtpSender.getCapabilities("video")?.codecs : void 0;
    if (codecs) transceiver.setCodecPreferences(codecOrder(codecs, codec));
    if (encodings.length > 1) offerExtensions(transceiver, rids);
    if (codec === "AV1") offerExtensions(transceiver, descriptor);
    this.#shapes.set(transceiver, shape);
    return transceiver;
  }
  /** Ends sending on a section; others know after the next offer. */
  stopSending(transceiver) {
    transceiver.direction = "inactive";
    void transceiver.sender.replaceTrack(null);
    this.#free.set(transceiver, this.#shapes.get(transceiver));
  }
  /** Makes an offer of what is there now. While one is under way, all that ask share the next. */
  negotiate() {
    return this.#next ??= this.#running.then(() => {
      const exchange = this.#exchange();
      this.#next = void 0;
      this.#running = exchange.catch(() => {
      });
      return exchange;
    });
  }
  /** Resolves when no offer is under way: what was answered before is in place. */
  settled() {
    return this.#running;
  }
  /** A restart was asked for while the server could not be reached. */
  get restartDue() {
    return this.#restarts.due;
  }
  /** New ICE credentials, for a new network. Does nothing while the first connection is still being made. */
  restartIce() {
    if (this.#state !== "connecting") void this.#restarts.ask();
  }
  addRemoteCandidate({ candidate, mid }) {
    void this.pc.addIceCandidate({ candidate, sdpMid: mid }).catch(() => {
    });
  }
  close() {
    this.#restarts.close();
    this.#state = "closed";
    this.pc.onicecandidate = this.pc.onconnectionstatechange = null;
    this.pc.close();
  }
  get #closed() {
    return this.#state === "closed";
  }
  #receiving(kind) {
    return this.pc.getTransceivers().filter((t) => t.direction === "recvonly" && t.receiver.track.kind === kind).length;
  }
  async #exchange() {
    await this.pc.setLocalDescription();
    try {
      const offer = () => this.#handler.offer(++this.#offerId, this.pc.localDescription.sdp, this.#handler.publications());
      const answer = await retrying(this.#clock, offer, () => !this.#closed);
      await this.pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      return answer;
    } catch (error) {
      if (this.pc.signalingState === "have-local-offer") await this.pc.setLocalDescription({ type: "rollback" });
      throw error;
    } finally {
      this.#handler.negotiated();
    }
  }
  async #restart() {
    const iceServers = await this.#handler.iceServers().catch(() => void 0);
    if (this.#closed) return;
    if (iceServers) this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers });
    this.pc.restartIce();
    await this.negotiate().catch(() => {
    });
  }
  #trickle(candidate) {
    const ufrag = candidate?.usernameFragment;
    this.#handler.notify({
      type: "candidate",
      candidate: candidate?.candidate ?? "",
      mid: candidate?.sdpMid ?? this.pc.getTransceivers()[0]?.mid ?? "0",
      ...ufrag && { ufrag }
    });
  }
  #connectionChanged() {
    switch (this.pc.connectionState) {
      case "connected":
        this.#restarts.connected();
        this.#enter("connected");
        break;
      case "disconnected":
        this.#restarts.interrupted();
        this.#enter("interrupted");
        break;
      case "failed":
        if (this.#state === "connecting") this.#enter("failed");
        else {
          this.#enter("interrupted");
          this.restartIce();
        }
        break;
    }
  }
  #enter(state) {
    if (state === this.#state || this.#closed) return;
    this.#state = state;
    this.#handler.state(state);
  }
};
var rids = /rtp-stream-id$/;
var descriptor = /dependency-descriptor/;
function offerExtensions(transceiver, wanted) {
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.();
  if (!extensions) return;
  transceiver.setHeaderExtensionsToNegotiate?.(extensions.map((extension) => wanted.test(extension.uri) ? { ...extension, direction: "sendrecv" } : extension));
}

// src/media.ts
var maxDeadTransports = 2;
var Media = class {
  publisher;
  subscriber;
  #session;
  #clock;
  #owner;
  #transport;
  #deadTransports = 0;
  constructor(session, joined, clock, owner) {
    this.#session = session;
    this.#clock = clock;
    this.#owner = owner;
    this.#transport = this.#newTransport(joined);
    this.publisher = new Publisher(this.#transport, {
      request: (message) => session.request(message),
      published: (track) => owner.published(track),
      unpublished: (track) => owner.unpublished(track)
    });
    session.on("state", (state) => state === "reconnecting" && this.publisher.interrupted());
    this.subscriber = new Subscriber(this.#transport, clock, {
      request: (message) => session.request(message),
      notify: (notice) => session.notify(notice),
      track: (sid) => owner.track(sid),
      subscribed: (track) => owner.subscribed(track)
    });
  }
  get state() {
    return this.#transport.state;
  }
  get pc() {
    return this.#transport.pc;
  }
  /** The receiver of a section that has been answered. */
  receiverOf(mid) {
    return this.#transport.receiverOf(mid);
  }
  /** Sees to it that there are so many sections to receive on. */
  offerSections({ audio, video }) {
    if (this.#transport.receive(audio, video)) this.#negotiate();
  }
  addRemoteCandidate(candidate) {
    this.#transport.addRemoteCandidate(candidate);
  }
  networkChanged() {
    this.#transport.restartIce();
  }
  /** The same session on a new connection: what was said meanwhile may not have been heard. */
  resumed({ subscriptions, sections }) {
    void this.subscriber.replace(subscriptions);
    this.offerSections(sections);
    this.#repeat();
    if (this.#transport.state === "interrupted" || this.#transport.restartDue) this.#transport.restartIce();
  }
  /** A new session: all that was negotiated is gone, what is published and wished for stays. */
  enter(joined) {
    this.#transport.close();
    this.#transport = this.#newTransport(joined);
    this.subscriber.moveTo(this.#transport);
    this.#transport.receive(joined.sections.audio, joined.sections.video);
    this.publisher.moveTo(this.#transport);
    this.#negotiate();
    this.#repeat();
  }
  close() {
    this.subscriber.close();
    this.publisher.close();
    this.#transport.close();
  }
  #newTransport({ iceServers }) {
    const transport = new Transport(iceServers, this.#clock, {
      offer: async (id, sdp, publish) => {
        const answer = await this.#session.request({ type: "offer", id, sdp, publish });
        this.publisher.answered(answer.published);
        return answer;
      },
      notify: (notice) => this.#session.notify(notice),
      publications: () => this.publisher.publications(),
      negotiated: () => this.publisher.negotiated(),
      state: (state) => this.#transportChanged(state),
      canSignal: () => this.#session.state === "connected",
      iceServers: async () => (await this.#session.request({ type: "ice-servers" })).iceServers
    });
    this.#owner.connection(transport.pc);
    return transport;
  }
  /** Offers what is there. When the very first offer is refused there is no room to be in. */
  #negotiate() {
    const transport = this.#transport;
    transport.negotiate().catch((error) => {
      if (transport === this.#transport && transport.state === "connecting" && error instanceof NexusError) this.#session.fail(error);
    });
  }
  #repeat() {
    this.publisher.repeatMutes();
    this.subscriber.repeat(this.#owner.tracks());
  }
  #transportChanged(state) {
    if (state === "connected") this.#deadTransports = 0;
    if (state === "interrupted") this.#session.probe();
    if (state === "failed") {
      if (++this.#deadTransports < maxDeadTransports) this.#session.rejoin();
      else this.#session.fail(new NexusError("NO_ICE", "No media connection to the server could be made: a firewall may block UDP and TCP to its media port."));
    }
    this.#owner.changed();
  }
};

// src/network.ts
function listenToNetwork(changed) {
  const connection = navigator.connection;
  let type = connection?.type;
  const typeChanged = () => {
    if (connection.type === type) return;
    type = connection.type;
    changed();
  };
  addEventListener("online", changed);
  connection?.addEventListener("change", typeChanged);
  return () => {
    removeEventListener("online", changed);
    connection?.removeEventListener("change", typeChanged);
  };
}

// src/participant.ts
var Participant = class extends Emitter {
  #info;
  #quality;
  #level;
  /** @internal */
  constructor(info) {
    super();
    this.#info = info;
  }
  get sid() {
    return this.#info.sid;
  }
  get identity() {
    return this.#info.identity;
  }
  /** To show; the identity when the token has no name. */
  get name() {
    return this.#info.name || this.#info.identity;
  }
  get metadata() {
    return this.#info.metadata;
  }
  get attributes() {
    return this.#info.attributes;
  }
  /** `reconnecting`: the client was lost, its place is kept. */
  get state() {
    return this.#info.state;
  }
  get joinedAt() {
    return new Date(this.#info.joinedAt);
  }
  /** Undefined until the server has said it. */
  get quality() {
    return this.#quality;
  }
  get isSpeaking() {
    return this.#level !== void 0;
  }
  /** Amplitude while speaking, 0 to 1; else 0. */
  get audioLevel() {
    return this.#level ?? 0;
  }
  /** @internal */
  update(info) {
    const before = this.#info;
    this.#info = info;
    const changed = before.name !== info.name || before.state !== info.state || before.metadata !== info.metadata || JSON.stringify(before.attributes) !== JSON.stringify(info.attributes);
    if (changed) this.emit("updated");
  }
  /** @internal */
  setQuality(quality) {
    if (quality === this.#quality) return;
    this.#quality = quality;
    this.emit("quality", quality);
  }
  /** True when speech began or ended. @internal */
  setVoice(level) {
    const before = this.isSpeaking;
    this.#level = level;
    if (this.isSpeaking === before) return false;
    this.emit("speaking", this.isSpeaking);
    return true;
  }
};
var RemoteParticipant = class extends Participant {
  /** By sid. @internal */
  trackMap = /* @__PURE__ */ new Map();
  /** In order of publication. */
  get tracks() {
    return [...this.trackMap.values()];
  }
};
var LocalParticipant = class extends Participant {
  #tracks;
  /** @internal */
  constructor(info, tracks) {
    super(info);
    this.#tracks = tracks;
  }
  /** What is published. */
  get tracks() {
    return this.#tracks();
  }
};

// src/remote-track.ts
var RemoteTrack = class extends Emitter {
  /** @internal */
  constructor(info, participantSid, owner) {
    super();
    this.participantSid = participantSid;
    this.#info = info;
    this.#owner = owner;
    this.#attachments = new Attachments(info.kind, false, (element) => owner.blocked(element));
  }
  participantSid;
  #owner;
  #attachments;
  #info;
  #subscription;
  #media;
  #wish = {};
  get sid() {
    return this.#info.sid;
  }
  get kind() {
    return this.#info.kind;
  }
  get source() {
    return this.#info.source;
  }
  get name() {
    return this.#info.name;
  }
  get codec() {
    return this.#info.codec;
  }
  /** By its publisher or by an admin. */
  get muted() {
    return this.#info.muted || this.#info.mutedByServer === true;
  }
  /** An admin muted it: its publisher cannot unmute it. */
  get mutedByServer() {
    return this.#info.mutedByServer === true;
  }
  get state() {
    const state = this.#subscription?.state;
    return state === void 0 || state === "ended" ? "unsubscribed" : state;
  }
  /** Why it does not flow, in the states paused and refused. */
  get reason() {
    return this.#subscription?.reason;
  }
  /** The simulcast layer that is received. */
  get layer() {
    return this.#subscription?.layer;
  }
  get wish() {
    return this.#wish;
  }
  get mediaStreamTrack() {
    return this.#media;
  }
  get elements() {
    return this.#attachments.elements;
  }
  /** Plays it in the element, or in a new one, which is returned. Also before media flows. */
  attach(element) {
    const attached = this.#attachments.attach(element);
    this.#owner.attached(this);
    return attached;
  }
  /** From one element, or from all. */
  detach(element) {
    this.#attachments.detach(element);
    this.#owner.attached(this);
  }
  /** Says what is wanted of it; replaces the wish before. An adaptive room sets it by the size on screen. */
  setWish(wish) {
    if (JSON.stringify(wish) === JSON.stringify(this.#wish)) return;
    this.#wish = { ...wish };
    this.#owner.wish(this);
  }
  subscribe() {
    return this.#owner.setSubscribed(this, true);
  }
  unsubscribe() {
    return this.#owner.setSubscribed(this, false);
  }
  /** @internal */
  update(info) {
    const muted = this.muted;
    this.#info = info;
    if (this.muted !== muted) this.emit("muted", this.muted);
  }
  /** @internal */
  apply(subscription, media2) {
    const { state, reason } = this;
    this.#subscription = subscription;
    this.#media = media2;
    this.#attachments.media = media2;
    if (this.state === state && this.reason === reason) return;
    this.emit("state", this.state, this.reason);
    if (this.state === "paused" && state !== "paused") this.emit("paused", this.reason);
    if (this.state === "active" && state === "paused") this.emit("resumed");
  }
  /** @internal */
  end() {
    this.apply(void 0, void 0);
    this.detach();
    this.emit("ended");
  }
};

// src/people.ts
var People = class {
  #participants = /* @__PURE__ */ new Map();
  #tracks = /* @__PURE__ */ new Map();
  #trackOwner;
  #listener;
  constructor(trackOwner, listener) {
    this.#trackOwner = trackOwner;
    this.#listener = listener;
  }
  get participants() {
    return [...this.#participants.values()];
  }
  get tracks() {
    return [...this.#tracks.values()];
  }
  participant(sid) {
    return this.#participants.get(sid);
  }
  track(sid) {
    return this.#tracks.get(sid);
  }
  /** Takes what changed in the roster, oneself left out. */
  apply({ joined, changed, left }, reasons) {
    for (const { sid } of left) this.#leave(sid, reasons.get(sid) ?? "CLIENT_LEFT");
    for (const info of [...joined, ...changed]) this.#update(info);
  }
  #update(info) {
    let participant = this.#participants.get(info.sid);
    if (participant) {
      participant.update(info);
      this.#listener.updated(participant);
    } else {
      this.#participants.set(info.sid, participant = new RemoteParticipant(info));
      this.#listener.joined(participant);
    }
    const now = new Set(info.tracks.map((track) => track.sid));
    for (const track of participant.tracks.filter((track2) => !now.has(track2.sid))) this.#unpublish(track, participant);
    for (const track of info.tracks) {
      const known = participant.trackMap.get(track.sid);
      if (known) known.update(track);
      else this.#publish(new RemoteTrack(track, info.sid, this.#trackOwner), participant);
    }
  }
  #leave(sid, reason) {
    const participant = this.#participants.get(sid);
    if (!participant) return;
    for (const track of participant.tracks) this.#unpublish(track, participant);
    this.#participants.delete(sid);
    this.#listener.left(participant, reason);
  }
  #publish(track, participant) {
    participant.trackMap.set(track.sid, track);
    this.#tracks.set(track.sid, track);
    participant.emit("track-published", track);
    this.#listener.published(track, participant);
  }
  #unpublish(track, participant) {
    participant.trackMap.delete(track.sid);
    this.#tracks.delete(track.sid);
    track.end();
    participant.emit("track-unpublished", track);
    this.#listener.unpublished(track, participant);
  }
};

// src/protocol.ts
var mayPublish = ({ canPublish, canPublishSources }, source) => canPublish && (canPublishSources.length === 0 || canPublishSources.includes(source));

// src/protobuf.ts
var utf8 = new TextEncoder();
var ProtoWriter = class {
  #buffer = new Uint8Array(256);
  #length = 0;
  /** A whole number from 0 to 2^53. */
  number(field, value) {
    return value === 0 ? this : this.#varint(field * 8).#varint(value);
  }
  bytes(field, content) {
    if (content.length === 0) return this;
    this.#varint(field * 8 + 2).#varint(content.length).#room(content.length);
    this.#buffer.set(content, this.#length);
    this.#length += content.length;
    return this;
  }
  string(field, text2) {
    return this.bytes(field, utf8.encode(text2));
  }
  strings(field, texts) {
    for (const text2 of texts) this.string(field, text2);
    return this;
  }
  /** A message, also when it is empty: that it is there says something. */
  message(field, content) {
    const written = content.finish();
    return written.length ? this.bytes(field, written) : this.#varint(field * 8 + 2).#varint(0);
  }
  finish() {
    return this.#buffer.slice(0, this.#length);
  }
  #varint(value) {
    this.#room(8);
    for (; value >= 128; value = Math.floor(value / 128)) this.#buffer[this.#length++] = value % 128 | 128;
    this.#buffer[this.#length++] = value;
    return this;
  }
  #room(more) {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length + more));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
};
var nothing = new Uint8Array();
var text = new TextDecoder();
var textOf = ({ bytes }) => text.decode(bytes);
function* protoFields(message) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const octet = message[at++];
      if (octet === void 0) break;
      value += (octet & 127) * 2 ** (7 * i);
      if (octet < 128) return value;
    }
    throw new RangeError("A number has no end.");
  };
  const take = (length) => {
    if (length > message.length - at) throw new RangeError("A field is longer than its message.");
    return message.subarray(at, at += length);
  };
  while (at < message.length) {
    const tag = varint(), field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { field, number: varint(), bytes: nothing };
        break;
      case 1:
        take(8);
        break;
      case 2:
        yield { field, number: 0, bytes: take(varint()) };
        break;
      case 5:
        take(4);
        break;
      default:
        throw new RangeError("A field has no known form.");
    }
  }
}

// src/data-packet.ts
var maxPacket = 64e3;
function packet(field, content, { to, sequence }) {
  return new ProtoWriter().number(1, sequence ? 0 : 1).message(field, content).strings(5, to).number(16, sequence).number(1e3, sequence ? 1 : 0).finish();
}
function userPacket(payload, topic2, addressing) {
  return packet(2, new ProtoWriter().bytes(2, payload).string(4, topic2), addressing);
}
function headerPacket(stream, addressing) {
  return packet(13, new ProtoWriter().string(1, stream.id).number(2, stream.timestamp).string(3, stream.topic).string(4, "text/plain").number(5, stream.length).message(9, new ProtoWriter()), addressing);
}
function chunkPacket(streamId, index, content, addressing) {
  return packet(14, new ProtoWriter().string(1, streamId).number(2, index).bytes(3, content), addressing);
}
function trailerPacket(streamId, addressing) {
  return packet(15, new ProtoWriter().string(1, streamId), addressing);
}
function readPacket(bytes) {
  let identity = "", sid = "", content, receipt;
  try {
    for (const field of protoFields(bytes)) {
      switch (field.field) {
        case 2:
          content = readUser(field);
          break;
        case 4:
          identity = textOf(field);
          break;
        case 9:
          content = readChat(field);
          break;
        case 13:
          content = readHeader(field);
          break;
        case 14:
          content = readChunk(field);
          break;
        case 15:
          content = readTrailer(field);
          break;
        case 17:
          sid = textOf(field);
          break;
        case 1001:
          receipt = readReceipt(field);
          break;
      }
    }
  } catch (error) {
    if (error instanceof RangeError) return void 0;
    throw error;
  }
  return { identity, sid, content, receipt };
}
function readReceipt(packet2) {
  let sequence = 0, refusal = "";
  for (const field of protoFields(packet2.bytes)) {
    if (field.field === 1) sequence = field.number;
    if (field.field === 2) refusal = textOf(field);
  }
  return { sequence, refusal };
}
function readUser(packet2) {
  let payload = new Uint8Array(), topic2 = "";
  for (const field of protoFields(packet2.bytes)) {
    if (field.field === 2) payload = field.bytes;
    if (field.field === 4) topic2 = textOf(field);
  }
  return { kind: "user", payload, topic: topic2 };
}
function readChat(packet2) {
  let id = "", timestamp = 0, text2 = "", deleted = false;
  for (const field of protoFields(packet2.bytes)) {
    if (field.field === 1) id = textOf(field);
    if (field.field === 2) timestamp = field.number;
    if (field.field === 4) text2 = textOf(field);
    if (field.field === 5) deleted = field.number !== 0;
  }
  return deleted ? void 0 : { kind: "chat", id, timestamp, text: text2 };
}
function readHeader(packet2) {
  let streamId = "", timestamp = 0, topic2 = "", isText = false, inline, compressed = false;
  for (const field of protoFields(packet2.bytes)) {
    if (field.field === 1) streamId = textOf(field);
    if (field.field === 2) timestamp = field.number;
    if (field.field === 3) topic2 = textOf(field);
    if (field.field === 9) isText = true;
    if (field.field === 11) inline = field.bytes;
    if (field.field === 12) compressed = field.number !== 0;
  }
  return { kind: "header", streamId, timestamp, topic: topic2, isText, inline, compressed };
}
function readChunk(packet2) {
  let streamId = "", content = new Uint8Array();
  for (const field of protoFields(packet2.bytes)) {
    if (field.field === 1) streamId = textOf(field);
    if (field.field === 3) content = field.bytes;
  }
  return { kind: "chunk", streamId, content };
}
function readTrailer(packet2) {
  let streamId = "", reason = "";
  for (const field of protoFields(packet2.bytes)) {
    if (field.field === 1) streamId = textOf(field);
    if (field.field === 2) reason = textOf(field);
  }
  return { kind: "trailer", streamId, reason };
}

// src/chat.ts
var topic = "lk.chat";
var olderTopic = "lk-chat-topic";
var maxText = 32e3;
var maxChunk = 15e3;
var maxStreams = 16;
var remembered = 500;
var Chat = class {
  #link;
  #self;
  #show;
  #streams = /* @__PURE__ */ new Map();
  #seen = /* @__PURE__ */ new Set();
  /** @internal */
  constructor(link, self, show) {
    this.#link = link;
    this.#self = self;
    this.#show = show;
  }
  /** Sends to everyone in the room; oneself gets it by the room's event, too. */
  async send(text2, { to = [] } = {}) {
    const octets = new TextEncoder().encode(text2);
    if (octets.length > maxText) throw new NexusError("TOO_LARGE", `A chat message has ${maxText} octets at most, this one ${octets.length}.`);
    const message = { id: crypto.randomUUID(), from: this.#self(), text: text2, at: /* @__PURE__ */ new Date() };
    const header = { id: message.id, timestamp: message.at.getTime(), topic, length: octets.length };
    const sent = [this.#link.send(true, (addressing) => headerPacket(header, addressing), to)];
    for (const [index, chunk] of chunksOf(octets).entries()) {
      sent.push(this.#link.send(true, (addressing) => chunkPacket(message.id, index, chunk, addressing), to));
    }
    sent.push(this.#link.send(true, (addressing) => trailerPacket(message.id, addressing), to));
    await Promise.all(sent);
    this.#show(message);
    return message;
  }
  /** True when the content was chat, or part of it. @internal */
  take(content, from, sender) {
    switch (content.kind) {
      case "chat":
        this.#tell(content.id, from, sender, content.text, content.timestamp);
        return true;
      case "user":
        if (content.topic !== olderTopic) return false;
        this.#takeOlder(content.payload, from, sender);
        return true;
      case "header":
        if (content.topic === topic && content.isText && !content.compressed) this.#begin(content, from, sender);
        return true;
      case "chunk": {
        const stream = this.#streams.get(keyOf(sender, content.streamId));
        if (stream && (stream.length += content.content.length) > maxText) this.#streams.delete(keyOf(sender, content.streamId));
        stream?.chunks.push(content.content);
        return true;
      }
      case "trailer": {
        const key = keyOf(sender, content.streamId), stream = this.#streams.get(key);
        this.#streams.delete(key);
        if (stream && !content.reason) this.#tell(content.streamId, from, sender, textOf2(stream.chunks), stream.header.timestamp);
        return true;
      }
    }
  }
  /** Whoever left ends no message any more. @internal */
  forget(sender) {
    for (const [key, stream] of this.#streams) if (stream.sender === sender) this.#streams.delete(key);
  }
  #begin(header, from, sender) {
    if (header.inline) return this.#tell(header.streamId, from, sender, textOf2([header.inline]), header.timestamp);
    if ([...this.#streams.values()].filter((stream) => stream.sender === sender).length >= maxStreams) return;
    this.#streams.set(keyOf(sender, header.streamId), { header, sender, chunks: [], length: 0 });
  }
  /** What clients of before text streams send; newer ones send it beside the stream, marked. */
  #takeOlder(payload, from, sender) {
    try {
      const { id, timestamp, message, ignoreLegacy } = JSON.parse(textOf2([payload]));
      if (!ignoreLegacy && typeof message === "string") this.#tell(String(id ?? crypto.randomUUID()), from, sender, message, Number(timestamp));
    } catch {
    }
  }
  #tell(id, from, sender, text2, timestamp) {
    const key = keyOf(sender, id);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= remembered) break;
      this.#seen.delete(oldest);
    }
    const at = new Date(timestamp);
    this.#show({ id, from, text: text2, at: timestamp > 0 && !Number.isNaN(at.getTime()) ? at : /* @__PURE__ */ new Date() });
  }
};
var keyOf = (sender, id) => `${sender} ${id}`;
function textOf2(chunks) {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}
function chunksOf(octets) {
  const chunks = [];
  for (let from = 0, end = 0; from < octets.length; from = end) {
    end = Math.min(from + maxChunk, octets.length);
    while (end < octets.length && (octets[end] & 192) === 128) end--;
    chunks.push(octets.subarray(from, end));
  }
  return chunks;
}

// src/receipts.ts
var Receipts = class {
  /** By number, in the order of sending. */
  #waiting = /* @__PURE__ */ new Map();
  /** Resolves when the server has taken the message of that number, rejects with the code of its refusal. */
  of(sequence) {
    return new Promise((resolve, reject) => this.#waiting.set(sequence, { resolve, reject }));
  }
  /** Receipts come in the order of messages: one that was passed over does not come any more. */
  take({ sequence, refusal }) {
    for (const [number, { resolve, reject }] of this.#waiting) {
      if (number > sequence) return;
      this.#waiting.delete(number);
      if (number < sequence) reject(unconfirmed());
      else if (refusal) reject(refused(refusal));
      else resolve();
    }
  }
  /** No more will come for what is under way. */
  lose(why = unconfirmed()) {
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
};
var notPermitted = () => new NexusError("PERMISSION", "You may not send data here: your token, or an admin since, does not allow it.");
var refused = (code) => code === "PERMISSION" ? notPermitted() : new NexusError(code, "The server did not take the message.");
var unconfirmed = () => new NexusError("UNCONFIRMED", "The connection was replaced before the server confirmed the message: it may have arrived, or not.");

// src/data-link.ts
var highWater = 256 * 1024;
var lowWater = 64 * 1024;
var lossyHighWater = 16 * 1024;
var DataLink = class {
  #owner;
  #waiting = /* @__PURE__ */ new Set();
  #receipts = new Receipts();
  #reliable;
  #lossy;
  #sending = Promise.resolve();
  #sequence = 0;
  #closed = false;
  constructor(owner) {
    this.#owner = owner;
  }
  /** Opens the channels on a media connection, in place of those of the one before. */
  open(pc) {
    this.#release();
    this.#receipts.lose();
    this.#reliable = this.#channel(pc, "_reliable", { ordered: true });
    this.#lossy = this.#channel(pc, "_lossy", { ordered: false, maxRetransmits: 0 });
  }
  /**
   * Sends one after the other. Reliable: waits for a channel and for room in it, resolves when the server has taken it.
   * Lossy: now or never; resolves false when it was dropped here.
   */
  async send(reliable, encode, to) {
    this.#admit();
    check(encode({ to, sequence: 4294967295 }));
    if (!reliable) return this.#sendNow(encode({ to, sequence: 0 }));
    const turn = this.#sending.then(() => this.#hand(encode, to));
    this.#sending = turn.catch(() => {
    });
    await (await turn).receipt;
    return true;
  }
  /** Something else than before holds for those who wait: room in the channel, a grant. */
  wake() {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
  close() {
    this.#closed = true;
    this.#release();
    this.#receipts.lose(ended());
  }
  #admit() {
    if (!this.#owner.mayPublish()) throw notPermitted();
    if (this.#closed) throw ended();
  }
  async #hand(encode, to) {
    while (!this.#closed && this.#owner.mayPublish() && !hasRoom(this.#reliable)) await new Promise((resolve) => this.#waiting.add(resolve));
    this.#admit();
    const sequence = ++this.#sequence;
    this.#reliable.send(encode({ to, sequence }));
    return { receipt: this.#receipts.of(sequence) };
  }
  #sendNow(packet2) {
    if (this.#lossy?.readyState !== "open" || this.#lossy.bufferedAmount > lossyHighWater) return false;
    this.#lossy.send(packet2);
    return true;
  }
  #channel(pc, label, options) {
    const channel = pc.createDataChannel(label, options), reliable = label === "_reliable";
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = lowWater;
    channel.onopen = channel.onbufferedamountlow = () => this.wake();
    channel.onmessage = ({ data }) => {
      const packet2 = data instanceof ArrayBuffer ? readPacket(new Uint8Array(data)) : void 0;
      if (packet2?.receipt) this.#receipts.take(packet2.receipt);
      else if (packet2) this.#owner.received(packet2, reliable);
    };
    return channel;
  }
  #release() {
    for (const channel of [this.#reliable, this.#lossy]) {
      if (channel) channel.onopen = channel.onbufferedamountlow = channel.onmessage = null;
    }
    this.wake();
  }
};
var hasRoom = (channel) => channel?.readyState === "open" && channel.bufferedAmount <= highWater;
var ended = () => new NexusError("ENDED", "The room was left.");
function check({ length }) {
  if (length > maxPacket) throw new NexusError("TOO_LARGE", `A data message has ${maxPacket} octets at most, this one ${length}.`);
}

// src/data-message.ts
var DataMessage = class {
  /** @internal */
  constructor(from, payload, topic2, reliable) {
    this.from = from;
    this.payload = payload;
    this.topic = topic2;
    this.reliable = reliable;
  }
  from;
  payload;
  topic;
  reliable;
  /** The payload as UTF-8. */
  get text() {
    return new TextDecoder().decode(this.payload);
  }
  /** The payload as JSON. Throws a SyntaxError when it is none. */
  json() {
    return JSON.parse(this.text);
  }
};
function octetsOf(payload) {
  if (payload instanceof Uint8Array) return payload;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  return new TextEncoder().encode(typeof payload === "string" ? payload : JSON.stringify(payload));
}

// src/room-data.ts
var waitForSender = 2e3;
var RoomData = class {
  chat;
  #owner;
  #clock;
  #link;
  #early = /* @__PURE__ */ new Map();
  constructor(clock, owner) {
    this.#clock = clock;
    this.#owner = owner;
    this.#link = new DataLink({
      mayPublish: () => owner.mayPublish(),
      received: (packet2, reliable) => this.#received(packet2, reliable)
    });
    this.chat = new Chat(this.#link, () => owner.self(), (message) => owner.chat(message));
  }
  /** The room's media connection, or its successor. */
  open(pc) {
    this.#link.open(pc);
  }
  async send(payload, { reliable = true, to = [], topic: topic2 = "" }) {
    const octets = octetsOf(payload);
    return this.#link.send(reliable, (addressing) => userPacket(octets, topic2, addressing), to);
  }
  /** Who waits to send is told when he may not any more. */
  grantsChanged() {
    this.#link.wake();
  }
  arrived(sid) {
    const early = this.#early.get(sid);
    this.#early.delete(sid);
    for (const tell of early ?? []) tell();
  }
  left(sid) {
    this.chat.forget(sid);
  }
  close() {
    this.#early.clear();
    this.#link.close();
  }
  #received({ identity, sid, content }, reliable) {
    if (!content) return;
    const known = !identity || this.#owner.participant(sid) !== void 0;
    if (known) return this.#take(content, sid, reliable);
    const early = this.#early.get(sid);
    if (early) early.push(() => this.#take(content, sid, reliable));
    else {
      this.#early.set(sid, [() => this.#take(content, sid, reliable)]);
      this.#clock.after(waitForSender, () => this.arrived(sid));
    }
  }
  #take(content, sid, reliable) {
    const from = this.#owner.participant(sid);
    if (!this.chat.take(content, from, sid) && content.kind === "user") {
      this.#owner.data(new DataMessage(from, content.payload, content.topic, reliable));
    }
  }
};

// src/roster.ts
var maxHeld = 2e3;
var emptyRoster = { epoch: 0, seq: 0, room: void 0, participants: /* @__PURE__ */ new Map(), reading: void 0 };
function startReading(roster, held = []) {
  return { roster: { ...roster, reading: { pages: [], held } }, ask: {} };
}
function applyPage(roster, page) {
  const { pages, held } = roster.reading ?? { pages: [], held: [] };
  if (pages[0] && pages[0].epoch !== page.epoch) return startReading(roster, held);
  const reading = { pages: [...pages, page], held };
  return page.cursor ? { roster: { ...roster, reading }, ask: { cursor: page.cursor } } : finish(roster, reading);
}
function applyDelta(roster, delta) {
  if (roster.reading) return hold(roster, roster.reading, delta);
  if (delta.epoch === roster.epoch && delta.to <= roster.seq) return { roster };
  if (delta.epoch !== roster.epoch || delta.from > roster.seq) return startReading(roster, [delta]);
  const participants = new Map(roster.participants);
  for (const participant of delta.participants ?? []) participants.set(participant.sid, participant);
  const left = /* @__PURE__ */ new Map();
  for (const { sid, reason } of delta.left ?? []) {
    if (participants.delete(sid)) left.set(sid, reason);
  }
  return { roster: { ...roster, seq: delta.to, room: delta.room ?? roster.room, participants }, left };
}
function hold(roster, { pages, held }, delta) {
  const anew = held.length >= maxHeld || pages[0] && pages[0].epoch !== delta.epoch;
  return anew ? startReading(roster, [delta]) : { roster: { ...roster, reading: { pages, held: [...held, delta] } } };
}
function finish(roster, { pages, held }) {
  const first = pages[0];
  const read = {
    epoch: first.epoch,
    seq: first.to,
    room: pages.findLast((page) => page.room)?.room ?? roster.room,
    participants: new Map(pages.flatMap((page) => page.participants).map((p) => [p.sid, sameIfUnchanged(roster.participants.get(p.sid), p)])),
    reading: void 0
  };
  return held.filter((delta) => delta.epoch === first.epoch).reduce(
    (step, delta) => {
      const next = applyDelta(step.roster, delta);
      return { ...step, ...next, left: new Map([...step.left ?? [], ...next.left ?? []]) };
    },
    { roster: read }
  );
}
var sameIfUnchanged = (known, now) => known && JSON.stringify(known) === JSON.stringify(now) ? known : now;
function changesBetween(before, after) {
  if (before.participants === after.participants) return { joined: [], changed: [], left: [] };
  const now = [...after.participants.values()];
  return {
    joined: now.filter((p) => !before.participants.has(p.sid)),
    changed: now.filter((p) => before.participants.has(p.sid) && before.participants.get(p.sid) !== p),
    left: [...before.participants.values()].filter((p) => !after.participants.has(p.sid))
  };
}

// src/speaking.ts
var Speakers = class {
  #owner;
  #named = [];
  #active = [];
  constructor(owner) {
    this.#owner = owner;
  }
  /** The dominant speaker first. */
  get active() {
    return this.#active;
  }
  take(speakers) {
    this.#named = speakers;
    this.refresh();
  }
  /** Participants came or went: someone who was named may be known only now. */
  refresh() {
    const now = this.#named.flatMap(({ participantSid, level }) => {
      const participant = this.#owner.participant(participantSid);
      return participant ? [{ participant, level }] : [];
    });
    const before = this.#active;
    this.#active = now.map(({ participant }) => participant);
    for (const silent of before.filter((participant) => !this.#active.includes(participant))) this.#set(silent, void 0);
    for (const { participant, level } of now) this.#set(participant, level);
    if (before.length !== this.#active.length || before.some((participant, i) => participant !== this.#active[i])) this.#owner.changed(this.#active);
  }
  #set(participant, level) {
    if (participant.setVoice(level)) this.#owner.speaking(participant, participant.isSpeaking);
  }
};

// src/quality.ts
var toMap = (report) => new Map([...report.values()].map((stats) => [stats.id, stats]));
function qualityReport(before, now, names, intervalMs) {
  const all = [...now.values()];
  const streams = (type) => all.filter((s) => s.type === type).flatMap((s) => {
    const trackSid = s.mid !== void 0 && names.byMid(s.mid) || names.byMedia(s.trackIdentifier ?? now.get(s.mediaSourceId ?? "")?.trackIdentifier ?? "");
    return trackSid && s.kind ? [{ s, was: before.get(s.id), trackSid, kind: s.kind }] : [];
  });
  return {
    type: "quality-report",
    intervalMs: clamp(intervalMs, 1, 6e4),
    ...transportOf(all, now),
    up: streams("outbound-rtp").map(({ s, was, trackSid, kind }) => up(now, s, was, trackSid, kind, intervalMs)),
    down: streams("inbound-rtp").map(({ s, was, trackSid, kind }) => down(now, s, was, trackSid, kind, intervalMs))
  };
}
function transportOf(all, now) {
  const selected = all.find((s) => s.type === "transport")?.selectedCandidatePairId;
  const pair = now.get(selected ?? "") ?? all.find((s) => s.type === "candidate-pair" && s.nominated && s.state === "succeeded");
  const local = now.get(pair?.localCandidateId ?? "");
  return given({
    rttMs: scaled(pair?.currentRoundTripTime, 1e3, 6e4),
    transport: local && (local.candidateType === "relay" ? "relay" : local.protocol === "tcp" ? "tcp" : "udp"),
    availableOutBps: scaled(pair?.availableOutgoingBitrate, 1, 1e10),
    availableInBps: scaled(pair?.availableIncomingBitrate, 1, 1e10)
  });
}
function up(all, s, was, trackSid, kind, intervalMs) {
  const remote = all.get(s.remoteId ?? "");
  const limited = s.qualityLimitationReason;
  return {
    ...common(all, s, trackSid, kind),
    bps: rate(s.bytesSent, was?.bytesSent, intervalMs),
    loss: clamp(remote?.fractionLost ?? 0, 0, 1),
    jitterMs: scaled(remote?.jitter, 1e3, 6e4) ?? 0,
    ...given({
      rid: s.rid,
      audioLevel: scaled(all.get(s.mediaSourceId ?? "")?.audioLevel, 1, 1),
      limitedBy: limited === "none" || limited === "cpu" || limited === "bandwidth" ? limited : limited && "other"
    })
  };
}
function down(all, s, was, trackSid, kind, intervalMs) {
  const lost = grown(s.packetsLost, was?.packetsLost), received = grown(s.packetsReceived, was?.packetsReceived);
  const concealed = (x) => x?.concealedSamples === void 0 ? void 0 : x.concealedSamples - (x.silentConcealedSamples ?? 0);
  const samples = grown(s.totalSamplesReceived, was?.totalSamplesReceived);
  const quiet = grown(concealed(s), concealed(was));
  return {
    ...common(all, s, trackSid, kind),
    bps: rate(s.bytesReceived, was?.bytesReceived, intervalMs),
    loss: lost + received > 0 ? lost / (lost + received) : 0,
    jitterMs: scaled(s.jitter, 1e3, 6e4) ?? 0,
    ...given({
      audioLevel: scaled(s.audioLevel, 1, 1),
      ...kind === "video" ? {
        freezes: Math.round(clamp(grown(s.freezeCount, was?.freezeCount), 0, 1e3)),
        freezeMs: clamp(1e3 * grown(s.totalFreezesDuration, was?.totalFreezesDuration), 0, 6e4),
        framesDropped: Math.round(clamp(grown(s.framesDropped, was?.framesDropped), 0, 1e5))
      } : { concealedMs: samples > 0 ? clamp(quiet / samples * intervalMs, 0, 6e4) : 0 }
    })
  };
}
function common(all, s, trackSid, kind) {
  return {
    trackSid,
    kind,
    ...given({
      codec: all.get(s.codecId ?? "")?.mimeType?.split("/")[1],
      width: scaled(s.frameWidth, 1, 16384),
      height: scaled(s.frameHeight, 1, 16384),
      fps: scaled(s.framesPerSecond, 1, 1e3)
    })
  };
}
function given(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== void 0 && value !== ""));
}
var clamp = (value, low, high) => Math.min(high, Math.max(low, value));
var scaled = (value, by, max) => value === void 0 ? void 0 : clamp(value * by, 0, max);
var grown = (now, before) => Math.max(0, (now ?? 0) - (before ?? 0));
var rate = (now, before, intervalMs) => before === void 0 ? 0 : clamp(grown(now, before) * 8e3 / intervalMs, 0, 1e10);

// src/monitor.ts
var reportEvery = 1e3;
var Monitor = class {
  #owner;
  #clock;
  #stop;
  #before = /* @__PURE__ */ new Map();
  #beforeAt;
  constructor(clock, owner) {
    this.#clock = clock;
    this.#owner = owner;
    this.#beforeAt = clock.now();
    this.#stop = every(clock, reportEvery, () => void this.#report());
  }
  close() {
    this.#stop();
  }
  async #report() {
    const report = await this.#owner.connection()?.getStats();
    if (!report) return;
    const now = toMap(report), at = this.#clock.now();
    this.#owner.report(qualityReport(this.#before, now, this.#owner.names, Math.max(1, at - this.#beforeAt)));
    this.#before = now;
    this.#beforeAt = at;
  }
};

// src/watch.ts
function watch(clock, { session, media: media2, people }) {
  const local = (matches) => media2.publisher.tracks.find(matches)?.sid;
  const remote = (matches) => people.tracks.find((track) => track.mediaStreamTrack && matches(track.mediaStreamTrack))?.sid;
  return new Monitor(clock, {
    connection: () => session.state === "connected" ? media2.pc : void 0,
    names: {
      byMid: (mid) => local((track) => media2.publisher.transceiverOf(track)?.mid === mid) ?? remote((track) => track === media2.receiverOf(mid)?.track),
      byMedia: (id) => local((track) => track.mediaStreamTrack?.id === id) ?? remote((track) => track.id === id)
    },
    report: (report) => session.notify(report)
  });
}

// src/room.ts
var Room = class extends Emitter {
  localParticipant;
  #session;
  #clock;
  #adaptive;
  #data;
  #media;
  #monitor;
  #people;
  #calls;
  #speakers;
  #blocked = /* @__PURE__ */ new Set();
  #stopListening;
  #joined;
  #grants;
  #roster = emptyRoster;
  #asked = 0;
  #state = "connecting";
  /** @internal Rooms come from {@link NexusClient.join}. */
  constructor(session, joined, { adaptive, clock = realClock }) {
    super();
    this.#session = session;
    this.#clock = clock;
    this.#joined = joined;
    this.#grants = joined.grants;
    this.#adaptive = adaptive ? new AdaptiveWishes() : void 0;
    this.#people = this.#newPeople();
    this.#data = new RoomData(clock, {
      self: () => this.localParticipant,
      participant: (sid) => this.#people.participant(sid),
      mayPublish: () => this.grants.canPublishData,
      data: (message) => this.emit("data", message),
      chat: (message) => this.emit("chat", message)
    });
    this.#media = this.#newMedia(clock);
    this.localParticipant = new LocalParticipant(joined.participant, () => this.#media.publisher.tracks);
    this.#calls = new Calls(session, clock, () => this.localParticipant.identity, (call) => this.emit("call", call));
    this.#speakers = new Speakers({
      participant: (sid) => this.#participant(sid),
      speaking: (participant, speaking) => this.emit("speaking", participant, speaking),
      changed: (speakers) => this.emit("active-speakers-changed", speakers)
    });
    this.#monitor = watch(clock, { session, media: this.#media, people: this.#people });
    session.resumeFrom(() => ({ epoch: this.#roster.epoch, seq: this.#roster.seq }));
    session.on("push", (message) => this.#take(message));
    session.on("resumed", (message) => this.#resumed(message));
    session.on("rejoined", (message) => this.#enter(message));
    session.on("state", (_, why) => this.#stateMayHaveChanged(why));
    this.#stopListening = listenToNetwork(() => {
      session.networkChanged();
      this.#media.networkChanged();
    });
    this.#step(applyPage(this.#roster, { ...joined.roster, room: joined.room }));
    this.#media.offerSections(joined.sections);
  }
  get name() {
    return this.#info.name;
  }
  get sid() {
    return this.#info.sid;
  }
  get metadata() {
    return this.#info.metadata;
  }
  /** An admin locked it: nobody new comes in. */
  get locked() {
    return this.#info.locked;
  }
  get state() {
    return this.#state;
  }
  /** What you may do: as your token says, until an admin says otherwise (event `grants-changed`). */
  get grants() {
    return this.#grants;
  }
  /** Whether the grants allow to publish a track of that source. */
  mayPublish(source) {
    return mayPublish(this.#grants, source);
  }
  /** The others, in order of arrival. */
  get participants() {
    return this.#people.participants;
  }
  /** Who speaks, the dominant speaker first. */
  get activeSpeakers() {
    return this.#speakers.active;
  }
  /** The media connection, for statistics. A re-join makes a new one. */
  get peerConnection() {
    return this.#media.pc;
  }
  createCameraVideoTrack(options) {
    return createCameraVideoTrack(options);
  }
  createMicrophoneTrack(options) {
    return createMicrophoneTrack(options);
  }
  /** Asks the user for a screen, window or tab. Call it from a click. */
  createScreenTrack(options) {
    return createScreenTrack(options);
  }
  /** Resolves when the server has taken it; others see it from then on, also after reconnections. */
  publish(track) {
    return this.#media.publisher.publish(track);
  }
  /** The track itself goes on: `track.stop()` lets the device go. */
  unpublish(track) {
    return this.#media.publisher.unpublish(track);
  }
  /**
   * Sends a message to everyone, or to those named in `to`: 64 000 octets at most, its envelope included (`TOO_LARGE`). Reliable
   * ones arrive in order, and resolve when the server has taken them: they are under way to the others. To send much, send several
   * at once: more than the browser holds waits. Lossy ones resolve at once, false when they were dropped here. Needs the grant
   * `canPublishData` (`PERMISSION`). `UNCONFIRMED`: the connection was replaced meanwhile, it may have arrived or not.
   */
  sendData(payload, options = {}) {
    return this.#data.send(payload, options);
  }
  get chat() {
    return this.#data.chat;
  }
  /** Own metadata and attributes; `null` removes one. Needs the grant `canUpdateOwnMetadata`. */
  async update(changes) {
    await this.#session.request({ type: "update", ...changes });
  }
  /** Rings someone in the room. */
  invite(identity, options = {}) {
    return this.#calls.invite(identity, options);
  }
  /** Plays what the browser held back; call it from a click. */
  async startPlayback() {
    const elements = [...this.#blocked];
    this.#blocked.clear();
    await Promise.all(elements.map((element) => element.play()));
  }
  leave() {
    this.#session.leave();
  }
  #newMedia(clock) {
    return new Media(this.#session, this.#joined, clock, {
      connection: (pc) => this.#data.open(pc),
      changed: () => this.#stateMayHaveChanged(void 0),
      published: (track) => this.#localTrack("local-track-published", track),
      unpublished: (track) => this.#localTrack("local-track-unpublished", track),
      track: (sid) => this.#people.track(sid),
      tracks: () => this.#people.tracks,
      subscribed: (track) => this.emit("track-subscribed", track, this.#people.participant(track.participantSid))
    });
  }
  #take(message) {
    switch (message.type) {
      case "delta":
        return this.#step(applyDelta(this.#roster, message));
      case "subscriptions":
        return void this.#media.subscriber.apply(message.subscriptions);
      case "sections":
        return this.#media.offerSections(message);
      case "grants":
        return this.#granted(message.grants);
      case "demands":
        return this.#media.publisher.demanded(message.tracks);
      case "candidate":
        return this.#media.addRemoteCandidate(message);
      case "quality":
        for (const { participantSid, quality } of message.participants) {
          const participant = this.#participant(participantSid);
          participant?.setQuality(quality);
          if (participant) this.emit("quality", participant, quality);
        }
        return;
      case "speakers":
        return this.#speakers.take(message.speakers);
      case "call":
        return this.#calls.take(message);
    }
  }
  #step({ roster, ask, left }) {
    const before = this.#roster;
    this.#roster = roster;
    if (ask) {
      const asked = ++this.#asked;
      retrying(this.#clock, () => this.#session.request({ type: "snapshot", ...ask }), () => asked === this.#asked).then((page) => asked === this.#asked && this.#step(applyPage(this.#roster, page))).catch(() => {
      });
    }
    const changes = changesBetween(before, roster), self = this.#joined.participant.sid;
    const own = [...changes.joined, ...changes.changed].find((p) => p.sid === self);
    if (own) {
      this.localParticipant.update(own);
      this.#noteMutes();
      this.emit("participant-updated", this.localParticipant);
    }
    this.#people.apply({ ...changes, joined: changes.joined.filter((p) => p !== own), changed: changes.changed.filter((p) => p !== own) }, left ?? /* @__PURE__ */ new Map());
    this.#speakers.refresh();
    this.#tellRoom(before.room, this.#info);
  }
  #tellRoom(before, { metadata, locked }) {
    if (!before) return;
    if (metadata !== before.metadata) this.emit("updated");
    if (locked !== before.locked) this.emit("locked", locked);
  }
  #granted(grants) {
    const before = this.#grants;
    if (JSON.stringify(grants) === JSON.stringify(before)) return;
    this.#grants = grants;
    this.#data.grantsChanged();
    this.#media.publisher.keepOnly((source) => this.mayPublish(source));
    this.emit("grants-changed", grants, before);
  }
  /** What the roster says of one's own tracks. */
  #noteMutes() {
    const known = this.#roster.participants.get(this.localParticipant.sid)?.tracks ?? [];
    for (const track of this.localParticipant.tracks) {
      track.setMutedByServer(known.some(({ sid, mutedByServer }) => sid === track.sid && mutedByServer === true));
    }
  }
  #newPeople() {
    const trackOwner = {
      wish: (track) => this.#media.subscriber.wish(track),
      setSubscribed: (track, subscribed) => this.#media.subscriber.choose(track, subscribed),
      blocked: (element) => {
        this.#blocked.add(element);
        this.emit("playback-blocked");
      },
      attached: (track) => this.#adaptive?.attached(track)
    };
    return new People(trackOwner, {
      joined: (participant) => {
        this.emit("participant-joined", participant);
        this.#data.arrived(participant.sid);
      },
      left: (participant, reason) => {
        this.#data.left(participant.sid);
        this.emit("participant-left", participant, reason);
      },
      updated: (participant) => this.emit("participant-updated", participant),
      published: (track, participant) => {
        track.on("state", (state, reason) => this.emit("track-state", track, state, reason));
        track.on("muted", (muted) => this.emit("track-muted", track, muted));
        this.emit("track-published", track, participant);
        this.#media.subscriber.found(track);
      },
      unpublished: (track, participant) => {
        this.#media.subscriber.forget(track);
        this.emit("track-unpublished", track, participant);
      }
    });
  }
  #localTrack(event, track) {
    if (event === "local-track-unpublished") track.setMutedByServer(false);
    else this.#noteMutes();
    this.localParticipant.emit(event === "local-track-published" ? "track-published" : "track-unpublished", track);
    this.emit(event, track);
  }
  #resumed(message) {
    if (message.roster) this.#step(applyPage({ ...this.#roster, reading: void 0 }, message.roster));
    else if (this.#roster.reading) this.#step(startReading(this.#roster, this.#roster.reading.held));
    this.#granted(message.grants);
    this.#media.resumed(message);
  }
  /** A new session: all that was negotiated is gone, what is published and wished for stays. */
  #enter(joined) {
    const isMoved = joined.room.name !== this.#joined.room.name;
    this.#joined = joined;
    this.#speakers.take([]);
    this.#step(applyPage({ ...this.#roster, reading: void 0 }, { ...joined.roster, room: joined.room }));
    this.localParticipant.update(joined.participant);
    this.#granted(joined.grants);
    this.#media.enter(joined);
    this.#noteMutes();
    if (isMoved) this.emit("moved");
  }
  #stateMayHaveChanged(why) {
    const state = this.#stateNow();
    if (state === this.#state) return;
    this.#state = state;
    if (state === "left") this.#close();
    this.emit("state", state, why);
  }
  #stateNow() {
    if (this.#session.state === "ended") return "left";
    if (this.#session.state === "reconnecting" || this.#media.state === "interrupted" || this.#media.state === "failed") return "reconnecting";
    if (this.#media.state === "connected") return "connected";
    return this.#state === "reconnecting" ? "reconnecting" : "connecting";
  }
  #close() {
    this.#stopListening();
    this.#monitor.close();
    this.#adaptive?.close();
    this.#data.close();
    this.#media.close();
    for (const track of this.#people.tracks) track.end();
  }
  get #info() {
    return this.#roster.room ?? this.#joined.room;
  }
  #participant(sid) {
    return sid === this.localParticipant.sid ? this.localParticipant : this.#people.participant(sid);
  }
};

// src/connection.ts
var openWithin = 1e4;
var probeWithin = 1e3;
var Connection = class {
  #clock;
  #handler;
  #socket;
  #heardAt;
  #frames = 0;
  #opened = false;
  #over = false;
  #stopWatch;
  constructor(url, open, clock, handler) {
    this.#clock = clock;
    this.#handler = handler;
    this.#heardAt = clock.now();
    this.#socket = open(url, "nexus.v1");
    this.#socket.onopen = () => {
      this.#stopWatch();
      this.#heardAt = clock.now();
      this.#opened = true;
      handler.opened();
    };
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = ({ reason }) => this.#end(/^[A-Z][A-Z0-9_]*$/.test(reason) ? reason : "CONNECTION_LOST");
    this.#socket.onerror = () => this.#end("CONNECT_FAILED");
    this.#stopWatch = clock.after(openWithin, () => this.#end("CONNECT_FAILED"));
  }
  /** Starts to ping; the connection is dead when nothing was heard for three intervals. */
  keepAlive(intervalMs) {
    this.#stopWatch();
    this.#stopWatch = every(this.#clock, intervalMs, () => {
      if (this.#clock.now() - this.#heardAt >= 3 * intervalMs) this.#end("TIMEOUT");
      else this.#ping();
    });
  }
  /** Finds out soon whether the connection still stands. */
  probe() {
    const frames = this.#frames;
    this.#ping();
    this.#clock.after(probeWithin, () => this.#frames === frames && this.#end("TIMEOUT"));
  }
  send(message) {
    if (this.#opened && !this.#over) this.#socket.send(JSON.stringify(message));
  }
  /** Closes without a word to the handler. */
  close() {
    this.#release();
  }
  #ping() {
    this.send({ type: "ping", t: Math.round(this.#clock.now()) });
  }
  #take(data) {
    this.#frames++;
    this.#heardAt = this.#clock.now();
    if (typeof data === "string") this.#handler.received(JSON.parse(data));
  }
  #end(code) {
    if (this.#over) return;
    this.#release();
    this.#handler.closed(code);
  }
  #release() {
    if (this.#over) return;
    this.#over = true;
    this.#stopWatch();
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = this.#socket.onerror = null;
    this.#socket.close(1e3);
  }
};

// src/reconnect.ts
var passing2 = /* @__PURE__ */ new Set([
  "CONNECT_FAILED",
  "CONNECTION_LOST",
  "TIMEOUT",
  "UNAVAILABLE",
  "NO_NODE",
  "NODE_TIMEOUT",
  "NODE_LOST",
  "RATE_LIMITED",
  "SLOW_READER",
  "INTERNAL"
]);
var connected = { phase: "connected", mode: "resume", attempt: 0, since: void 0, retryAt: 0, code: void 0 };
function delayBefore(attempt, random) {
  return Math.min(7e3, 300 * attempt * attempt) * (0.8 + 0.4 * random());
}
function reconnect(state, event, now, policy) {
  if (state.phase === "ended") return state;
  switch (event.type) {
    case "succeeded":
      return connected;
    case "lost":
      return state.phase === "waiting" ? state : wait({ ...state, since: state.since ?? now }, now, policy);
    case "due":
      return state.phase === "waiting" ? { ...state, phase: "trying" } : state;
    case "online":
      return state.phase === "waiting" ? { ...state, attempt: 1, retryAt: now } : state;
    case "leave":
      return event.then === "stop" ? { ...state, phase: "ended", code: event.code } : { ...state, phase: "waiting", mode: event.then, attempt: state.attempt + 1, since: state.since ?? now, retryAt: now + soon(state, policy) };
    case "failed":
      if (event.code === "SESSION_NOT_FOUND" && state.mode === "resume") {
        return { ...state, phase: "waiting", mode: "rejoin", retryAt: now };
      }
      return passing2.has(event.code) ? wait(state, now, policy) : { ...state, phase: "ended", code: event.code };
  }
}
function wait(state, now, policy) {
  const attempt = state.attempt + 1, retryAt = now + delayBefore(attempt, policy.random);
  return retryAt - state.since > policy.giveUpAfter ? { ...state, phase: "ended", code: "CONNECTION_LOST" } : { ...state, phase: "waiting", attempt, retryAt };
}
var soon = (state, policy) => state.attempt === 0 ? 100 * policy.random() : delayBefore(state.attempt + 1, policy.random);

// src/version.ts
var version = "0.1.0";

// src/session.ts
var replyWithin = 15e3;
var Session = class extends Emitter {
  #options;
  #clock;
  #pending = /* @__PURE__ */ new Map();
  #connection;
  #joined;
  #state = connected;
  #position = () => ({ epoch: 0, seq: 0 });
  /** Where it joins, and with which token: the server's word once it moved this participant. */
  #room;
  #token;
  #nextId = 1;
  #cancelRetry = () => {
  };
  constructor(options) {
    super();
    this.#options = options;
    [this.#room, this.#token] = [options.room, options.token];
    this.#clock = options.clock ?? realClock;
  }
  /** Joins; fails at once when the server cannot be reached or refuses. */
  async join() {
    try {
      return await this.#enter("rejoin");
    } catch (error) {
      this.#state = { ...this.#state, phase: "ended" };
      this.#connection?.close();
      throw error;
    }
  }
  /** Says where a resume goes on: the last delta that was applied. */
  resumeFrom(position) {
    this.#position = position;
  }
  get state() {
    return this.#state.phase === "connected" || this.#state.phase === "ended" ? this.#state.phase : "reconnecting";
  }
  /**
   * Resolves with the reply. When the connection breaks meanwhile, the request is sent again after the resume: requests
   * carry state, so twice does no harm. Only an invitation is not repeated.
   */
  request(message) {
    if (this.#state.phase === "ended") return Promise.reject(new NexusError("ENDED", "The room was left."));
    return this.#ask(message, this.#state.phase === "connected");
  }
  /** Sends what needs no reply; lost while there is no connection. */
  notify(message) {
    if (this.#state.phase === "connected") this.#connection?.send(message);
  }
  /** The browser is on another network, or on one again: a connection that does not answer at once is dead. */
  networkChanged() {
    this.probe();
    this.#apply({ type: "online" });
  }
  /** Finds out soon whether the connection still stands. */
  probe() {
    this.#connection?.probe();
  }
  /** Gives the session up for a new one: its media connection cannot be had any more. */
  rejoin() {
    this.#connection?.close();
    this.#apply({ type: "leave", then: "rejoin", code: "NO_ICE" });
  }
  /** Leaves for a reason of the client's own. */
  fail(why) {
    this.#connection?.send({ type: "leave", reason: why.code });
    this.#apply({ type: "leave", then: "stop", code: why.code }, why.message);
  }
  leave() {
    if (this.#state.phase === "ended") return;
    this.#connection?.send({ type: "leave" });
    this.#apply({ type: "leave", then: "stop", code: "CLIENT_LEFT" });
  }
  async #enter(mode) {
    const { autoSubscribe, attributes, platform } = this.#options, room = this.#room, token = this.#token;
    const bearer = await (typeof token === "function" ? token() : token);
    await this.#open();
    const entered = await (mode === "resume" ? this.#ask({ type: "resume", session: this.#joined.session, room: this.#joined.room.name, token: bearer, ...this.#position() }) : this.#ask({
      type: "join",
      ...room !== void 0 && { room },
      token: bearer,
      autoSubscribe,
      ...attributes && { attributes },
      client: { sdk: "@nexus-rtc/web", version, ...platform && { platform } }
    }));
    if (entered.type === "joined") this.#joined = entered;
    this.#connection.keepAlive(this.#joined.pingIntervalSeconds * 1e3);
    return entered;
  }
  #open() {
    const { url, region, open = browserSocket } = this.#options;
    const target = new URL(url);
    if (region) target.searchParams.set("region", region);
    return new Promise((resolve, reject) => {
      const connection = new Connection(target.href, open, this.#clock, {
        opened: resolve,
        received: (message) => this.#receive(message),
        closed: (code) => {
          reject(connectionError(code));
          if (connection === this.#connection) this.#closed(code);
        }
      });
      this.#connection = connection;
    });
  }
  #ask(message, send = true) {
    const requestId = this.#nextId++;
    return new Promise((resolve, reject) => {
      const pending = { message: { ...message, requestId }, resolve, reject, cancelTimer: () => {
      } };
      this.#pending.set(requestId, pending);
      if (send) this.#send(pending);
    });
  }
  #send(pending) {
    const { message } = pending;
    pending.cancelTimer();
    pending.cancelTimer = this.#clock.after(replyWithin, () => this.#settle(message.requestId)?.reject(new NexusError("TIMEOUT", `The server did not answer '${message.type}' in time.`)));
    this.#connection.send(message);
  }
  #settle(requestId) {
    const pending = this.#pending.get(requestId ?? 0);
    pending?.cancelTimer();
    this.#pending.delete(requestId ?? 0);
    return pending;
  }
  #receive(message) {
    switch (message.type) {
      case "error":
        this.#settle(message.requestId)?.reject(new NexusError(message.code, message.message));
        break;
      case "leave":
        this.#left(message);
        break;
      case "joined":
      case "resumed":
      case "answer":
      case "snapshot":
      case "ice-servers":
      case "ok":
        this.#settle(message.requestId)?.resolve(message);
        break;
      case "call":
        this.#settle(message.requestId)?.resolve(message);
        this.emit("push", message);
        break;
      case "delta":
      case "sections":
      case "grants":
      case "demands":
      case "subscriptions":
      case "quality":
      case "speakers":
      case "candidate":
        this.emit("push", message);
        break;
    }
  }
  #left({ then, code, message, room, token }) {
    if (room !== void 0 && token !== void 0) [this.#room, this.#token] = [room, token];
    this.#connection?.close();
    this.#rejectEntry(new NexusError(code, message));
    this.#apply({ type: "leave", then, code }, message);
  }
  /** The connection broke, in whichever phase. */
  #closed(code) {
    this.#rejectEntry(connectionError(code));
    for (const [id, { message: { type }, cancelTimer }] of this.#pending) {
      if (type === "invite") this.#settle(id).reject(connectionError(code));
      else cancelTimer();
    }
    if (this.#state.phase === "connected" && this.#joined) this.#apply({ type: "lost" });
  }
  #apply(event, message) {
    const before = this.state;
    this.#state = reconnect(this.#state, event, this.#clock.now(), { giveUpAfter: this.#options.giveUpAfter, random: () => this.#clock.random() });
    this.#cancelRetry();
    const { phase, retryAt, code } = this.#state;
    if (phase === "waiting") this.#cancelRetry = this.#clock.after(Math.max(0, retryAt - this.#clock.now()), () => this.#apply({ type: "due" }));
    if (phase === "trying" && event.type === "due") void this.#retry(this.#state.mode);
    if (phase === "ended") this.#end(new NexusError(code, message ?? reasonOf(code)), before);
    else if (this.state !== before) this.emit("state", this.state, void 0);
  }
  async #retry(mode) {
    try {
      const entered = await this.#enter(mode);
      if (this.#state.phase !== "trying") return;
      this.#apply({ type: "succeeded" });
      if (entered.type === "resumed") this.#resumed(entered);
      else this.#rejoined(entered);
    } catch (error) {
      if (this.#state.phase !== "trying") return;
      this.#connection?.close();
      const { code, message } = error instanceof NexusError ? error : new NexusError("CONNECT_FAILED", String(error));
      this.#apply({ type: "failed", code }, message);
    }
  }
  #resumed(message) {
    const unanswered = [...this.#pending.values()];
    this.emit("resumed", message);
    for (const pending of unanswered) this.#send(pending);
  }
  #rejoined(message) {
    this.#rejectAll(new NexusError("ENDED", "The session was replaced by a new one."));
    this.emit("rejoined", message);
  }
  #end(why, before) {
    this.#connection?.close();
    this.#rejectAll(why);
    if (before !== "ended") this.emit("state", "ended", why);
  }
  /** The try to join or to resume is over. */
  #rejectEntry(error) {
    for (const [id, { message: { type } }] of this.#pending) {
      if (type === "join" || type === "resume") this.#settle(id).reject(error);
    }
  }
  #rejectAll(error) {
    for (const id of [...this.#pending.keys()]) this.#settle(id).reject(error);
  }
};
var browserSocket = (url, protocol) => new WebSocket(url, protocol);
function connectionError(code) {
  return new NexusError(code, reasonOf(code));
}
function reasonOf(code) {
  switch (code) {
    case "CLIENT_LEFT":
      return "You left the room.";
    case "CONNECT_FAILED":
      return "The server cannot be reached.";
    case "CONNECTION_LOST":
      return "The connection was lost and could not be brought back.";
    case "SESSION_SUPERSEDED":
      return "The session went on in another connection.";
    default:
      return `The server closed the connection: ${code}.`;
  }
}

// src/client.ts
var NexusClient = class {
  #options;
  constructor(options) {
    this.#options = options;
  }
  /**
   * Joins a room, by default the one that the token names.
   * @throws {NexusError} with the server's code when it refuses, `CONNECT_FAILED` when it cannot be reached.
   */
  async join(room, options = {}) {
    if (typeof RTCPeerConnection === "undefined") throw new NexusError("UNSUPPORTED", "This browser has no WebRTC.");
    const { autoSubscribe = true, adaptive = true, giveUpAfterSeconds = 300, attributes, clock, socket } = options;
    const session = new Session({
      url: signallingUrl(this.#options.url),
      token: this.#options.token,
      region: this.#options.region,
      room,
      autoSubscribe,
      attributes,
      giveUpAfter: giveUpAfterSeconds * 1e3,
      platform: navigator.userAgent.slice(0, 128),
      ...clock && { clock },
      ...socket && { open: socket }
    });
    return new Room(session, await session.join(), { adaptive, ...clock && { clock } });
  }
};
function signallingUrl(url) {
  const target = new URL(url, globalThis.location?.href);
  target.protocol = target.protocol.replace("http", "ws");
  if (!target.pathname.endsWith("/ws")) target.pathname = target.pathname.replace(/\/*$/, "/ws");
  return target.href;
}
export {
  Call,
  DataMessage,
  LocalParticipant,
  LocalTrack,
  NexusClient,
  NexusError,
  RemoteParticipant,
  RemoteTrack,
  Room,
  createCameraAndMicrophoneTracks,
  createCameraVideoTrack,
  createMicrophoneTrack,
  createScreenTrack,
  listDevices,
  version
};
