import assert from 'node:assert/strict';
import test from 'node:test';
import { LayerGate, wantedOf, type GatedSender } from '../src/layer-gate.js';

const camera = ['low', 'middle', 'high'], screen = ['low', 'high'], one = [undefined];

for (const [rids, demand, sent] of [
  [camera, 'high', 'low middle high'], [camera, 'middle', 'low middle'], [camera, 'low', 'low'], [camera, 'off', ''],
  [screen, 'high', 'low high'], [screen, 'middle', 'low'], [screen, 'low', 'low'], [screen, 'off', ''],
  [one, 'high', 'it'], [one, 'low', 'it'], [one, 'off', ''],
] as const) {
  test(`of ${rids.length} layers, ${demand} is ${sent || 'none'}`, () => {
    const wanted = wantedOf(rids.map(rid => (rid ? { rid } : {})), demand);
    assert.equal(rids.filter((_, i) => wanted[i]).map(rid => rid ?? 'it').join(' '), sent);
  });
}

interface Encoding {
  rid: string;
  active: boolean;
}

/** A sender as browsers have it: what is set is in force a while later, and a second change meanwhile is refused. */
class FakeSender {
  encodings: Encoding[] = camera.map(rid => ({ rid, active: true }));
  readonly refused: string[] = [];
  fails = false;
  #finish: (() => void) | undefined;

  readonly api = {
    getParameters: () => ({ encodings: structuredClone(this.encodings) }),
    setParameters: ({ encodings }: { encodings: Encoding[] }) => {
      if (this.#finish) this.refused.push('overlaps');
      if (this.fails || this.#finish) return Promise.reject(new Error('InvalidStateError'));
      return new Promise<void>(resolve => (this.#finish = () => {
        this.encodings = encodings;
        this.#finish = undefined;
        resolve();
      }));
    },
  } as unknown as GatedSender;

  get sent(): string {
    return this.encodings.filter(({ active }) => active).map(({ rid }) => rid).join(' ');
  }

  /** Everything that is under way has come about. */
  async settles(): Promise<string> {
    for (let i = 0; i < 5; i++) {
      this.#finish?.();
      await new Promise(resolve => setImmediate(resolve));
    }
    return this.sent;
  }
}

test('what is demanded meanwhile is done next, and only the last of it', async () => {
  const sender = new FakeSender(), gate = new LayerGate(sender.api);
  for (const demand of ['off', 'low', 'high', 'middle'] as const) gate.demand = demand;
  assert.equal(await sender.settles(), 'low middle');
  assert.deepEqual(sender.refused, []);
});

test('what a sender refuses, or a negotiation sets back, is done when that is over', async () => {
  const sender = new FakeSender(), gate = new LayerGate(sender.api);
  sender.fails = true;
  gate.demand = 'low';
  assert.equal(await sender.settles(), 'low middle high');
  sender.fails = false;
  void gate.apply();
  assert.equal(await sender.settles(), 'low');
  sender.encodings.forEach(encoding => (encoding.active = true));
  void gate.apply();
  assert.equal(await sender.settles(), 'low');
});

test('a section that another track has now is left alone', async () => {
  const sender = new FakeSender(), older = new LayerGate(sender.api);
  older.demand = 'off';
  older.close();
  assert.equal(await sender.settles(), '');
  const newer = new LayerGate(sender.api);
  void newer.apply();
  assert.equal(await sender.settles(), 'low middle high');
  older.demand = 'off';
  assert.equal(await sender.settles(), 'low middle high');
});
