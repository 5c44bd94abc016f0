// Messages of LiveKit's protocol, filled by reflection and encoded by npm @livekit/protocol: what our own codec is checked against.
// `node rig/golden.mjs` writes the file anew; protocol.test.mjs proves that it is what the pinned package makes.
import * as protocol from '@livekit/protocol';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const goldenFile = fileURLToPath(new URL('../../Gateway.Tests/LiveKit/messages.golden.jsonl', import.meta.url));

const { ScalarType } = await import('@bufbuild/protobuf');

/** Messages that Nexus declares; those nested in them come along. */
const types = [
  'SignalRequest', 'SignalResponse', 'Encryption', 'WrappedJoinRequest', 'JoinRequest', 'JoinResponse', 'DataPacket', 'WebhookEvent', 'ServerInfo',
  'CreateRoomRequest', 'ListRoomsRequest', 'ListRoomsResponse', 'DeleteRoomRequest', 'DeleteRoomResponse', 'ListParticipantsRequest',
  'ListParticipantsResponse', 'RoomParticipantIdentity', 'RemoveParticipantResponse', 'MuteRoomTrackRequest', 'MuteRoomTrackResponse',
  'UpdateParticipantRequest', 'UpdateSubscriptionsRequest', 'UpdateSubscriptionsResponse', 'SendDataRequest', 'SendDataResponse',
  'UpdateRoomMetadataRequest', 'ForwardParticipantRequest', 'ForwardParticipantResponse', 'MoveParticipantRequest',
  'MoveParticipantResponse', 'PerformRpcRequest', 'PerformRpcResponse',
];

/** Fields that it does not declare, since it only passes them on or does not serve them. */
const undeclared = {
  'livekit.SignalResponse': ['publish_data_track_response', 'unpublish_data_track_response', 'data_track_subscriber_handles', 'store_data_blob_response', 'get_data_blob_response'],
  'livekit.SyncState': ['publish_data_tracks', 'data_subscription'],
  'livekit.ParticipantInfo': ['data_tracks'],
  'livekit.DataPacket': ['speaker', 'sip_dtmf', 'transcription', 'metrics', 'chat_message', 'rpc_request', 'rpc_ack', 'rpc_response', 'stream_header', 'stream_chunk', 'stream_trailer', 'encrypted_packet'],
  'livekit.PublishDataTrackRequest': ['frame_encoding', 'schema'],
  'livekit.UpdateDataSubscription': ['updates'],
  'livekit.StoreDataBlobRequest': ['blob'],
  'livekit.GetDataBlobRequest': ['participant_identity', 'key'],
  'livekit.CreateRoomRequest': ['egress', 'agents'],
  'livekit.WebhookEvent': ['egress_info', 'ingress_info', 'job'],
};

const declared = type => type.fields.byNumber().filter(field => !undeclared[type.typeName]?.includes(field.name));

/** Values of a field: plain ones, or such as sit at the edges of their type. */
const plain = {
  scalar: (kind, n) => ({
    [ScalarType.STRING]: `text ${n}`, [ScalarType.BYTES]: new Uint8Array([1, 2, 3, n % 256]), [ScalarType.BOOL]: true,
    [ScalarType.INT32]: n, [ScalarType.UINT32]: n, [ScalarType.INT64]: BigInt(n), [ScalarType.UINT64]: BigInt(n), [ScalarType.FLOAT]: n / 4,
  })[kind],
  enum: (kind, n) => kind.values[1 + n % Math.max(1, kind.values.length - 1)] ?? kind.values[0],
  count: 2,
};
const edges = {
  scalar: kind => ({
    [ScalarType.STRING]: 'Grüße "\\\n\u2028 😀', [ScalarType.BYTES]: new Uint8Array([0, 255, 62, 63, 251]), [ScalarType.BOOL]: true,
    [ScalarType.INT32]: -2147483648, [ScalarType.UINT32]: 4294967295, [ScalarType.INT64]: -(2n ** 63n), [ScalarType.UINT64]: 2n ** 64n - 1n,
    [ScalarType.FLOAT]: -0.0625,
  })[kind],
  enum: kind => kind.values.at(-1),
  count: 1,
};
/** Fields with presence at their default; others as in `plain`, so that what is required is there. */
const zeros = { ...plain, scalar: (kind, n, field) => (field.opt || field.oneof ? ({
  [ScalarType.STRING]: '', [ScalarType.BYTES]: new Uint8Array(), [ScalarType.BOOL]: false, [ScalarType.INT32]: 0, [ScalarType.UINT32]: 0,
  [ScalarType.INT64]: 0n, [ScalarType.UINT64]: 0n, [ScalarType.FLOAT]: 0,
})[kind] : plain.scalar(kind, n)), enum: (kind, n, field) => (field.opt || field.oneof ? kind.values[0] : plain.enum(kind, n)) };

/** @param {object} choices the name of the field to set, by the name of its oneof; the first, where none is given */
function fill(type, values, choices = {}, depth = 0) {
  const message = new type();
  for (const field of declared(type)) {
    const n = field.no + 10 * depth;
    const one = () => field.kind === 'message' ? fill(field.T, values, {}, depth + 1)
      : field.kind === 'enum' ? values.enum(field.T, n, field).no
      : values.scalar(field.T, n, field);
    if (field.oneof) {
      const chosen = choices[field.oneof.name] ?? declared(type).find(f => f.oneof === field.oneof).name;
      if (chosen === field.name) message[field.oneof.localName] = { case: field.localName, value: one() };
    } else if (field.kind === 'map') {
      message[field.localName] = { one: values.scalar(field.V.T, n, field), two: 'more' };
    } else {
      message[field.localName] = field.repeated ? Array.from({ length: depth ? 1 : values.count }, one) : one();
    }
  }
  return message;
}

const values = type => Object.fromEntries(type.values.map(value => [value.name, value.no]));

function* reachable(type, seen = new Set()) {
  if (seen.has(type.typeName)) return;
  seen.add(type.typeName);
  yield type;
  for (const field of declared(type)) if (field.kind === 'message') yield* reachable(field.T, seen);
}

function* samples(type) {
  const choices = declared(type).filter(f => f.oneof);
  for (const choice of choices) yield fill(type, plain, { [choice.oneof.name]: choice.name });
  for (const choice of choices.filter(f => f.kind !== 'message')) yield fill(type, zeros, { [choice.oneof.name]: choice.name });
  if (choices.length === 0) yield fill(type, plain);
  yield fill(type, edges);
  yield fill(type, zeros);
}

export function golden() {
  const seen = new Set();
  const lines = types.flatMap(name => [...reachable(protocol[name], seen)]).map(type => ({
    type: type.typeName,
    fields: declared(type).map(f => ({ number: f.no, name: f.name, json: f.jsonName ?? f.localName, values: f.kind === 'enum' ? values(f.T) : undefined })),
    samples: [...samples(type)].map(message => ({ hex: Buffer.from(message.toBinary()).toString('hex'), json: message.toJson() })),
  }));
  return lines.map(line => `${JSON.stringify(line)}\n`).join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(goldenFile, golden());
