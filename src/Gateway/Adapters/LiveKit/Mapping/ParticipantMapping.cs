using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;
using ParticipantState = Nexus.Contracts.ParticipantState;
using KindDetail = Nexus.Gateway.Adapters.LiveKit.Messages.ParticipantInfo.Types.KindDetail;
using ParticipantKind = Nexus.Gateway.Adapters.LiveKit.Messages.ParticipantInfo.Types.Kind;
using WireState = Nexus.Gateway.Adapters.LiveKit.Messages.ParticipantInfo.Types.State;

namespace Nexus.Gateway.Adapters.LiveKit.Mapping;

/// <summary>Between the core's participants and those of LiveKit's wire. Pure.</summary>
internal static class ParticipantMapping
{
    private const int MostCapabilities = 32;

    /// <summary>A client's <see cref="ClientTraits"/>, as they travel with the participant.</summary>
    /// <param name="kind">As the token says it.</param>
    public static string Client(ClientInfo client, string kind) => Convert.ToBase64String(Proto.Encode(new ClientTraits
    {
        Kind = Enum.TryParse(kind, ignoreCase: true, out ParticipantKind known) && Enum.IsDefined(known) ? known : ParticipantKind.Standard,
        ClientProtocol = client.ClientProtocol,
        Capabilities = { client.Capabilities.Take(MostCapabilities) },
    }));

    public static ParticipantInfo Info(ParticipantView participant)
    {
        ClientTraits client = Traits(participant.Client);
        return new()
        {
            Sid = participant.Sid,
            Identity = participant.Identity,
            Name = participant.Name,
            Metadata = participant.Metadata,
            Attributes = { participant.Attributes },
            Version = (uint)participant.Version,
            Region = participant.Region ?? "",
            State = State(participant.State),
            JoinedAt = participant.JoinedAt.ToUnixTimeSeconds(),
            JoinedAtMs = participant.JoinedAt.ToUnixTimeMilliseconds(),
            IsPublisher = participant.Tracks.Length > 0,
            Tracks = { participant.Tracks.Select(TrackMapping.Info) },
            Permission = participant.Grants is { } grants ? Permission(grants) : null,
            Kind = client.Kind,
            KindDetails = { participant.IsForwarded ? [KindDetail.Forwarded] : Array.Empty<KindDetail>() },
            ClientProtocol = client.ClientProtocol,
            Capabilities = { client.Capabilities },
        };
    }

    /// <summary>One who is gone, as it was at last: clients take its name, metadata and attributes from this too.</summary>
    public static ParticipantInfo Info(Departure gone)
    {
        ParticipantInfo info = gone.Last is { } last ? Info(last) : new() { Sid = gone.Sid, Identity = gone.Identity };
        info.State = WireState.Disconnected;
        info.DisconnectReason = LeaveMapping.Reason(gone.Reason);
        return info;
    }

    public static ParticipantPermission Permission(Grants grants) => new()
    {
        CanSubscribe = grants.CanSubscribe,
        CanPublish = grants.CanPublish,
        CanPublishData = grants.CanPublishData,
        CanPublishSources = { grants.CanPublishSources.Select(TrackMapping.Source).Distinct() },
        Hidden = grants.Hidden,
        CanUpdateMetadata = grants.CanUpdateOwnMetadata,
    };

    /// <summary>LiveKit knows no reconnecting: who lost its connection is active until it is gone.</summary>
    private static WireState State(ParticipantState state) => state switch
    {
        ParticipantState.Joining => WireState.Joined,
        ParticipantState.Disconnected => WireState.Disconnected,
        _ => WireState.Active,
    };

    private static ClientTraits Traits(string client) =>
        client.Length > 0 && Proto.TryDecode(Convert.FromBase64String(client), out ClientTraits? traits) ? traits : new();
}
