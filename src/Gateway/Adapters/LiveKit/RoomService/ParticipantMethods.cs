using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit.RoomService;

/// <summary>Methods that concern one participant of a room.</summary>
internal sealed class ParticipantMethods(IControlPlane control, GatewayOptions options)
{
    public async Task<ListParticipantsResponse> List(Caller caller, ListParticipantsRequest request)
    {
        Guards.Administers(caller, request.Room);
        var room = await (await control.Locate(caller.Tenant, request.Room)).Room.Describe();
        return new() { Participants = { (room?.Participants ?? []).Select(ParticipantMapping.Info) } };
    }

    public async Task<ParticipantInfo> Get(Caller caller, RoomParticipantIdentity request) =>
        ParticipantMapping.Info(await Find(caller, request.Room, request.Identity));

    public async Task<RemoveParticipantResponse> Remove(Caller caller, RoomParticipantIdentity request)
    {
        var participant = await Participant(caller, request.Room, request.Identity);
        if (request.RevokeTokenTs is < 0 or > uint.MaxValue)
        {
            throw Guards.Invalid("revoke_token_ts is a Unix time in seconds.");
        }

        Barring? barring = request.RevokeTokenTs > 0 ? new() { RevokedBefore = DateTimeOffset.FromUnixTimeSeconds(request.RevokeTokenTs) } : null;
        Guards.Done(await participant.Remove(ReasonCodes.Removed, barring));
        return new();
    }

    public async Task<MuteRoomTrackResponse> Mute(Caller caller, MuteRoomTrackRequest request)
    {
        Guards.Administers(caller, request.Room);
        if (!request.Muted && !options.RemoteUnmute)
        {
            throw new TwirpException(TwirpCode.FailedPrecondition, "remote unmute not enabled: start the server with --remote-unmute to let apps open microphones");
        }

        var participant = await Find(caller, request.Room, request.Identity);
        var track = participant.Tracks.FirstOrDefault(t => t.Sid == request.TrackSid) ?? throw new TwirpException(TwirpCode.NotFound, "track is not found");
        Guards.Done(await (await Participant(caller, request.Room, request.Identity)).Mute(track.Sid, request.Muted));
        return new() { Track = TrackMapping.Info(track with { Muted = request.Muted }) };
    }

    /// <summary>Empty metadata and an empty name stay as they are; an attribute of an empty value is taken away.</summary>
    public async Task<ParticipantInfo> Update(Caller caller, UpdateParticipantRequest request)
    {
        var participant = await Participant(caller, request.Room, request.Identity);
        var change = new ProfileChange(
            request.Metadata.Length > 0 ? request.Metadata : null,
            request.Attributes.ToImmutableDictionary(a => a.Key, a => a.Value.Length > 0 ? a.Value : null),
            request.Name.Length > 0 ? request.Name : null);
        Guards.Done(await participant.Administer(change, request.Permission is { } permission ? Grants(permission) : null));
        return ParticipantMapping.Info(await Find(caller, request.Room, request.Identity));
    }

    public async Task<UpdateSubscriptionsResponse> UpdateSubscriptions(Caller caller, UpdateSubscriptionsRequest request)
    {
        var kind = request.Subscribe ? SubscriptionChangeKind.Subscribe : SubscriptionChangeKind.Unsubscribe;
        var sids = request.TrackSids.Concat(request.ParticipantTracks.SelectMany(t => t.TrackSids)).Distinct();
        Guards.Done(await (await Participant(caller, request.Room, request.Identity))
            .SubscribeFor([.. sids.Select(sid => new SubscriptionChange { TrackSid = sid, Kind = kind })]));
        return new();
    }

    /// <summary>Its media goes along where the same node serves the destination; else the client is told to join there.</summary>
    public async Task<MoveParticipantResponse> Move(Caller caller, MoveParticipantRequest request)
    {
        var participant = await Going(caller, request.Room, request.Identity, request.DestinationRoom);
        Guards.Done(await participant.Move(request.DestinationRoom, caller.Tenant.Rules));
        return new();
    }

    /// <summary>Its tracks are in the destination too, until it leaves or is removed there.</summary>
    public async Task<ForwardParticipantResponse> Forward(Caller caller, ForwardParticipantRequest request)
    {
        var participant = await Going(caller, request.Room, request.Identity, request.DestinationRoom);
        Guards.Done(await participant.Forward(request.DestinationRoom, caller.Tenant.Rules));
        return new();
    }

    private static Grants Grants(ParticipantPermission permission) => new()
    {
        CanSubscribe = permission.CanSubscribe,
        CanPublish = permission.CanPublish,
        CanPublishData = permission.CanPublishData,
        CanPublishSources = [.. permission.CanPublishSources.Select(TrackMapping.SourceName).Distinct()],
        Hidden = permission.Hidden,
        CanUpdateOwnMetadata = permission.CanUpdateMetadata,
    };

    private async Task<IParticipantGrain> Participant(Caller caller, string room, string identity)
    {
        Guards.Administers(caller, room);
        return PathSegments.IsName(identity) ? (await control.Locate(caller.Tenant, room)).Participant(identity) : throw NotThere();
    }

    /// <summary>A participant on its way to another room.</summary>
    private async Task<IParticipantGrain> Going(Caller caller, string room, string identity, string destination)
    {
        Guards.Grant(caller.MayAdminister(destination) || caller.Grants.DestinationRoom == destination, "destinationRoom for that room");
        var participant = await Participant(caller, room, identity);
        Guards.Name(destination, "destination_room");
        return participant;
    }

    private async Task<ParticipantView> Find(Caller caller, string room, string identity)
    {
        Guards.Administers(caller, room);
        var found = await (await control.Locate(caller.Tenant, room)).Room.Roster(new() { Identity = identity }) ?? throw Guards.NoRoom();
        return found.Participants.FirstOrDefault() ?? throw NotThere();
    }

    private static TwirpException NotThere() => new(TwirpCode.NotFound, "participant does not exist");
}
