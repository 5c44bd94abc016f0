// The command line, as the README shows it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Server, cli, freePort } from './rig/server.mjs';

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

for (const [what, args, named] of [
  ['an unknown command', ['fly'], /fly/],
  ['an unknown flag', ['up', '--colour', 'red'], /colour/],
  ['an impossible value', ['up', '--media-port', '99999'], /media-port/],
  ['an unknown engine', ['up', '--engine', 'steam'], /steam/],
  ['the development key away from loopback', ['up', '--http', '0.0.0.0:1'], /devkey|keys?/],
]) {
  test(`${what} stops the command with a message that names it`, async () => {
    await assert.rejects(cli(...args), error => error.code !== 0 && named.test(error.stderr + error.stdout));
  });
}

test('a port in use stops the start with a message that names it', async t => {
  const first = await Server.start();
  t.after(() => first.stop('SIGKILL'));
  const { host, port } = new URL(first.url);
  await assert.rejects(cli('up', '--http', host, '--media-port', `${await freePort(10)}`),
    error => (error.stderr + error.stdout).includes(port));
});
