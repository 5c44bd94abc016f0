// What `./nexus publish` makes: run where it was unpacked, by a user who has nothing, with no .NET in reach.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test, { before, after } from 'node:test';
import { Image } from './rig/image.mjs';
import { connect, dispose, offer, whep } from './rig/native.mjs';
import { Process, cli, freePort, nexusCommand } from './rig/server.mjs';

let scratch, archive, folder;

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'nexus-publish-'));
  chmodSync(scratch, 0o755); // the plain user goes in
  const [nexus, ...args] = nexusCommand('publish', '--out', join(scratch, 'out'));
  archive = execFileSync(nexus, args, { encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', archive, '-C', scratch]);
  folder = join(scratch, basename(archive, '.tar.gz'));
}, { timeout: 900_000 });

after(() => {
  dispose();
  rmSync(scratch, { recursive: true, force: true });
});

/** A command line as a user without rights, home or environment. */
const asNobody = (user, env, ...command) => ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--no-new-privs',
  'env', '-i', 'PATH=/nonexistent', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...command];

async function serves(t, user, env, ...command) {
  const [program, ...args] = asNobody(user, env, ...command);
  const server = new Process(program, args);
  t.after(() => server.stop('SIGKILL'));
  server.url = (await server.says(/ready (http:\/\/\S+)/, 30))[1];
  return server;
}

test('the archive runs without .NET: ready, healthy, a peer connects, SIGTERM ends it with 0', async t => {
  const http = await freePort(), media = await freePort(10), where = ['--http', `127.0.0.1:${http}`];
  const server = await serves(t, 65534, {}, join(folder, 'nexus'), 'up', ...where, '--media-port', `${media}`);
  const mapped = new Set(readFileSync(`/proc/${server.child.pid}/maps`, 'utf8').match(/\/\S+\.(?:so\S*|dll)$/gm));
  assert.ok([...mapped].some(file => file.startsWith(folder)));
  assert.deepEqual([...mapped].filter(file => /dotnet/i.test(file)), [], 'parts of an installed .NET are in use');

  const [program, ...args] = asNobody(65534, {}, join(folder, 'nexus'), 'health');
  assert.equal(spawnSync(program, [...args, '--ready', ...where]).status, 0);
  const { peer, sdp } = await offer('eve');
  await connect(peer, (await whep(server, 'shipped', 'eve', sdp)).answer);
  peer.close();
  assert.equal(await server.stop('SIGTERM'), 0);
  const ended = spawnSync(program, [...args, ...where], { encoding: 'utf8' });
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, new RegExp(`127.0.0.1:${http}/healthz gives no answer`));
});

test('the archive is of its name, and its digest is beside it', () => {
  assert.match(basename(archive), /^nexus-\d+\.\d+\.\d+-linux-(x64|arm64)\.tar\.gz$/);
  execFileSync('sha256sum', ['--check', `${archive}.sha256`], { cwd: join(scratch, 'out'), stdio: 'pipe' });
  assert.deepEqual(readdirSync(folder).sort(), ['Dockerfile', 'LICENSE', 'lib', 'nexus', 'nexus.json', 'nexus.service']);
  assert.ok(!readdirSync(join(folder, 'lib')).some(name => name.endsWith('.xml')));
});

test('systemd takes the unit, and holds it tight', () => {
  const unit = join(scratch, 'nexus.service');
  writeFileSync(unit, readFileSync(join(folder, 'nexus.service'), 'utf8').replaceAll('/opt/nexus', folder));
  const verify = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  assert.equal(verify.status, 0, verify.stderr);
  assert.equal(verify.stderr, '');
  const { status, stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=25', unit], { encoding: 'utf8' });
  assert.equal(status, 0, stdout); // 2.5 of 10
});

test('the Dockerfile\'s steps, as its user over the published folder: it serves, and its health check sees that', async t => {
  const image = new Image(folder, join(scratch, 'image'));
  const [uid, gid] = image.user.split(':').map(Number);
  assert.ok(uid > 0 && gid > 0, `runs as ${image.user}`);
  const missing = readdirSync(join(folder, 'lib')).filter(name => name.endsWith('.so') && name !== 'libcoreclrtraceptprovider.so') // lttng's, optional
    .flatMap(name => execFileSync('ldd', [join(folder, 'lib', name)], { encoding: 'utf8' }).split('\n').filter(line => line.includes('not found')));
  assert.deepEqual(missing, []);
  assert.ok(image.packages.includes('libssl3') && image.packages.includes('libstdc++6'), `${image.packages}`);
  for (const name of image.packages) assert.match(execFileSync('apt-cache', ['show', name], { encoding: 'utf8' }), new RegExp(`^Package: ${name.replace(/\+/g, '\\+')}$`, 'm'));

  const env = { ...image.env, NEXUS_HTTP: `127.0.0.1:${await freePort()}`, NEXUS_MEDIA_PORT: `${await freePort(10)}` };
  const [program, ...args] = asNobody(uid, env, ...image.health);
  assert.equal(spawnSync(program, args).status, 1, 'healthy before it runs');
  const server = await serves(t, uid, env, ...image.entrypoint, ...image.arguments);
  const health = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(health.status, 0, health.stderr);
  assert.equal(await server.stop('SIGTERM'), 0);
});

test('an architecture that there is none of is refused by name', () =>
  assert.rejects(cli('publish', '--arch', 'sparc'), error => error.code === 2 && /sparc/.test(error.stderr)));
