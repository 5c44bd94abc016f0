import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { version } from '../src/version.js';
import { repository } from './schema.js';

const read = (path: string) => readFileSync(new URL(path, repository), 'utf8');

test('the bundle that the page uses is the one that the sources make', t => {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-sdk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const out = join(folder, 'nexus-sdk.js');
  execFileSync(process.execPath, [fileURLToPath(new URL('sdk/web/build.mjs', repository)), '--out', out]);
  assert.ok(readFileSync(out, 'utf8') === read('src/Gateway/wwwroot/nexus-sdk.js'), 'stale: run `npm run build` in sdk/web and commit the result');
});

test('the version is the package\'s', () => assert.equal(version, (JSON.parse(read('sdk/web/package.json')) as { version: string }).version));
