// The SDK as npm packs it, installed into projects of others: import, require, types, and React's hooks in a call.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Member } from './rig/sdk.mjs';
import { token } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';
import { until } from './rig/wait.mjs';

const sdk = fileURLToPath(new URL('../../sdk/web', import.meta.url));
const tool = name => join(sdk, 'node_modules', name);
const stage = Stage.ofFile();
let scratch, project, packed;

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'nexus-pack-'));
  const copy = join(scratch, 'sdk/web'); // packing builds: not in the repository's own folders
  for (const folder of ['src/Gateway/wwwroot/sdk', 'docs']) mkdirSync(join(scratch, folder), { recursive: true });
  cpSync(join(sdk, '../../LICENSE'), join(scratch, 'LICENSE'));
  cpSync(sdk, copy, { recursive: true, filter: path => !/node_modules|\.build|dist/.test(path.slice(sdk.length)) });
  symlinkSync(tool(''), join(copy, 'node_modules'));
  [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', scratch], { cwd: copy, encoding: 'utf8' }));
  project = join(scratch, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', join(scratch, packed.filename)], { cwd: project, stdio: 'pipe' });
  for (const name of ['react', 'react-dom', '@types/react']) { // what a React app has beside it
    rmSync(join(project, 'node_modules', name), { recursive: true, force: true });
    mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
    symlinkSync(tool(name), join(project, 'node_modules', name));
  }
});

after(() => rmSync(scratch, { recursive: true, force: true }));

const node = (file, source) => {
  writeFileSync(join(project, file), source);
  return execFileSync(process.execPath, [file], { cwd: project, encoding: 'utf8' }).trim();
};

test('the package holds code and types for both kinds of modules, its README and licence, and no sources', () => {
  const paths = packed.files.map(({ path }) => path);
  for (const path of ['README.md', 'LICENSE', 'package.json', ...['esm', 'cjs'].flatMap(kind => ['index', 'react'].flatMap(name => [`dist/${kind}/${name}.js`, `dist/${kind}/${name}.d.ts`]))]) {
    assert.ok(paths.includes(path), `${path} is missing: ${paths}`);
  }
  assert.deepEqual(paths.filter(path => /^(src|test)\/|(?<!\.d)\.ts$|\.test\./.test(path)), []);
});

test('import and require give the same names, and nothing else is installed with it', () => {
  const imported = node('a.mjs', "import * as sdk from '@nexus-rtc/web'; console.log(Object.keys(sdk).sort().join());");
  const required = node('b.cjs', "console.log(Object.keys(require('@nexus-rtc/web')).sort().join());");
  assert.equal(imported, required);
  assert.ok(imported.split(',').includes('NexusClient'), imported);
  const { packages } = createRequire(import.meta.url)(join(project, 'package-lock.json'));
  assert.deepEqual(Object.keys(packages).filter(path => path.startsWith('node_modules/') && !packages[path].peer), ['node_modules/@nexus-rtc/web']);
});

test('types are found and hold, for modules of both kinds and for bundlers', () => {
  const source = `
    import { NexusClient, type Room } from '@nexus-rtc/web';
    import { TrackView, useTracks } from '@nexus-rtc/web/react';
    export async function join(token: string): Promise<Room> {
      const room = await new NexusClient({ url: 'https://rtc.example.org', token }).join('lobby');
      room.on('participant-left', (participant, reason) => console.log(participant.identity.length, reason.length));
      // @ts-expect-error there is no such event
      room.on('participant-gone', () => {});
      return room;
    }
    export const views = (room: Room) => useTracks(room, 'camera').map(({ track }) => TrackView({ track }));
  `;
  for (const name of ['types.mts', 'types.cts']) writeFileSync(join(project, name), source);
  const check = (file, ...options) => execFileSync(process.execPath, [tool('typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022',
    '--lib', 'es2023,dom,dom.iterable', ...options, file], { cwd: project, encoding: 'utf8', stdio: 'pipe' });
  try {
    check('types.mts', '--module', 'nodenext');
    check('types.cts', '--module', 'nodenext');
    check('types.mts', '--module', 'esnext', '--moduleResolution', 'bundler');
  } catch (error) {
    assert.fail(error.stdout);
  }
});

test('a React app in strict mode joins by the hooks, shows and hears the other, chats, leaves, and is told a refusal', async t => {
  const { build } = await import(tool('esbuild/lib/main.js'));
  const app = `
    import { StrictMode, createElement as h } from 'react';
    import { createRoot } from 'react-dom/client';
    import { TrackView, useChat, useLocalTracks, useParticipants, useRoom, useTracks } from '@nexus-rtc/web/react';
    function Call(options) {
      const { room, state, error } = useRoom(options);
      const lines = useChat(room), others = useParticipants(room), own = useLocalTracks(room), tracks = useTracks(room);
      globalThis.seen = { room, state, error: error?.code, others: others.map(p => p.identity), lines: lines.map(l => l.text), own: own.length };
      return tracks.map(({ track }) => h(TrackView, { key: track.sid, track, style: { width: 640, height: 360 } }));
    }
    document.body.innerHTML = '<div id="app"></div>';
    const root = createRoot(document.getElementById('app'));
    export const show = options => root.render(h(StrictMode, null, options && h(Call, options)));
  `;
  const { outputFiles: [{ text }] } = await build({
    stdin: { contents: app, resolveDir: project }, bundle: true, format: 'esm', write: false, define: { 'process.env.NODE_ENV': '"development"' },
  });

  const [server, tab, other] = await stage.set(t, 2), room = newRoom();
  const bob = await Member.joins(other, server, room, 'bob');
  await tab.evaluate(async (source, options) => {
    await navigator.mediaDevices.getUserMedia({ audio: true });
    globalThis.app = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    globalThis.app.show(options);
  }, text, { url: server.url, token: token({ room, identity: 'ada' }) });
  const seen = (what, condition) => until(what, async () => {
    const now = await tab.evaluate(() => ({
      ...globalThis.seen, room: undefined,
      shown: [...document.querySelectorAll('video, audio')].map(e => [e.localName, e.videoWidth ?? 0, e.currentTime]),
    }));
    return condition(now) && now;
  });

  await seen('the call', ({ state, others }) => state === 'connected' && others.join() === 'bob');
  await seen('bob\'s picture and sound', ({ shown }) => shown.some(([name, width, time]) => name === 'video' && width > 0 && time > 0) && shown.some(([name, , time]) => name === 'audio' && time > 0));
  await bob.does(member => member.room.chat.send('good morning'));
  await seen('the line', ({ lines }) => lines.join() === 'good morning');
  await tab.evaluate(async () => globalThis.seen.room.publish(await globalThis.seen.room.createCameraVideoTrack({ resolution: '360p' })));
  await seen('one\'s own track', ({ own }) => own === 1);
  await bob.sees('ada');
  assert.deepEqual((await bob.view()).participants.map(({ identity }) => identity), ['ada']); // strict mode joins twice: the first has left

  await tab.evaluate((url, token) => globalThis.app.show({ url, token }), server.url, token({ room, identity: 'eve', ttl: -60 - 600 }));
  const { state } = await seen('the refusal', ({ error }) => error === 'TOKEN_EXPIRED');
  assert.equal(state, 'left');
  await bob.until('ada to be gone', ({ participants }) => participants.length === 0);
});
