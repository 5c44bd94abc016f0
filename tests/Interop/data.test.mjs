// Data channels of other people's SCTP: Chromium (dcsctp), Firefox, libdatachannel (usrsctp).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import datachannel from 'node-datachannel';
import { Stage } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
const project = fileURLToPath(new URL('echo', import.meta.url));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A media node that says everything back; resolves with its URL. */
async function startEcho() {
  const url = `http://127.0.0.1:${await freePort()}/`;
  const child = spawn('dotnet', ['run', '--project', project, '-c', 'Release', '--', url, `${await freePort()}`], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  endEcho = () => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* gone already */ } };
  process.once('exit', endEcho);
  let output = '';
  child.stdout.on('data', chunk => (output += chunk));
  await until('the echo is ready', () => output.includes('ready'), { seconds: 180, seen: () => output });
  return url;
}

let echo, endEcho = () => {};
after(() => endEcho());
after(() => datachannel.cleanup());
const echoUrl = () => (echo ??= startEcho());

/** Runs in a page. */
async function talk(url, name) {
  const soon = async (what, condition) => {
    for (const end = performance.now() + 20_000; !condition(); await new Promise(r => setTimeout(r, 5)))
      if (performance.now() > end) throw new Error(`not in time: ${what}`);
  };
  const connection = new RTCPeerConnection();
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  connection.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly' });
  const reliable = connection.createDataChannel('_reliable');
  const lossy = connection.createDataChannel('_lossy', { ordered: false, maxRetransmits: 0 });
  reliable.binaryType = lossy.binaryType = 'arraybuffer';
  const got = [], gotLossy = [], gotTheirs = [];
  reliable.onmessage = e => got.push(e.data);
  lossy.onmessage = e => gotLossy.push(e.data);
  let theirs;
  connection.ondatachannel = e => { theirs = e.channel; theirs.onmessage = m => gotTheirs.push(m.data); };
  await connection.setLocalDescription();
  await soon('candidates', () => connection.iceGatheringState === 'complete');
  const answer = await (await fetch(url + name, { method: 'POST', body: connection.localDescription.sdp })).text();
  await connection.setRemoteDescription({ type: 'answer', sdp: answer });
  await soon('open', () => reliable.readyState === 'open' && lossy.readyState === 'open');

  reliable.send('text');
  reliable.send('');
  reliable.send(new ArrayBuffer(0));
  const large = new Uint8Array(250_000).map((_, i) => i * 7);
  reliable.send(large);
  await soon('four echoes', () => got.length === 4);
  for (let i = 0; i < 50; i++) lossy.send(`${i}`);
  await soon('a lossy echo', () => gotLossy.length > 0);
  for (let i = 0; i < 100; await new Promise(r => setTimeout(r, 1)))
    for (; i < 100 && reliable.bufferedAmount < 500_000; i++) reliable.send(new Uint8Array(60_000).fill(i));
  await soon('6 MB', () => got.length === 104);
  reliable.send('open');
  await soon('a channel of theirs', () => theirs?.readyState === 'open');
  theirs.send('over yours');
  await soon('an echo over it', () => gotTheirs.length === 1);
  let closed = false;
  lossy.onclose = () => (closed = true);
  lossy.close();
  await soon('closed', () => closed);
  const result = {
    limit: connection.sctp.maxMessageSize,
    first: [got[0], got[1], got[2].byteLength],
    large: new Uint8Array(got[3]).every((x, i) => x === large[i]) && got[3].byteLength,
    inOrder: got.slice(4).every((m, i) => m.byteLength === 60_000 && new Uint8Array(m)[59_999] === i),
    theirs: [theirs.label, theirs.id % 2, gotTheirs[0]],
  };
  connection.close();
  return result;
}

for (const name of ['chromium', 'firefox']) {
  test(`${name} opens, talks over and closes data channels`, async t => {
    const url = await echoUrl();
    const tab = await (await stage[name]).open(url);
    t.after(() => tab.close());
    assert.deepEqual(await tab.evaluate(talk, url, name), {
      limit: 262_144, first: ['text', '', 0], large: 250_000, inOrder: true, theirs: ['from the node', 1, 'over yours'],
    });
  });
}

test('libdatachannel opens, talks over and closes data channels', async t => {
  const url = await echoUrl();
  const peer = new datachannel.PeerConnection('peer', { iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true });
  t.after(() => peer.close());
  const reliable = peer.createDataChannel('_reliable');
  const lossy = peer.createDataChannel('_lossy', { unordered: true, maxRetransmits: 0 });
  const got = [];
  reliable.onMessage(m => got.push(m));
  let theirs, closed = false;
  peer.onDataChannel(channel => (theirs = channel));
  const offer = await new Promise(resolve => {
    peer.onGatheringStateChange(state => state === 'complete' && resolve(peer.localDescription().sdp));
    peer.setLocalDescription('offer');
  });
  peer.setRemoteDescription(await (await fetch(`${url}native`, { method: 'POST', body: offer })).text(), 'answer');
  await until('open', () => reliable.isOpen() && lossy.isOpen());

  const large = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => i * 7));
  reliable.sendMessage('text');
  reliable.sendMessage('');
  reliable.sendMessageBinary(large);
  await until('three echoes', () => got.length === 3);
  assert.deepEqual(got.slice(0, 2), ['text', '']);
  assert.ok(large.equals(Buffer.from(got[2])));
  for (let i = 0; i < 100; i++) reliable.sendMessageBinary(Buffer.alloc(60_000, i));
  await until('6 MB', () => got.length === 103);
  assert.ok(got.slice(3).every((m, i) => m.byteLength === 60_000 && Buffer.from(m)[59_999] === i));
  reliable.sendMessage('open');
  await until('a channel of theirs', () => theirs?.isOpen());
  assert.equal(theirs.getLabel(), 'from the node');
  lossy.onClosed(() => (closed = true));
  lossy.close();
  await until('closed', () => closed);
});
