// LiveKit's server SDK as npm has it, and the same over Protocol Buffers, which other languages' SDKs speak.
import * as protocol from '@livekit/protocol';
import { RoomServiceClient } from 'livekit-server-sdk';

const messages = {
  CreateRoom: [protocol.CreateRoomRequest, protocol.Room],
  ListRooms: [protocol.ListRoomsRequest, protocol.ListRoomsResponse],
  DeleteRoom: [protocol.DeleteRoomRequest, protocol.DeleteRoomResponse],
  UpdateRoomMetadata: [protocol.UpdateRoomMetadataRequest, protocol.Room],
  ListParticipants: [protocol.ListParticipantsRequest, protocol.ListParticipantsResponse],
  GetParticipant: [protocol.RoomParticipantIdentity, protocol.ParticipantInfo],
  RemoveParticipant: [protocol.RoomParticipantIdentity, protocol.RemoveParticipantResponse],
  MutePublishedTrack: [protocol.MuteRoomTrackRequest, protocol.MuteRoomTrackResponse],
  UpdateParticipant: [protocol.UpdateParticipantRequest, protocol.ParticipantInfo],
  UpdateSubscriptions: [protocol.UpdateSubscriptionsRequest, protocol.UpdateSubscriptionsResponse],
  SendData: [protocol.SendDataRequest, protocol.SendDataResponse],
  MoveParticipant: [protocol.MoveParticipantRequest, protocol.MoveParticipantResponse],
  ForwardParticipant: [protocol.ForwardParticipantRequest, protocol.ForwardParticipantResponse],
};

/** In place of the SDK's way to the server: the same calls in binary. */
class Binary {
  constructor(url) {
    this.url = url;
  }

  async request(service, method, data, headers) {
    const [Request, Response] = messages[method];
    const answer = await fetch(`${this.url}/twirp/livekit.${service}/${method}`, {
      method: 'POST', headers: { ...headers, 'content-type': 'application/protobuf' }, body: Request.fromJson(data).toBinary(),
    });
    if (!answer.ok) {
      const { code, msg } = await answer.json();
      throw Object.assign(new Error(msg), { code, status: answer.status });
    }
    return Response.fromBinary(new Uint8Array(await answer.arrayBuffer())).toJson();
  }
}

/** @param {'JSON' | 'protobuf'} form of the bodies */
export function roomService(server, form, key = 'devkey', secret = 'secret') {
  const client = new RoomServiceClient(server.url, key, secret, { failover: false });
  if (form === 'protobuf') client.rpc = new Binary(server.url);
  return client;
}
