// What a viewer gets on a bad line, by kind of client: cases, and how they are measured. For bandwidth.test.mjs and `./nexus bench network`.
import { newRoom } from './stage.mjs';
import { layers, publishers, viewers } from './viewers.mjs';
import { until } from './wait.mjs';

/**
 * Lines as `Lines.sets` takes them, the layers that are right on them, and when one of these is to be seen; with room for browsers that
 * share two cores with other work. `frozen` (seconds) and `concealed` (share) where more is to be borne than elsewhere. `then`: what the
 * line becomes while the viewer stays.
 */
export const cases = {
  // Now and then a first probe finds more than the line has: the middle layer comes for up to a second, and sound suffers.
  '300k': { line: { kbps: 300 }, layers: ['low'], withinMs: 4000, concealed: 0.15 },
  '800k': { line: { kbps: 800 }, layers: ['middle'], withinMs: 15_000 },
  '2M': { line: { kbps: 2000 }, layers: ['middle', 'high'], withinMs: 10_000 },
  '5M': { line: { kbps: 5000 }, layers: ['high'], withinMs: 10_000 },
  // Mostly the middle or the high layer, on a machine of ten times its work once in five the low one. CameraLineTests has narrower bounds.
  'loss-6': { line: { loss: 6 }, layers: ['low', 'middle', 'high'], withinMs: 20_000, frozen: 3, concealed: 0.1 },
  'delay-200': { line: { delayMs: 200, jitterMs: 50 }, layers: ['low', 'middle', 'high'], withinMs: 20_000, concealed: 0.1 },
  '3M-500k-3M': {
    line: { kbps: 3000 }, layers: ['high'], withinMs: 10_000,
    then: [{ line: { kbps: 500 }, layers: ['low', 'middle'], withinMs: 8000, frozen: 3 }, { line: { kbps: 3000 }, layers: ['high'], withinMs: 40_000 }],
  },
  '130k': {
    line: { kbps: 130 }, layers: [], withinMs: 20_000, concealed: 0.15,
    then: [{ line: { kbps: 3000 }, layers: ['high'], withinMs: 40_000 }],
  },
  wide: { line: {}, layers: ['high'], withinMs: 4000 },
};

/** What a soak goes through, again and again. */
const soakLines = [
  { kbps: 3000 }, { kbps: 900 }, { kbps: 5000, loss: 2 }, { kbps: 500 }, {}, { loss: 4 }, { kbps: 2000 }, { kbps: 300 }, { kbps: 8000 },
];

/** A room with a publisher and a viewer on the wide line, who has the best layer. */
export class Scene {
  #viewers = 0;

  static async opens(t, lines, kind) {
    const scene = new Scene();
    Object.assign(scene, { lines, kind, room: newRoom() });
    await publishers[kind](await lines.tab(t, 'wide'), lines.node, scene.room, 'ada');
    scene.other = new viewers.whep(await lines.tab(t, 'wide'), lines.node, scene.room, 'carol');
    await scene.other.joins('ada');
    await scene.other.has('high', { seconds: 60 });
    return scene;
  }

  /**
   * Has a viewer by this kind of client join over the line of a case and stay for `seconds` in each of its conditions.
   * @returns per condition: `layerMs` until a right layer was seen (from the join, or from the change of the line), what `Viewer.follows`
   *   sums up, `used` (the share of the line), `state` and `reason` as the client, or else the server, tells; and `other`: what the
   *   viewer on the wide line had meanwhile.
   */
  async plays(t, kind, { line, layers: right, then = [] }, seconds = 8) {
    const { lines } = this, viewer = await this.#comes(t, kind), results = [];
    for (const condition of [{ line, layers: right }, ...then]) {
      await lines.sets(condition.line);
      const startedAt = performance.now();
      if (results.length === 0) await viewer.joins('ada');
      const firstMs = results.length || !condition.layers.length ? undefined : await viewer.until('a picture', ({ frames }) => frames > 0, { everyMs: 50 }).then(() => Math.round(performance.now() - startedAt));
      await this.#settles(viewer, condition.layers);
      const layerMs = Math.round(performance.now() - startedAt);
      let [had, other] = await Promise.all([viewer.follows(seconds), this.other.follows(seconds)]);
      // A machine that stood still freezes everybody for once; what a line does to others would last.
      if (other.frozen > 2 || other.lost > 0) other = await this.other.follows(seconds);
      results.push({ firstMs, layerMs, ...had, ...condition.line.kbps && { used: had.kbps / condition.line.kbps }, ...await this.#tells(viewer, condition.layers), other });
    }
    await viewer.leaves();
    await viewer.tab.close();
    await lines.sets();
    return results;
  }

  /**
   * Has a viewer by each of these kinds behind the narrow line, all at once, which becomes another one every 20 s.
   * @returns `periods`: of each line what every viewer and the one on the wide line had; `faults` inside the node, and by how much its
   *   process `grownMiB` since the end of the second period. At last the line is wide, and everybody has the best layer again.
   */
  async soaks(t, kinds, seconds, { periodSeconds = 20 } = {}) {
    const { lines } = this, all = [];
    for (const kind of kinds) {
      const viewer = await this.#comes(t, kind);
      await viewer.joins('ada');
      all.push(viewer);
    }
    const periods = [], startedAt = performance.now();
    let settled;
    for (let i = 0; performance.now() - startedAt < 1000 * seconds; i++) {
      const line = soakLines[i % soakLines.length];
      await lines.sets(line);
      const [other, ...had] = await Promise.all([this.other, ...all].map(viewer => viewer.follows(periodSeconds)));
      periods.push({ line, viewers: await Promise.all(had.map(async (had, i) => ({ ...had, ...await this.#told(all[i]) }))), other });
      if (i === 1) settled = lines.node.residentMiB();
    }
    await lines.sets();
    for (const viewer of all) await viewer.has('high', { seconds: 60 });
    const { text } = await lines.node.request('/metrics');
    const faults = [...text.matchAll(/^nexus_faults_total\S* (\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
    return { periods, faults, grownMiB: Math.round(lines.node.residentMiB() - settled) };
  }

  /** Someone behind the narrow line, which is wide yet, who has all that he needs to join. */
  async #comes(t, kind) {
    const { lines, room } = this, tab = await lines.tab(t, 'narrow');
    await lines.sets();
    await viewers[kind].prepares(tab, lines.node);
    return new viewers[kind](tab, lines.node, room, `bob-${++this.#viewers}`);
  }

  /**
   * Resolves with what is told of the track once it fits the layers that are right. Of a line that carries none the picture is tried again
   * now and then, and waits for a keyframe for a moment.
   */
  #tells(viewer, right) {
    const wanted = right.length ? 'active' : 'paused';
    return until(`${viewer.identity} is told that the picture is ${wanted}`, async () => {
      const told = await this.#told(viewer);
      return told.state === wanted && (wanted === 'active' || told.reason === 'BANDWIDTH') && told;
    }, { seen: () => this.#told(viewer) });
  }

  #settles(viewer, right) {
    return right.length
      ? viewer.until(`a layer of ${right}`, ({ width }) => right.some(layer => layers[layer].width === width), { seconds: 60, everyMs: 50 })
      : this.#tells(viewer, right);
  }

  async #told(viewer) {
    const { state, reason } = await viewer.told();
    if (state) return { state, reason };
    const { participants } = await this.lines.node.api(`/rooms/${this.room}/participants`);
    const video = participants.find(({ identity }) => identity === viewer.identity)?.subscriptions.at(-1);
    return { state: video?.state, reason: video?.reason };
  }
}
