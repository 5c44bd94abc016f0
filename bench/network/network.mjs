// network    what viewers get on bad lines, by kind of client: layer, freezes, concealed sound, share of the line
// usage: network.mjs [--json] [--publishers sdk,livekit] [--viewers sdk,livekit,whep] [--lines 300k,5M,…] [--seconds 10]
import { parseArgs } from 'node:util';
import { Scene, cases } from '../../tests/Interop/rig/bandwidth.mjs';
import { Lines } from '../../tests/Interop/rig/lines.mjs';
import { publishers } from '../../tests/Interop/rig/viewers.mjs';

const names = Object.keys(cases);
const usage = `usage: ./nexus bench network [--json] [--publishers sdk,livekit] [--viewers sdk,livekit,whep] [--lines LINE,…] [--seconds 10]

  --publishers  by what a camera of 720 lines, 15 pictures a second is published: ${Object.keys(publishers).join(', ')}
  --viewers     by what it is played, one viewer at a time, beside another one on a line without limits
  --lines       ${names.join(', ')}
  --seconds     how long each is watched once it has a right layer

Needs root: server and browsers are in network namespaces. "after" is from the start of the join, or from the change of the line, to a
right layer; "best" the most seen since; "used" the share of the line, without headers.`;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' }, help: { type: 'boolean' },
    publishers: { type: 'string', default: 'sdk,livekit' }, viewers: { type: 'string', default: 'sdk,livekit,whep' },
    lines: { type: 'string', default: names.join(',') }, seconds: { type: 'string', default: '10' },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}

for (const [what, asked, known] of [['line', options.lines, names], ['publisher', options.publishers, Object.keys(publishers)]]) {
  const unknown = asked.split(',').filter(name => !known.includes(name));
  if (unknown.length) throw new Error(`no ${what} is called ${unknown}: take of ${known.join(', ')}`);
}

const cell = (value, width) => String(value).padEnd(width);
const row = (...values) => console.log(values.map((value, i) => cell(value, [22, 14, 8, 9, 16, 7, 11, 7, 6][i])).join(''));
const share = value => (value === undefined ? '-' : `${Math.round(100 * value)} %`);

/** Everything that tests' hooks do at their end is done here at the end of each viewer's and each room's stay. */
class Stay {
  #last = [];

  after(last) {
    this.#last.push(last);
  }

  async ends() {
    for (const last of this.#last.reverse()) await last();
  }
}

const lines = await Lines.create(), results = [];
try {
  if (!options.json) row('camera → viewer', 'line', 'layer', 'after', 'frozen', 'fps', 'concealed', 'kbit/s', 'used', 'others frozen');
  for (const publisher of options.publishers.split(',')) {
    const stay = new Stay(), scene = await Scene.opens(stay, lines, publisher);
    for (const viewer of options.viewers.split(',')) {
      for (const name of options.lines.split(',')) {
        const visit = new Stay(), phases = await scene.plays(visit, viewer, cases[name], Number(options.seconds)).catch(error => [{ error: error.message.split('\n')[0] }]);
        await visit.ends();
        for (const [phase, result] of phases.entries()) {
          results.push({ publisher, viewer, line: name, phase, ...result });
          if (options.json) continue;
          if (result.error) row(`${publisher} → ${viewer}`, name, result.error);
          else row(
            `${publisher} → ${viewer}`, phase ? `  then ${phase}` : name, result.state === 'paused' ? 'paused' : result.layer, `${(result.layerMs / 1000).toFixed(1)} s`,
            `${result.frozen.toFixed(1)} s (${result.freezes})`, result.fps.toFixed(1), share(result.concealed), Math.round(result.kbps), share(result.used), `${result.other.frozen.toFixed(1)} s`);
        }
      }
    }
    await stay.ends();
  }
  if (options.json) console.log(JSON.stringify(results));
} finally {
  await lines.close();
}
process.exit(0);
