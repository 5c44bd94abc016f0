// Bundles the SDK into one module: for the page (committed) and for the package. `--out FILE` writes only there.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const only = process.argv.indexOf('--out');
const out = only > 0 ? process.argv[only + 1] : here('../../src/Gateway/wwwroot/nexus-sdk.js');

await build({
  entryPoints: [here('src/index.ts')], outfile: out, absWorkingDir: here('.'),
  bundle: true, format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none', sourcemap: false,
  banner: { js: '// @nexus-rtc/web: built from sdk/web by `npm run build`. Do not edit.' },
});
if (only < 0) {
  mkdirSync(here('dist'), { recursive: true });
  copyFileSync(out, here('dist/nexus-sdk.js'));
  execFileSync(process.execPath, [here('node_modules/typescript/bin/tsc'), '-p', here('tsconfig.types.json')], { stdio: 'inherit' });
}
