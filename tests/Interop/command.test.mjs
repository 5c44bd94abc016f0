// The command line, as the README shows it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { makeCertificate } from './rig/certificate.mjs';
import { offer } from './rig/native.mjs';
import { Process, Server, cli, freePort, nexusCommand, token } from './rig/server.mjs';
import { until } from './rig/wait.mjs';

const claims = jwt => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());

test('./nexus token prints a token that the server takes', async t => {
  const server = await Server.start();
  t.after(() => server.stop('SIGKILL'));
  const admin = (await cli('token', '--room', 'lobby', '--identity', 'ada', '--admin', '--ttl', '60')).trim();
  assert.equal(claims(admin).sub, 'ada');
  assert.equal(claims(admin).video.room, 'lobby');
  const ask = token => server.request('/api/v1/nodes', { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await ask(admin)).status, 200);
  const plain = (await cli('token', '--room', 'lobby', '--identity', 'ada')).trim();
  assert.equal((await ask(plain)).status, 403);
  assert.equal(typeof JSON.parse(await cli('token', '--room', 'lobby', '--identity', 'ada', '--json')).token, 'string');
});

test('SIGTERM ends a lone node with exit code 0 within 5 s', async () => {
  const server = await Server.start(), began = Date.now();
  assert.equal(await server.stop('SIGTERM'), 0);
  assert.ok(Date.now() - began < 5000);
});

test('what a start needs and cannot have is one line, and exit code 2', async t => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'nexus-start-')), { cert, key } = makeCertificate(folder, '127.0.0.1');
  t.after(() => rmSync(folder, { recursive: true }));
  const http = () => freePort().then(port => ['--http', `127.0.0.1:${port}`]), { port } = taken.address();
  for (const [flags, named] of [
    [['--http', `127.0.0.1:${port}`], new RegExp(`http: 127.0.0.1:${port} `)],
    [[...await http(), '--https', `127.0.0.1:${port}`, '--tls-certificate', cert, '--tls-key', key], new RegExp(`https: 127.0.0.1:${port} `)],
    [[...await http(), '--redis', '127.0.0.1:1,connectTimeout=200', '--silo', `127.0.0.1:${await freePort()}`], /redis: 127\.0\.0\.1:1/],
    [[...await http(), '--https', `127.0.0.1:${await freePort()}`, '--tls-certificate', '/etc/hostname', '--tls-key', '/etc/hostname'], /tls-certificate: \/etc\/hostname/],
  ]) {
    const [command, ...args] = nexusCommand('up', '--media-port', `${await freePort(10)}`, ...flags);
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 30_000 });
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, named);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});

for (const [what, args, named] of [
  ['an unknown command', ['fly'], /fly/],
  ['an unknown flag', ['up', '--colour', 'red'], /colour/],
  ['an impossible value', ['up', '--media-port', '99999'], /media-port/],
  ['the engine switch of earlier versions', ['up', '--engine', 'orleans'], /--engine/],
  ['the development key away from loopback', ['up', '--http', '0.0.0.0:1'], /devkey|keys?/],
]) {
  test(`${what} stops the command with a message that names it`, async () => {
    await assert.rejects(cli(...args), error => error.code !== 0 && named.test(error.stderr + error.stdout));
  });
}

test('metrics pass promtool, with people in a call and without', async t => {
  const server = await Server.start();
  t.after(() => server.stop('SIGKILL'));
  for (const room of ['', 'promtool']) {
    if (room) await whip(server, room);
    const { text } = await server.request('/metrics');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    if (room) for (const family of ['nexus_rooms 1', 'nexus_participants 1', 'nexus_joins_total{tenant="dev",leg="publish",result="ok"} 1', 'nexus_active_tracks{'])
      assert.ok(text.includes(`\n${family}`), family);
  }
});

test('--log json writes one object a line, with fields', async t => {
  const server = await Server.start({ flags: ['--log', 'json'] });
  t.after(() => server.stop('SIGKILL'));
  await whip(server, 'logged');
  const joined = await until('the join in the log', () => server.output.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line)).find(line => line.EventId === 1311));
  assert.equal(joined.State.Identity, 'ada');
  assert.equal(joined.State.Room, 'dev/logged');
});

test('a silo that cannot go on ends the process with its reason and code 1', async t => {
  const redis = new Process('redis-server', ['--port', `${await freePort()}`, '--bind', '127.0.0.1', '--save', '']);
  t.after(() => redis.stop('SIGKILL'));
  const [, port] = await redis.says(/port[=:] *(\d+)/i, 10);
  await redis.says(/Ready to accept connections/, 10);
  const flags = async () => ['--redis', `127.0.0.1:${port}`, '--silo', `127.0.0.1:${await freePort()}`];
  const stays = await Server.start({ flags: await flags() });
  t.after(() => stays.stop('SIGKILL'));
  const frozen = await Server.start({ flags: await flags() });
  t.after(() => frozen.stop('SIGKILL'));
  frozen.child.kill('SIGSTOP');
  await until('the frozen silo is declared dead', () => execFileSync('redis-cli', ['-p', port, 'hvals', 'nexus-local/members/nexus-local'], { encoding: 'utf8' }).includes('"Status":6'), { seconds: 120 });
  frozen.child.kill('SIGCONT');
  assert.equal(await frozen.exited, 1);
  assert.match(frozen.output, /nexus: the silo cannot go on/);
});

/** Publishes sound with an offer of its own; nobody ever connects. */
async function whip(server, room) {
  const { peer, sdp } = await offer('ada');
  peer.close();
  const { status, text } = await server.request(`/whip/${room}`, {
    method: 'POST', body: sdp.replace(/a=recvonly/g, 'a=sendonly'),
    headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token({ room, identity: 'ada' })}` },
  });
  assert.equal(status, 201, text);
}

test('a port in use stops the start with a message that names it', async t => {
  const first = await Server.start();
  t.after(() => first.stop('SIGKILL'));
  const { host, port } = new URL(first.url);
  await assert.rejects(cli('up', '--http', host, '--media-port', `${await freePort(10)}`),
    error => (error.stderr + error.stdout).includes(port));
});
