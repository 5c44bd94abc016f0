// One server at several addresses: each client takes the one that it reaches, IPv4 or IPv6, over UDP or TCP.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import test, { describe } from 'node:test';
import { Member } from './rig/sdk.mjs';
import { cli, freePort } from './rig/server.mjs';
import { Stage, newRoom } from './rig/stage.mjs';

describe('a server at 127.0.0.1 and ::1', () => {
  const stage = Stage.ofFile({ flags: ['--media-ip', '127.0.0.1,::1'] });

  for (const [family, only] of [['IPv6', { address: '::1', protocol: 'udp' }], ['IPv4', { address: '127.0.0.1', protocol: 'udp' }], ['IPv6 over TCP', { address: '::1', protocol: 'tcp' }]]) {
    test(`who reaches it by ${family} alone is in a call with who reaches it by all`, async t => {
      const [server, tab, other] = await stage.set(t, 2), room = newRoom();
      await tab.evaluate(narrow, only);
      const ada = await Member.joins(tab, server, room, 'ada');
      const bob = await Member.joins(other, server, room, 'bob');
      await Promise.all([ada.sees('bob', { frames: 60 }), ada.hears('bob'), bob.sees('ada', { frames: 60 }), bob.hears('ada')]);
      assert.deepEqual(await ada.does(remote), only);
      assert.equal((await bob.does(remote)).protocol, 'udp');
    });
  }
});

test('an address that a STUN server tells is among the candidates', async t => {
  const stun = createSocket('udp4'), port = await new Promise(resolve => stun.bind(0, '127.0.0.1', () => resolve(stun.address().port)));
  t.after(() => stun.close());
  stun.on('message', (question, { port, address }) => stun.send(mapped(question, [127, 0, 0, 9]), port, address));
  const stage = new Stage({ flags: ['--media-ip', `stun:127.0.0.1:${port}`] });
  t.after(() => stage.close());
  const [server, tab] = await stage.set(t, 1);
  const ada = await Member.joins(tab, server, newRoom(), 'ada');
  const answer = await ada.does(member => member.room.peerConnection.remoteDescription.sdp);
  assert.deepEqual([...answer.matchAll(/^a=candidate:\S+ 1 (\S+) \d+ (\S+) /gm)].map(([, protocol, address]) => `${protocol} ${address}`), ['udp 127.0.0.9', 'tcp 127.0.0.9']);
  await ada.until('the connection', ({ state }) => state === 'connected'); // 127.0.0.9 is this machine, too
});

test('a name that does not resolve ends the start with 2 and one line', async () => {
  await assert.rejects(cli('up', '--http', `127.0.0.1:${await freePort()}`, '--media-port', `${await freePort(10)}`, '--media-ip', 'nowhere.invalid'),
    ({ code, stderr }) => code === 2 && /^nexus: media-ip: nowhere\.invalid does not resolve.*name the address itself$/m.test(stderr.trim()));
});

/** A success response with XOR-MAPPED-ADDRESS (RFC 8489 section 14.2). */
function mapped(question, [...octets]) {
  const answer = Buffer.alloc(32), cookie = 0x2112a442;
  answer.writeUInt16BE(0x0101, 0);
  answer.writeUInt16BE(12, 2);
  question.copy(answer, 4, 4, 20);
  answer.writeUInt16BE(0x0020, 20);
  answer.writeUInt16BE(8, 22);
  answer.writeUInt8(1, 25);
  answer.writeUInt16BE(40000 ^ (cookie >>> 16), 26);
  answer.writeUInt32BE((Buffer.from(octets).readUInt32BE() ^ cookie) >>> 0, 28);
  return answer;
}

/** In the page: connections are told these candidates of the server alone, as if the network let nothing else through. */
function narrow({ address, protocol }) {
  const apply = RTCPeerConnection.prototype.setRemoteDescription;
  const kept = line => !line.startsWith('a=candidate:') || (line.split(' ')[2] === protocol && line.split(' ')[4] === address);
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return apply.call(this, { type, sdp: sdp.split('\r\n').filter(kept).join('\r\n') });
  };
}

/** In the page: the server's end of the pair that is used. */
async function remote({ room }) {
  const stats = await room.peerConnection.getStats();
  const { selectedCandidatePairId } = [...stats.values()].find(({ type }) => type === 'transport');
  const { address, protocol } = stats.get(stats.get(selectedCandidatePairId).remoteCandidateId);
  return { address, protocol };
}
