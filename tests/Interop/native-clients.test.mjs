// Clients that are no browsers, as their distributions have them: GStreamer's webrtcbin (libnice) and aiortc.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import test, { after } from 'node:test';
import { dispose, watch } from './rig/native.mjs';
import { token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const stage = Stage.ofFile();
after(dispose);
const python = '/usr/bin/python3';
const rig = name => new URL(`./rig/${name}`, import.meta.url).pathname;

/** Starts a peer; what it says is in `said`. */
function starts(t, script, ...words) {
  const child = spawn(python, [rig(script), ...words], { stdio: ['pipe', 'pipe', 'pipe'] }), said = [];
  let faults = '';
  child.stderr.on('data', text => (faults += text));
  createInterface(child.stdout).on('line', line => said.push(line));
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode) return;
    child.stdin.end();
    await once(child, 'exit');
  });
  return { said, says: (what, options) => until(`it says ${what}`, () => said.includes(what), { ...options, seen: () => [child.exitCode ?? child.signalCode, said.slice(-5), faults] }) };
}

const door = (server, kind, room, identity) => [`${server.url}/${kind}/${room}`, token({ room, identity })];

for (const way of ['udp', 'tcp']) {
  test(`a camera of GStreamer is seen over ${way.toUpperCase()}, and longer than consent lasts`, async t => {
    const server = await stage.server, room = newRoom();
    const camera = starts(t, 'gstreamer.py', ...door(server, 'whip', room, 'camera'), way);
    await camera.says('connected');
    const viewer = await watch(server, room, 'viewer');
    t.after(() => viewer.close());
    const connected = performance.now();
    await until('packets after 35 s', () => performance.now() - connected > 35_000, { seconds: 60, everyMs: 500 });
    const before = viewer.packets();
    await until('it flows on', () => viewer.packets() > before + 50);
    assert.equal((await server.api(`/rooms/${room}/participants/camera`)).state, 'active');
    assert.ok(!camera.said.includes('disconnected') && !camera.said.includes('failed'), camera.said.join());
  });
}

test('aiortc publishes, and plays what it published', async t => {
  const server = await stage.server, room = newRoom();
  const sender = starts(t, 'aiortc_peer.py', 'send', ...door(server, 'whip', room, 'sender'));
  await sender.says('connected');
  const receiver = starts(t, 'aiortc_peer.py', 'receive', ...door(server, 'whep', room, 'receiver'));
  await receiver.says('connected');
  await until('30 frames', () => receiver.said.filter(line => line === 'frame').length >= 30, { seen: () => receiver.said.slice(-3) });
});
