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

test('the bundle that the page uses and the reference are those that the sources make', t => {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-sdk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync(process.execPath, [fileURLToPath(new URL('sdk/web/build.mjs', repository)), '--out', folder]);
  for (const [made, committed] of [['nexus-sdk.js', 'src/Gateway/wwwroot/sdk/nexus-sdk.js'], ['reference.md', 'docs/sdk.md']] as const) {
    assert.ok(readFileSync(join(folder, made), 'utf8') === read(committed), `${committed} is stale: run \`npm run build\` in sdk/web and commit the result`);
  }
});

test('the version is the package\'s and the server\'s', () => {
  assert.equal(version, (JSON.parse(read('sdk/web/package.json')) as { version: string }).version);
  assert.equal(version, /<Version>(.*)<\/Version>/.exec(read('Directory.Build.props'))![1]);
});
