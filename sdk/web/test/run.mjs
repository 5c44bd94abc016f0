// Checks types, bundles the tests, runs them with node --test. Arguments go to node.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const node = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit', cwd: here('..') }).status ?? 1;

const types = node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
if (types !== 0) process.exit(types);
rmSync(here('../.build'), { recursive: true, force: true });
await build({
  entryPoints: readdirSync(here('.')).filter(name => name.endsWith('.test.ts')).map(name => here(name)),
  outdir: here('../.build'), outExtension: { '.js': '.mjs' }, bundle: true, platform: 'node', format: 'esm', target: 'node20',
  packages: 'external', sourcemap: 'inline',
});
process.exit(node('--enable-source-maps', '--test', ...process.argv.slice(2), '.build/'));
