// Builds the SDK: the bundle that the gateway serves and the reference (both committed), and the package in dist.
// `--out FOLDER` puts all of it there instead, for tests that compare.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { reference } from './reference.mjs';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const only = process.argv.indexOf('--out');
const [bundle, pages, dist] = only > 0
  ? ['nexus-sdk.js', 'reference.md', 'dist'].map(name => `${process.argv[only + 1]}/${name}`)
  : ['../../src/Gateway/wwwroot/sdk/nexus-sdk.js', '../../docs/sdk.md', 'dist'].map(here);
const { version } = JSON.parse(readFileSync(here('package.json'), 'utf8'));

const make = (entry, outfile, options) => build({
  entryPoints: [here(entry)], outfile, absWorkingDir: here('.'), bundle: true, format: 'esm', target: 'es2022', charset: 'utf8',
  legalComments: 'none', sourcemap: false, banner: { js: `// @nexus-rtc/web ${version}: built from sdk/web by \`npm run build\`. Do not edit.` }, ...options,
});

await make('src/index.ts', bundle);

// A folder for `import` and one for `require`, each whole: code and types. The hooks share the package's module, so they do not contain it.
rmSync(dist, { recursive: true, force: true });
for (const format of ['esm', 'cjs']) {
  await make('src/index.ts', `${dist}/${format}/index.js`, { format });
  await make('src/react.ts', `${dist}/${format}/react.js`, { format, external: ['./index.js', 'react'] });
}
writeFileSync(`${dist}/cjs/package.json`, '{ "type": "commonjs" }\n');
execFileSync(process.execPath, [here('node_modules/typescript/bin/tsc'), '-p', here('tsconfig.types.json'), '--outDir', `${dist}/esm`], { stdio: 'inherit' });
cpSync(`${dist}/esm`, `${dist}/cjs`, { recursive: true, filter: file => !file.endsWith('.js') });
if (only < 0) copyFileSync(here('../../LICENSE'), here('LICENSE')); // npm packs it from there

mkdirSync(dirname(pages), { recursive: true });
writeFileSync(pages, reference({ '@nexus-rtc/web': `${dist}/esm/index.d.ts`, '@nexus-rtc/web/react': `${dist}/esm/react.d.ts` }));
