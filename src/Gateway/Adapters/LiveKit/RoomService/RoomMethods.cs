using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Admin;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit.RoomService;

/// <summary>Methods that concern a room as a whole.</summary>
internal sealed class RoomMethods(IControlPlane control, RoomReads reads)
{
    private const uint MostSeconds = ProfileLimits.RoomTimeout;
    private const int NonceLength = 16;

    /// <summary>What the request leaves at 0 or empty stays as it is, or as the tenant's rooms are.</summary>
    public async Task<Room> Create(Caller caller, CreateRoomRequest request)
    {
        Guards.Grant(caller.Grants.RoomCreate, "roomCreate");
        Guards.Name(request.Name, "name");
        if (request.EmptyTimeout > MostSeconds || request.DepartureTimeout > MostSeconds || request.MaxParticipants > int.MaxValue)
        {
            throw Guards.Invalid($"empty_timeout and departure_timeout go from 0 to {MostSeconds}, max_participants to {int.MaxValue}.");
        }

        var rules = caller.Tenant.Rules;
        var before = (await (await control.Locate(caller.Tenant, request.Name)).Room.Summarize())?.Policy ?? rules.DefaultPolicy;
        var policy = before with
        {
            EmptyTimeoutSeconds = request.EmptyTimeout > 0 ? (int)request.EmptyTimeout : before.EmptyTimeoutSeconds,
            DepartureTimeoutSeconds = request.DepartureTimeout > 0 ? (int)request.DepartureTimeout : before.DepartureTimeoutSeconds,
            MaxParticipants = request.MaxParticipants > 0 ? (int)request.MaxParticipants : before.MaxParticipants,
            Metadata = request.Metadata.Length > 0 ? request.Metadata : before.Metadata,
        };
        var made = await control.Create(caller.Tenant, request.Name, policy, rules);
        return made.Error is { } refused ? throw TwirpException.Of(refused) : RoomMapping.Info(made.Room!);
    }

    public async Task<ListRoomsResponse> List(Caller caller, ListRoomsRequest request)
    {
        Guards.Grant(caller.Grants.RoomList, "roomList");
        var rooms = await reads.All(caller.Tenant, request.Names.Count == 0 ? null : request.Names);
        return new() { Rooms = { rooms.Select(RoomMapping.Info) } };
    }

    public async Task<DeleteRoomResponse> Delete(Caller caller, DeleteRoomRequest request)
    {
        Guards.Grant(caller.Grants.RoomCreate, "roomCreate");
        Guards.Name(request.Room, "room");
        return await (await control.Locate(caller.Tenant, request.Room)).Room.Close(ReasonCodes.RoomClosed) ? new() : throw Guards.NoRoom();
    }

    public async Task<Room> UpdateMetadata(Caller caller, UpdateRoomMetadataRequest request)
    {
        Guards.Administers(caller, request.Room);
        var updated = await (await control.Locate(caller.Tenant, request.Room)).Room.UpdateMetadata(request.Metadata);
        return updated.Error is { } refused ? throw TwirpException.Of(refused) : RoomMapping.Info(updated.Room!);
    }

    public async Task<SendDataResponse> SendData(Caller caller, SendDataRequest request)
    {
        Guards.Administers(caller, request.Room);
        if (request.Nonce.Length is not 0 and not NonceLength)
        {
            throw Guards.Invalid($"nonce has {NonceLength} octets, or is left out.");
        }

        string[] destinations = [.. request.DestinationIdentities];
        if (request.DestinationSids.Count > 0)
        {
            var room = await control.View(caller, request.Room);
            destinations = [.. destinations, .. room.Participants.Where(p => request.DestinationSids.Contains(p.Sid)).Select(p => p.Identity)];
            if (destinations.Length == 0)
            {
                return new(); // those it was for have left: nobody is not everybody
            }
        }

        var packet = new DataPacket
        {
            Kind = request.Kind,
            DestinationIdentities = { destinations },
            User = new() { Payload = request.Data, DestinationIdentities = { destinations }, Nonce = request.Nonce },
        };
        if (request.HasTopic)
        {
            packet.User.Topic = request.Topic;
        }

        var delivery = await control.SendData(caller.Tenant, request.Room, request.Kind == DataPacket.Types.Kind.Reliable, Proto.Encode(packet));
        return delivery.Error is { } error ? throw TwirpException.Of(error) : new();
    }
}
