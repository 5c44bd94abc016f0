// A native WebRTC peer (libdatachannel): far cheaper than a browser, for load.
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { promisify } from 'node:util';
import datachannel from 'node-datachannel';
import { token } from './server.mjs';

/** Ends the threads of all native peers, which would hold the process. */
export const dispose = () => datachannel.cleanup();

/** The offer of one viewer with an audio and a video section, and the peer behind it. */
export async function offer(name) {
  const peer = new datachannel.PeerConnection(name, { iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true });
  const audio = new datachannel.Audio('audio', 'RecvOnly');
  audio.addOpusCodec(111);
  const video = new datachannel.Video('video', 'RecvOnly');
  video.addVP8Codec(96);
  peer.tracks = [peer.addTrack(audio), peer.addTrack(video)];
  const sdp = await offerOf(peer);
  return { peer, sdp };
}

/** Its offer, with all candidates. */
const offerOf = peer => new Promise(resolve => {
  peer.onGatheringStateChange(state => state === 'complete' && resolve(peer.localDescription().sdp));
  peer.setLocalDescription('offer');
});

/** POSTs the offer to WHEP; resolves with the session's URL, its token and the answer. */
export const whep = (server, room, identity, sdp, query = '') => post(server, 'whep', room, identity, sdp, query);

async function post(server, door, room, identity, sdp, query = '') {
  const bearer = token({ room, identity, claims: server.claims });
  const response = await fetch(`${server.url}/${door}/${room}${query}`, {
    method: 'POST', body: sdp, headers: { 'content-type': 'application/sdp', authorization: `Bearer ${bearer}` },
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${door}: ${response.status} ${answer}`);
  return { location: new URL(response.headers.get('location'), response.url).href, bearer, answer };
}

/** Applies the answer; resolves once DTLS is done. */
export function connect(peer, answer, seconds = 15) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`still ${peer.state()} after ${seconds} s`)), seconds * 1000);
    peer.onStateChange(state => {
      if (state !== 'connected' && state !== 'failed') return;
      clearTimeout(timer);
      state === 'connected' ? resolve() : reject(new Error('the connection failed'));
    });
    peer.setRemoteDescription(answer, 'answer');
  });
}

/** Has the peer connected by what `join` posts; one that cannot is closed. */
async function joins(peer, join) {
  try {
    const joined = await join();
    await connect(peer, joined.answer);
    return joined;
  } catch (error) {
    peer.close();
    throw error;
  }
}

/** A WHIP publisher of one video section that is connected; its track takes RTP packets of that SSRC. */
async function camera(server, room, identity, ssrc, addCodec) {
  const peer = new datachannel.PeerConnection(identity, { iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true });
  const video = new datachannel.Video('video', 'SendOnly');
  addCodec(video);
  video.addSSRC(ssrc, identity, identity, 'video');
  const track = peer.addTrack(video);
  return { peer, track, ...await joins(peer, async () => post(server, 'whip', room, identity, await offerOf(peer))) };
}

/**
 * Publishes made-up VP8 by WHIP from a native peer, evenly spaced: `rate` packets a second of 1100 octets, ten to a frame, a
 * keyframe each second. Resolves once it is connected.
 */
export async function publish(server, room, identity, { rate = 1000 } = {}) {
  const ssrc = 0x51e5510, { peer, track, location, bearer } = await camera(server, room, identity, ssrc, video => video.addVP8Codec(96));

  const packet = Buffer.alloc(1100), perFrame = 10, began = performance.now();
  let sent = 0, timer;
  const send = () => {
    for (const due = Math.floor(((performance.now() - began) / 1000) * rate); sent < due; sent++) {
      const frame = Math.floor(sent / perFrame), first = sent % perFrame === 0, last = sent % perFrame === perFrame - 1;
      const key = frame % Math.max(1, Math.round(rate / perFrame)) === 0;
      packet[0] = 0x80;
      packet[1] = 96 | (last ? 0x80 : 0);
      packet.writeUInt16BE(sent & 0xffff, 2);
      packet.writeUInt32BE(Math.floor((frame * perFrame * 90_000) / rate) >>> 0, 4);
      packet.writeUInt32BE(ssrc, 8);
      packet[12] = 0x80 | (first ? 0x10 : 0); // extended descriptor, start of partition (RFC 7741 section 4.2)
      packet[13] = 0x80; // a picture id of 15 bits follows
      packet.writeUInt16BE(0x8000 | (frame & 0x7fff), 14);
      if (first) packet.set(key ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01] : [0x11, 0, 0], 16);
      if (track.isOpen()) track.sendMessageBinary(packet); // its peer may be gone
    }
    timer = setTimeout(send, 5);
  };
  send();
  return { location, bearer, close: () => (clearTimeout(timer), peer.close()) };
}

/**
 * Publishes H264 by WHIP as OBS does: encoded by x264 in a profile and level, and offered as that. `file` (.ts) keeps two seconds of it, which go round.
 * Resolves once it is connected.
 */
export async function publishH264(server, room, identity, file, { profile = 'high', level = '3.1', id = '64001f', size = '1280x720', rate = 15 } = {}) {
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=2`,
    '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', profile, '-level:v', level, '-bf', '0', '-g', String(rate), '-pix_fmt', 'yuv420p', '-y', file]);
  const ssrc = 0x264264, { peer, track } = await camera(
    server, room, identity, ssrc, video => video.addH264Codec(102, `profile-level-id=${id};packetization-mode=1;level-asymmetry-allowed=1`));

  const socket = createSocket('udp4');
  await new Promise(resolve => socket.bind(0, '127.0.0.1', resolve));
  socket.on('message', packet => track.isOpen() && track.sendMessageBinary(packet));
  const player = spawn('ffmpeg', ['-v', 'error', '-re', '-stream_loop', '-1', '-i', file, '-c:v', 'copy', '-f', 'rtp',
    '-payload_type', '102', '-ssrc', String(ssrc), `rtp://127.0.0.1:${socket.address().port}?pkt_size=1200`], { stdio: 'ignore' });
  return { close: () => (player.kill(), socket.close(), peer.close()) };
}

/**
 * Plays by WHEP and counts what arrives. Resolves once it is connected.
 * @param {{ of?: string, arrived?: () => void }} options `of`: whom it plays, everyone by default.
 */
export async function watch(server, room, identity, { of, arrived = () => {} } = {}) {
  const { peer, sdp } = await offer(identity);
  let packets = 0;
  for (const track of peer.tracks) track.onMessage(() => (packets++, arrived()));
  const { location, bearer } = await joins(peer, () => whep(server, room, identity, sdp, of ? `?identity=${of}` : ''));
  return { location, bearer, packets: () => packets, close: () => peer.close() };
}

export const leave = async ({ location, bearer }) =>
  (await fetch(location, { method: 'DELETE', headers: { authorization: `Bearer ${bearer}` } })).text();
