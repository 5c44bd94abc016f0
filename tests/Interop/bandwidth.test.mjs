// The best picture on bad networks: what viewers' browsers show and play behind lines of their own, and that nobody else notices.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Scene, cases } from './rig/bandwidth.mjs';
import { Lines } from './rig/lines.mjs';
import { publishers, svc } from './rig/viewers.mjs';

const isLong = process.env.NEXUS_LONG === '1';
const kinds = ['sdk', 'livekit', 'whep'];

/**
 * Each condition once, spread over the clients; fast starts for each of them. With `--long` every client on every line, from
 * publishers of simulcast, and each line once from those of SVC.
 */
const plan = isLong
  ? Object.fromEntries(Object.keys(publishers).map((publisher, k) => [publisher, Object.keys(cases).flatMap((name, i) =>
    (svc.includes(publisher) ? [kinds[(i + k) % kinds.length]] : kinds).map(kind => [kind, name]))]))
  : {
    sdk: [['sdk', '300k'], ['whep', '5M'], ['sdk', '5M'], ['sdk', '130k'], ['sdk', 'delay-200']],
    livekit: [['livekit', '5M'], ['livekit', '800k'], ['whep', '2M'], ['livekit', 'loss-6'], ['livekit', '3M-500k-3M']],
    'VP9 L3T3': [['whep', '300k']],
  };

/** How long the soak lasts; it is for `--long`. */
const soakSeconds = Number(process.env.SOAK_SECONDS ?? (isLong ? 600 : 0));

let lines;

before(async () => {
  lines = await Lines.create();
});

after(() => lines?.close());

for (const [publisher, viewers] of Object.entries(plan)) {
  test(`viewers of a camera by ${publisher}`, async t => {
    const scene = await Scene.opens(t, lines, publisher);
    for (const [kind, name] of viewers) {
      await t.test(`${kind} on a line of ${name}`, async t => {
        const conditions = [cases[name], ...cases[name].then ?? []];
        const results = await scene.plays(t, kind, cases[name], isLong ? 10 : 5);
        for (const [i, result] of results.entries()) check(result, conditions[i]);
      });
    }
  });
}

test('viewers in Firefox', async t => {
  const lines = await Lines.create({ narrow: 'firefox' });
  t.after(() => lines.close());
  const scene = await Scene.opens(t, lines, 'sdk');
  for (const [kind, name] of [['sdk', '300k'], ['whep', '5M'], ['sdk', '3M-500k-3M']]) {
    await t.test(`${kind} on a line of ${name}`, async t => {
      const conditions = [cases[name], ...cases[name].then ?? []];
      for (const [i, result] of (await scene.plays(t, kind, cases[name], 5)).entries()) check(result, conditions[i]);
    });
  }
});

if (soakSeconds) {
  test(`a soak of ${soakSeconds} s: a viewer of each kind behind one line that changes all the time`, async t => {
    const scene = await Scene.opens(t, lines, 'sdk'), soaked = await scene.soaks(t, kinds, soakSeconds);
    t.diagnostic(JSON.stringify(soaked));
    for (const { line, viewers, other } of soaked.periods) {
      const seen = JSON.stringify({ line, viewers, other });
      for (const { fps, state, concealed } of viewers) {
        assert.ok(fps > 1 || state === 'paused', `a picture, or a word why there is none: ${seen}`);
        assert.ok(concealed <= 0.15, `sound: ${seen}`);
      }
      assert.ok(other.layer === 'high' && other.frozen <= 2 && other.lost === 0, `who is on a wide line notices nothing: ${seen}`);
    }
    assert.equal(soaked.faults, 0, 'no fault inside the node');
    assert.ok(soaked.grownMiB < 64, `memory grew by ${soaked.grownMiB} MiB`);
  });
}

function check(result, { layers, withinMs, frozen = 2, concealed = 0.05 }) {
  const seen = JSON.stringify(result);
  if (layers.length) {
    assert.ok(layers.includes(result.layer), `mostly ${layers}: ${seen}`);
    assert.equal(result.state, 'active', seen);
    assert.ok(result.frozen <= frozen, `frozen for ${frozen} s at most: ${seen}`);
  } else {
    assert.deepEqual([result.state, result.reason], ['paused', 'BANDWIDTH'], seen);
  }
  assert.ok(result.layerMs <= withinMs, `within ${withinMs} ms: ${seen}`);
  assert.ok(result.concealed <= concealed, `${100 * concealed} % of the sound concealed at most: ${seen}`);
  assert.equal(result.other.layer, 'high', `who is on a wide line has the best layer: ${seen}`);
  assert.ok(result.other.frozen <= 2 && result.other.lost === 0, `and notices nothing: ${seen}`);
}
