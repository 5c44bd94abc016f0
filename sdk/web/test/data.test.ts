import assert from 'node:assert/strict';
import test from 'node:test';
import { Chat, type ChatMessage } from '../src/chat.js';
import { DataLink } from '../src/data-link.js';
import { chunkPacket, headerPacket, maxPacket, readPacket, trailerPacket, userPacket, type Received } from '../src/data-packet.js';
import type { NexusError } from '../src/errors.js';
import { DataMessage, octetsOf } from '../src/data-message.js';
import { ProtoWriter } from '../src/protobuf.js';
import { RoomData } from '../src/room-data.js';
import type { LocalParticipant, RemoteParticipant } from '../src/participant.js';
import { FakeClock } from './fake-clock.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const from = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const utf8 = (text: string) => new TextEncoder().encode(text);
const tick = () => new Promise(resolve => setImmediate(resolve));

// Encoded by npm @livekit/protocol (protobuf-es), and our wish for a receipt at the end of reliable ones.
for (const [what, ours, theirs] of [
  ['a user packet', userPacket(utf8('hi'), 'greeting', { to: [], sequence: 3 }), '120e1202686922086772656574696e67800103c03e01'],
  ['a lossy one with destinations', userPacket(utf8('x'), '', { to: ['bob', 'cleo'], sequence: 0 }), '080112031201782a03626f622a04636c656f'],
  ['a stream header', headerPacket({ id: 's', timestamp: 1795262400000, topic: 'lk.chat', length: 300 }, { to: [], sequence: 1 }), '6a240a017310808ce9ef9f341a076c6b2e63686174220a746578742f706c61696e28ac024a00800101c03e01'],
  ['a stream chunk', chunkPacket('s', 1, utf8('hello'), { to: ['bob'], sequence: 2 }), '2a03626f62720c0a017310011a0568656c6c6f800102c03e01'],
  ['a stream trailer', trailerPacket('s', { to: [], sequence: 2 }), '7a030a0173800102c03e01'],
] as const) {
  test(`packets are written as another encoder writes them: ${what}`, () => {
    // fields of one message may come in any order: compare them sorted by what they are
    assert.deepEqual([...fieldsOf(hex(ours))].sort(), [...fieldsOf(theirs)].sort());
  });
}

/** Top-level fields, each as hex. */
function* fieldsOf(packet: string): Generator<string> {
  const bytes = from(packet);
  for (let at = 0; at < bytes.length;) {
    const start = at, varint = () => {
      let value = 0, shift = 1;
      for (;; shift *= 128) {
        const octet = bytes[at++] ?? assert.fail('cut off');
        value += (octet & 127) * shift;
        if (octet < 128) return value;
      }
    };
    const type = varint() % 8;
    const value = varint();
    if (type === 2) at += value;
    yield hex(bytes.subarray(start, at));
  }
}

test('what the server passes on is read: names, payload, topic, chat of the older form', () => {
  const user = readPacket(from('12240a0650415f6164611202686922086772656574696e672a0361646142026d3148075a016e22036164618001038a010650415f616461'))!;
  assert.deepEqual([user.identity, user.sid, user.content?.kind], ['ada', 'PA_ada', 'user']);
  assert.equal(user.content?.kind === 'user' && new TextDecoder().decode(user.content.payload) + user.content.topic, 'higreeting');
  const chat = readPacket(from('22036164614a140a02633110808ce9ef9f3422076772c3bcc39f65800180d0acf30e8a010650415f616461'))!;
  assert.deepEqual(chat.content, { kind: 'chat', id: 'c1', timestamp: 1795262400000, text: 'grüße' });
});

test('nonsense is no packet, and what is unknown is skipped', () => {
  for (const bad of ['ff', '0b', '12ffffff0f', '12021205', 'f00180808080808080808080']) assert.equal(readPacket(from(bad)), undefined, bad);
  assert.deepEqual(readPacket(from('f00105f9010102030405060708850201020304a2060178')), { identity: '', sid: '', content: undefined, receipt: undefined });
});

test('payloads are bytes, text or JSON', () => {
  const message = (payload: Uint8Array) => new DataMessage(undefined, payload, '', true);
  assert.deepEqual(octetsOf(new Uint8Array([1, 2]).buffer), new Uint8Array([1, 2]));
  assert.equal(message(octetsOf('grüße')).text, 'grüße');
  assert.deepEqual(message(octetsOf({ x: 1 })).json(), { x: 1 });
});

/** As much of RTCDataChannel as is used. */
class FakeChannel {
  readyState = 'connecting';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType = '';
  onopen: (() => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly sent: Uint8Array[] = [];
  /** Whether the server confirms what it gets. */
  confirms = true;

  constructor(readonly label: string, readonly options: RTCDataChannelInit) {}

  send(packet: Uint8Array): void {
    assert.equal(this.readyState, 'open');
    this.sent.push(packet);
    if (this.confirms && this.label === '_reliable') this.receipt(this.sent.length);
  }

  /** The server says what became of a message. */
  receipt(sequence: number, refusal = ''): void {
    const packet = new ProtoWriter().message(1001, new ProtoWriter().number(1, sequence).string(2, refusal)).finish();
    queueMicrotask(() => this.onmessage?.({ data: packet.buffer }));
  }

  open(): void {
    this.readyState = 'open';
    this.onopen?.();
  }
}

class FakePc {
  readonly channels: FakeChannel[] = [];

  createDataChannel(label: string, options: RTCDataChannelInit): FakeChannel {
    const channel = new FakeChannel(label, options);
    this.channels.push(channel);
    return channel;
  }
}

function link({ mayPublish = true } = {}) {
  const received: Received[] = [], pc = new FakePc(), grants = { mayPublish };
  const data = new DataLink({ received: packet => received.push(packet), mayPublish: () => grants.mayPublish });
  data.open(pc as never);
  const [reliable, lossy] = pc.channels as [FakeChannel, FakeChannel];
  return { data, pc, reliable, lossy, received, grants };
}

const say = (text: string) => (addressing: { to: readonly string[]; sequence: number }) => userPacket(utf8(text), '', addressing);
const texts = (channel: FakeChannel) => channel.sent.map(packet => {
  const content = readPacket(packet)!.content;
  return content?.kind === 'user' ? new TextDecoder().decode(content.payload) : content?.kind;
});

test('reliable messages wait for the channel and for room in it, and keep their order', async () => {
  const { data, reliable, lossy } = link();
  assert.deepEqual([[reliable.label, reliable.options], [lossy.label, lossy.options]],
    [['_reliable', { ordered: true }], ['_lossy', { ordered: false, maxRetransmits: 0 }]]);
  const first = data.send(true, say('1'), []), second = data.send(true, say('2'), []);
  await tick();
  assert.deepEqual(texts(reliable), []);
  reliable.open();
  assert.deepEqual([await first, await second], [true, true]);
  reliable.bufferedAmount = 300_000;
  const third = data.send(true, say('3'), []);
  await tick();
  assert.deepEqual(texts(reliable), ['1', '2']);
  reliable.bufferedAmount = 0;
  reliable.onbufferedamountlow!();
  await third;
  assert.deepEqual(texts(reliable), ['1', '2', '3']);
});

test('lossy messages go now or never', async () => {
  const { data, lossy } = link();
  assert.equal(await data.send(false, say('too early'), []), false);
  lossy.open();
  assert.equal(await data.send(false, say('in time'), []), true);
  lossy.bufferedAmount = 17_000;
  assert.equal(await data.send(false, say('too late'), []), false);
  assert.deepEqual(texts(lossy), ['in time']);
});

test('what is too long, not allowed or after the end is refused by code', async () => {
  const { data, reliable } = link();
  reliable.open();
  await assert.rejects(data.send(true, say('x'.repeat(maxPacket)), []), { code: 'TOO_LARGE' });
  await assert.rejects(link({ mayPublish: false }).data.send(true, say('x'), []), { code: 'PERMISSION' });
  reliable.readyState = 'connecting';
  const waiting = data.send(true, say('x'), []);
  await tick();
  data.close();
  await assert.rejects(waiting, { code: 'ENDED' });
  await assert.rejects(data.send(false, say('x'), []), { code: 'ENDED' });
});

test('after a re-join messages go on over the new connection, numbers rise on', async () => {
  const { data, reliable } = link();
  reliable.open();
  await data.send(true, say('1'), []);
  reliable.readyState = 'closed';
  const waiting = data.send(true, say('2'), []);
  const next = new FakePc();
  data.open(next as never);
  const channel = next.channels[0]!;
  channel.confirms = false;
  channel.open();
  await tick();
  channel.receipt(2);
  await waiting;
  assert.deepEqual(texts(channel), ['2']);
  assert.ok(hex(channel.sent[0]!).endsWith('800102c03e01'));
});

test('a message is sent when the server has taken it; what it refused, also on the way, rejects by code', async () => {
  const { data, reliable, received } = link(), settled: string[] = [];
  reliable.confirms = false;
  reliable.open();
  const sends = ['1', '2', '3', '4'].map(text => data.send(true, say(text), []).then(
    () => settled.push(text), (error: NexusError) => settled.push(`${text} ${error.code}`)));
  await tick();
  assert.deepEqual([texts(reliable), settled], [['1', '2', '3', '4'], []]); // none waits for the receipt of another
  reliable.receipt(1);
  reliable.receipt(2, 'PERMISSION');
  reliable.receipt(4);
  await Promise.all(sends);
  assert.deepEqual(settled, ['1', '2 PERMISSION', '3 UNCONFIRMED', '4']);
  assert.deepEqual(received, []);
});

test('when the grant goes, who waits to send is refused at once; when the connection is replaced, nobody is told that it arrived', async () => {
  const { data, reliable, grants } = link();
  const waiting = data.send(true, say('1'), []);
  await tick();
  grants.mayPublish = false;
  data.wake();
  await assert.rejects(waiting, { code: 'PERMISSION' });
  await assert.rejects(data.send(false, say('2'), []), { code: 'PERMISSION' });
  grants.mayPublish = true;
  reliable.confirms = false;
  reliable.open();
  const underWay = data.send(true, say('3'), []), lost = assert.rejects(underWay, { code: 'UNCONFIRMED' });
  await tick();
  data.open(new FakePc() as never);
  await lost;
  assert.deepEqual(texts(reliable), ['3']);
});

test('a chat line that the server refused in part is not shown', async () => {
  const { data, reliable } = link(), shown: ChatMessage[] = [];
  const chat = new Chat(data, () => ({ identity: 'me' }) as LocalParticipant, message => shown.push(message));
  reliable.confirms = false;
  reliable.open();
  const refused = assert.rejects(chat.send('hello'), { code: 'PERMISSION' });
  await tick();
  assert.deepEqual([reliable.sent.length, shown], [3, []]);
  [1, 2].forEach(sequence => reliable.receipt(sequence));
  reliable.receipt(3, 'PERMISSION');
  await refused;
  assert.deepEqual(shown, []);
  reliable.confirms = true;
  await tick();
  reliable.sent.length = 3;
  await chat.send('hello again');
  assert.deepEqual(shown.map(({ text }) => text), ['hello again']);
});

/** Two ends: what one sends the other gets as from ada. */
function chats() {
  const shown: ChatMessage[] = [], { data, reliable } = link();
  reliable.open();
  const ada = { identity: 'ada', sid: 'PA_ada' } as RemoteParticipant;
  const sender = new Chat(data, () => ({ identity: 'me' }) as LocalParticipant, () => {});
  const receiver = new Chat(data, () => ({ identity: 'me' }) as LocalParticipant, message => shown.push(message));
  const take = (packet: Uint8Array) => receiver.take(readPacket(packet)!.content!, ada, 'PA_ada');
  return { sender, receiver, reliable, shown, take, ada };
}

test('a chat message crosses in chunks that end with whole characters', async () => {
  const { sender, reliable, shown, take, ada } = chats(), text = '🙂'.repeat(7000);
  const { id } = await sender.send(text);
  assert.equal(reliable.sent.length, 4); // header, two chunks, trailer
  for (const packet of reliable.sent) {
    const content = readPacket(packet)!.content;
    if (content?.kind === 'chunk') new TextDecoder('utf-8', { fatal: true }).decode(content.content);
    assert.ok(take(packet));
  }
  assert.deepEqual(shown.map(message => [message.id, message.from, message.text === text]), [[id, ada, true]]);
  await assert.rejects(sender.send('x'.repeat(32_001)), { code: 'TOO_LARGE' });
});

test('chat of every form is read, and the same message once', () => {
  const { shown, take } = chats();
  const older = (content: object) => userPacket(utf8(JSON.stringify(content)), 'lk-chat-topic', { to: [], sequence: 1 });
  take(from('4a140a02633110808ce9ef9f3422076772c3bcc39f65800101'));
  take(older({ id: 'l1', timestamp: 5, message: 'older' }));
  take(older({ id: 'l2', timestamp: 5, message: 'sent as a stream, too', ignoreLegacy: true }));
  take(older({ id: 'l1', timestamp: 5, message: 'older' }));
  take(new ProtoWriter().message(13, new ProtoWriter().string(1, 'i1').string(3, 'lk.chat').message(9, new ProtoWriter()).string(11, 'inline')).finish());
  take(userPacket(utf8('not JSON'), 'lk-chat-topic', { to: [], sequence: 1 }));
  assert.deepEqual(shown.map(({ id, text }) => [id, text]), [['c1', 'grüße'], ['l1', 'older'], ['i1', 'inline']]);
  assert.equal(shown[0]!.at.getTime(), 1795262400000);
});

test('streams that are too many, too long, broken off or not chat show nothing', () => {
  const { receiver, shown, take } = chats(), plain = { to: [], sequence: 1 };
  const begin = (id: string, topic = 'lk.chat') => take(headerPacket({ id, timestamp: 1, topic, length: 1 }, plain));
  const end = (id: string) => take(trailerPacket(id, plain));
  for (let i = 0; i < 20; i++) begin(`s${i}`);
  end('s19'); // over the 16 that one may have open
  for (let i = 0; i < 3; i++) take(chunkPacket('s0', i, new Uint8Array(15_000), plain));
  end('s0');
  begin('other', 'files');
  end('other');
  receiver.forget('PA_ada');
  end('s1');
  assert.deepEqual(shown, []);
});

test('a message that is faster than the word of its sender waits for it', async () => {
  const clock = new FakeClock(), told: [string | undefined, string][] = [], known = new Map<string, RemoteParticipant>(), pc = new FakePc();
  const room = new RoomData(clock, {
    self: () => ({}) as LocalParticipant, participant: sid => known.get(sid), mayPublish: () => true,
    data: message => told.push([message.from?.identity, message.text]), chat: () => {},
  });
  room.open(pc as never);
  const get = (identity: string, sid: string, text: string) => {
    const packet = new ProtoWriter().message(2, new ProtoWriter().string(2, text)).string(4, identity).string(17, sid).finish();
    pc.channels[0]!.onmessage!({ data: packet.buffer });
  };
  get('ada', 'PA_ada', 'one');
  get('ada', 'PA_ada', 'two');
  get('', '', 'from the server');
  assert.deepEqual(told, [[undefined, 'from the server']]);
  known.set('PA_ada', { identity: 'ada' } as RemoteParticipant);
  room.arrived('PA_ada');
  assert.deepEqual(told.slice(1), [['ada', 'one'], ['ada', 'two']]);
  get('eve', 'PA_eve', 'who am I?');
  await clock.advance(2000);
  assert.deepEqual(told.at(-1), [undefined, 'who am I?']);
});
