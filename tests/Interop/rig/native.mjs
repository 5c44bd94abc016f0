// A native WebRTC peer (libdatachannel): far cheaper than a browser, for load.
import datachannel from 'node-datachannel';
import { token } from './server.mjs';

/** The offer of one viewer with an audio and a video section, and the peer behind it. */
export async function offer(name) {
  const peer = new datachannel.PeerConnection(name, { iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true });
  const audio = new datachannel.Audio('audio', 'RecvOnly');
  audio.addOpusCodec(111);
  const video = new datachannel.Video('video', 'RecvOnly');
  video.addVP8Codec(96);
  peer.tracks = [peer.addTrack(audio), peer.addTrack(video)];
  const sdp = await new Promise(resolve => {
    peer.onGatheringStateChange(state => state === 'complete' && resolve(peer.localDescription().sdp));
    peer.setLocalDescription('offer');
  });
  return { peer, sdp };
}

/** POSTs the offer to WHEP; resolves with the session's URL, its token and the answer. */
export async function whep(server, room, identity, sdp) {
  const bearer = token({ room, identity });
  const response = await fetch(`${server.url}/whep/${room}`, {
    method: 'POST', body: sdp, headers: { 'content-type': 'application/sdp', authorization: `Bearer ${bearer}` },
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`WHEP: ${response.status} ${answer}`);
  return { location: new URL(response.headers.get('location'), server.url).href, bearer, answer };
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

export const leave = async ({ location, bearer }) =>
  (await fetch(location, { method: 'DELETE', headers: { authorization: `Bearer ${bearer}` } })).text();
