// Runs inside the page: WHIP and WHEP calls over RTCPeerConnection, and a digest of their statistics.
// A classic script, so that it can be evaluated in any document.
(() => {
  const calls = new Map();
  let next = 1;

  /**
   * Opens a WHIP (`kind` "whip") or WHEP call.
   * whip: { audio = true, video = true, codec, width = 640, height = 360, fps = 30, simulcast = false, encodings, maxBitrate, hint, noise = false }
   *   `noise` publishes a picture that no codec can compress, instead of the fake camera's.
   *   `simulcast` sends three layers with the rids low, middle, high (a quarter, half and whole size); `encodings` are sent as they are.
   * whep: { audio = true, video = true, codecs, format } where `codecs` are the only video codecs offered, and `format` is a regular
   *   expression for their format parameters.
   * both: { ice: 'relay' | 'all' } configures the ICE servers of the answer's Link headers, with that iceTransportPolicy.
   * Resolves also when the server refuses: `status` and `text` tell.
   */
  async function open(kind, url, token, options) {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const call = { id: next++, kind, url, token, pc, options, elements: [], startedAt: performance.now() };
    calls.set(call.id, call);
    await (kind === 'whip' ? addSources(call) : addSinks(call));
    const offer = await pc.createOffer();
    // Gathering starts with the local description: it waits when the servers to gather from come with the answer.
    if (!options.ice) await pc.setLocalDescription(offer);
    const response = await fetch(url, {
      method: 'POST', body: offer.sdp,
      headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
    });
    const text = await response.text();
    if (response.status === 201) {
      call.location = new URL(response.headers.get('location'), url).href;
      call.etag = response.headers.get('etag');
      call.link = response.headers.get('link');
      call.answeredAt = performance.now();
      if (options.ice) {
        pc.setConfiguration({ ...pc.getConfiguration(), iceServers: iceServers(call.link), iceTransportPolicy: options.ice });
        await pc.setLocalDescription(offer);
      }
      await pc.setRemoteDescription({ type: 'answer', sdp: text });
    }
    return { id: call.id, status: response.status, text, location: call.location, etag: call.etag, link: call.link };
  }

  /** Link headers with rel="ice-server" (RFC 9725 section 4.6) as RTCIceServers. */
  const iceServers = link => [...(link ?? '').matchAll(/<([^>]+)>([^<]*)/g)].flatMap(([, urls, text]) => {
    const parameters = Object.fromEntries([...text.matchAll(/;\s*([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    return parameters.rel === 'ice-server' ? [{ urls, username: parameters.username, credential: parameters.credential }] : [];
  });

  /** What these ICE servers give: the types of the candidates and the codes of the errors, when gathering is complete. */
  async function gather(configuration) {
    const pc = new RTCPeerConnection(configuration), candidates = [], errors = [];
    pc.addEventListener('icecandidate', ({ candidate }) => candidate?.candidate && candidates.push(candidate.type));
    pc.addEventListener('icecandidateerror', ({ errorCode }) => errors.push(errorCode));
    pc.createDataChannel('');
    await pc.setLocalDescription();
    await gathered(pc);
    pc.close();
    return { candidates, errors };
  }

  async function addSources({ pc, options }) {
    const { audio = true, video = true, width = 640, height = 360, fps = 30, simulcast = false, encodings, codec, maxBitrate, hint, noise } = options;
    const stream = await navigator.mediaDevices.getUserMedia({ audio, video: video && !noise && { width, height, frameRate: fps } });
    if (noise) stream.addTrack(noiseTrack(width, height, fps, Number(noise)));
    for (const track of stream.getAudioTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
    for (const track of stream.getVideoTracks()) {
      if (hint) track.contentHint = hint;
      // Without a scalability mode Chromium makes one SVC stream of the layers of VP9 and AV1.
      const layers = [['low', 4], ['middle', 2], ['high', 1]].map(([rid, scaleResolutionDownBy]) =>
        ({ rid, scaleResolutionDownBy, ...(/VP9|AV1/.test(codec) && { scalabilityMode: 'L1T1' }) }));
      const sendEncodings = encodings ?? (simulcast ? layers : [maxBitrate ? { maxBitrate } : {}]);
      const transceiver = pc.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings });
      if (codec) prefer(transceiver, [codec], RTCRtpSender);
    }
  }

  /**
   * A canvas that shows another cut of one large noise picture with each frame. The larger the grain, in pixels, the fewer bits it takes:
   * with 1 no codec can compress it.
   */
  function noiseTrack(width, height, fps, grain = 1) {
    const [noise, source, canvas] = [[2 * width / grain, 2 * height / grain], [2 * width, 2 * height], [width, height]].map(([w, h]) =>
      Object.assign(document.createElement('canvas'), { width: w, height: h }));
    const paint = noise.getContext('2d'), picture = paint.createImageData(noise.width, noise.height);
    const words = new Uint32Array(picture.data.buffer);
    for (let i = 0; i < words.length; i++) words[i] = 0xff000000 | (Math.random() * 0x1000000);
    paint.putImageData(picture, 0, 0);
    source.getContext('2d').drawImage(noise, 0, 0, source.width, source.height);
    const show = canvas.getContext('2d');
    const timer = setInterval(() => show.drawImage(source, -Math.random() * width, -Math.random() * height), 1000 / fps);
    const [track] = canvas.captureStream(fps).getVideoTracks();
    const stop = track.stop.bind(track);
    track.stop = () => (clearInterval(timer), stop());
    return track;
  }

  /** Offers these codecs only (plus repair formats). */
  function prefer(transceiver, codecs, side, format = '') {
    const names = [...codecs.map(codec => `video/${codec}`.toLowerCase()), 'video/rtx', 'video/red', 'video/ulpfec'];
    transceiver.setCodecPreferences(side.getCapabilities('video').codecs.filter(({ mimeType, sdpFmtpLine = '' }) =>
      names.includes(mimeType.toLowerCase()) && !/profile-id=[123]/.test(sdpFmtpLine) && (/rtx|red|ulpfec/.test(mimeType) || new RegExp(format).test(sdpFmtpLine))));
  }

  async function addSinks(call) {
    const { pc, options: { audio = true, video = true, codecs, format, grant = true } } = call;
    // A 127.0.0.1 candidate pair needs a granted capture in Chromium, also for who only receives.
    if (grant) call.grant = await navigator.mediaDevices.getUserMedia({ audio: true });
    if (audio) pc.addTransceiver('audio', { direction: 'recvonly' });
    if (video) {
      const transceiver = pc.addTransceiver('video', { direction: 'recvonly' });
      if (codecs) prefer(transceiver, codecs, RTCRtpReceiver, format);
    }
    pc.addEventListener('track', ({ track }) => {
      const element = document.createElement(track.kind);
      element.muted = track.kind === 'video';
      element.autoplay = element.playsInline = true;
      element.srcObject = new MediaStream([track]);
      element.requestVideoFrameCallback?.(() => (call.firstFrameAt ??= performance.now()));
      (document.body ?? document.documentElement).append(element);
      call.elements.push(element);
    });
  }

  /** What getStats says, in the few numbers that tests ask for. */
  async function stats(id) {
    const { pc, startedAt, answeredAt, firstFrameAt } = calls.get(id);
    const report = await pc.getStats(), all = [...report.values()];
    const of = type => all.filter(entry => entry.type === type);
    const transport = of('transport')[0];
    const pair = report.get(transport?.selectedCandidatePairId) ?? of('candidate-pair').find(entry => entry.selected || (entry.nominated && entry.state === 'succeeded'));
    const remote = report.get(pair?.remoteCandidateId), local = report.get(pair?.localCandidateId);
    return {
      connection: pc.connectionState, ice: pc.iceConnectionState,
      dtls: transport?.dtlsState, cipher: transport?.srtpCipher, tls: transport?.tlsVersion,
      protocol: local?.protocol, localType: local?.candidateType, relayProtocol: local?.relayProtocol, remote: remote && `${remote.address ?? remote.ip}:${remote.port}`, pair: pair?.id,
      rttMs: pair?.currentRoundTripTime * 1000, availableBitrate: pair?.availableOutgoingBitrate,
      joinMs: firstFrameAt - startedAt, answerMs: answeredAt - startedAt,
      video: media(report, all, 'video'), audio: media(report, all, 'audio'),
    };
  }

  function media(report, all, kind) {
    const streams = all.filter(entry => (entry.type === 'inbound-rtp' || entry.type === 'outbound-rtp') && entry.kind === kind);
    const sum = name => streams.reduce((total, stream) => total + (stream[name] ?? 0), 0);
    const top = streams.reduce((best, stream) => ((stream.frameHeight ?? 0) > (best?.frameHeight ?? -1) ? stream : best), undefined);
    const source = all.find(entry => entry.type === 'media-source' && entry.kind === kind);
    return {
      streams: streams.length, codec: report.get(top?.codecId)?.mimeType?.split('/')[1],
      frames: sum('framesDecoded') + sum('framesEncoded'), keyFrames: sum('keyFramesDecoded') + sum('keyFramesEncoded'),
      width: top?.frameWidth, height: top?.frameHeight, fps: top?.framesPerSecond,
      bytes: sum('bytesReceived') + sum('bytesSent'), packets: sum('packetsReceived') + sum('packetsSent'),
      lost: sum('packetsLost'), nacks: sum('nackCount'), plis: sum('pliCount'), firs: sum('firCount'),
      retransmitted: sum('retransmittedPacketsSent') + sum('retransmittedPacketsReceived'),
      dropped: sum('framesDropped'), freezes: sum('freezeCount'), freezeSeconds: sum('totalFreezesDuration'),
      targetBitrate: sum('targetBitrate'), limitation: top?.qualityLimitationReason,
      energy: sum('totalAudioEnergy') + (source?.totalAudioEnergy ?? 0), samples: sum('totalSamplesReceived'),
      concealed: sum('concealedSamples'),
      layers: streams.filter(stream => stream.rid).map(({ rid, frameWidth, frameHeight, framesEncoded, bytesSent, active }) =>
        ({ rid, width: frameWidth, height: frameHeight, frames: framesEncoded, bytes: bytesSent, active })),
    };
  }

  async function patch(call, fragment, match) {
    return fetch(call.location, {
      method: 'PATCH', body: fragment,
      headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': match, authorization: `Bearer ${call.token}` },
    });
  }

  const lines = (sdp, pattern) => sdp.split(/\r?\n/).filter(line => pattern.test(line));

  /** The ICE part of a local description, for its first section (the bundle tag), RFC 8840. */
  function fragment({ sdp }) {
    const first = sdp.slice(sdp.indexOf('m=')).split(/\r?\n(?=m=)/)[0];
    return [
      ...lines(sdp, /^a=(group|ice-options)/).slice(0, 2), lines(first, /^m=/)[0], lines(first, /^a=mid:/)[0],
      ...lines(first, /^a=ice-(ufrag|pwd)/), ...lines(first, /^a=candidate:/), 'a=end-of-candidates', '',
    ].join('\r\n');
  }

  const gathered = pc => pc.iceGatheringState === 'complete' || new Promise(resolve =>
    pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && resolve()));

  async function trickle(id) {
    const call = calls.get(id);
    await gathered(call.pc);
    return (await patch(call, fragment(call.pc.localDescription), call.etag)).status;
  }

  /**
   * RFC 9725 section 4.3.3: new credentials go up, the server's new ones come back and replace those in its answer. With `ice` the
   * offer gathers only afterwards, from the fresh servers of the Link headers.
   */
  async function restartIce(id) {
    const call = calls.get(id), { pc, options } = call;
    const offer = await pc.createOffer({ iceRestart: true });
    if (!options.ice) {
      await pc.setLocalDescription(offer);
      await gathered(pc);
    }
    const response = await patch(call, fragment(options.ice ? offer : pc.localDescription), '*');
    const text = await response.text();
    if (response.status !== 200) return { status: response.status };
    call.etag = response.headers.get('etag');
    const servers = iceServers(response.headers.get('link'));
    if (options.ice) {
      pc.setConfiguration({ ...pc.getConfiguration(), iceServers: servers });
      await pc.setLocalDescription(offer);
    }
    const [ufrag] = lines(text, /^a=ice-ufrag/), [pwd] = lines(text, /^a=ice-pwd/);
    const sdp = pc.currentRemoteDescription.sdp.replace(/a=ice-ufrag.*/g, ufrag).replace(/a=ice-pwd.*/g, pwd);
    await pc.setRemoteDescription({ type: 'answer', sdp });
    return { status: response.status, servers };
  }

  async function end(id) {
    const call = calls.get(id);
    const response = await fetch(call.location, { method: 'DELETE', headers: { authorization: `Bearer ${call.token}` } });
    vanish(id);
    return response.status;
  }

  function vanish(id) {
    const call = calls.get(id);
    call.pc.close();
    for (const element of call.elements) element.remove();
    call.grant?.getTracks().forEach(track => track.stop());
    for (const sender of call.pc.getSenders()) sender.track?.stop();
  }

  /** Resolves with milliseconds from the start of the call to its first video frame on screen. */
  async function firstFrame(id, timeoutMs = 15000) {
    const call = calls.get(id), end = performance.now() + timeoutMs;
    while (call.firstFrameAt === undefined && performance.now() < end) await new Promise(resolve => requestAnimationFrame(resolve));
    return call.firstFrameAt - call.startedAt;
  }

  globalThis.rig = { calls, open, noiseTrack, gather, iceServers, stats, trickle, restartIce, end, vanish, firstFrame };
})();
