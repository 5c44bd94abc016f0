using System.Collections.Frozen;
using Google.Protobuf;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Auth;

namespace Nexus.Gateway.Adapters.LiveKit.RoomService;

/// <summary>A method as it is called: a body in, a body of the same form out.</summary>
internal delegate Task<byte[]> TwirpCall(Caller caller, bool isJson, ReadOnlyMemory<byte> body);

/// <summary>The methods of <c>livekit.RoomService</c> by name.</summary>
internal sealed class RoomServiceMethods
{
    private readonly FrozenDictionary<string, TwirpCall> _calls;

    public RoomServiceMethods(RoomMethods rooms, ParticipantMethods participants)
    {
        _calls = new Dictionary<string, TwirpCall>
        {
            ["CreateRoom"] = Call<CreateRoomRequest, Room>(rooms.Create),
            ["ListRooms"] = Call<ListRoomsRequest, ListRoomsResponse>(rooms.List),
            ["DeleteRoom"] = Call<DeleteRoomRequest, DeleteRoomResponse>(rooms.Delete),
            ["UpdateRoomMetadata"] = Call<UpdateRoomMetadataRequest, Room>(rooms.UpdateMetadata),
            ["SendData"] = Call<SendDataRequest, SendDataResponse>(rooms.SendData),
            ["ListParticipants"] = Call<ListParticipantsRequest, ListParticipantsResponse>(participants.List),
            ["GetParticipant"] = Call<RoomParticipantIdentity, ParticipantInfo>(participants.Get),
            ["RemoveParticipant"] = Call<RoomParticipantIdentity, RemoveParticipantResponse>(participants.Remove),
            ["MutePublishedTrack"] = Call<MuteRoomTrackRequest, MuteRoomTrackResponse>(participants.Mute),
            ["UpdateParticipant"] = Call<UpdateParticipantRequest, ParticipantInfo>(participants.Update),
            ["UpdateSubscriptions"] = Call<UpdateSubscriptionsRequest, UpdateSubscriptionsResponse>(participants.UpdateSubscriptions),
            ["MoveParticipant"] = Call<MoveParticipantRequest, MoveParticipantResponse>(participants.Move),
            ["ForwardParticipant"] = Call<ForwardParticipantRequest, ForwardParticipantResponse>(participants.Forward),
            ["PerformRpc"] = Call<PerformRpcRequest, PerformRpcResponse>((_, _) => throw Missing("call clients; other participants can")),
        }.ToFrozenDictionary();
    }

    public TwirpCall? Find(string method) => _calls.GetValueOrDefault(method);

    private static TwirpException Missing(string what) => new(TwirpCode.Unimplemented, $"This server does not {what}.");

    private static TwirpCall Call<TRequest, TResponse>(Func<Caller, TRequest, Task<TResponse>> method)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : IMessage => async (caller, isJson, body) =>
    {
        if (!(isJson ? Proto.TryDecodeJson(body.Span, out TRequest? request) : Proto.TryDecode(body, out request)))
        {
            throw new TwirpException(TwirpCode.Malformed, $"The body is no {new TRequest().Descriptor.FullName}.");
        }

        TResponse response = await method(caller, request);
        return isJson ? Proto.EncodeJson(response, JsonForm.Full) : Proto.Encode(response);
    };
}
