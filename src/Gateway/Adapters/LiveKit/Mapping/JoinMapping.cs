using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Health;
using IceServer = Nexus.Gateway.Sessions.IceServer;

namespace Nexus.Gateway.Adapters.LiveKit.Mapping;

/// <summary>The first message of a connection. Pure.</summary>
internal static class JoinMapping
{
    /// <summary>Of the signalling that is spoken here. Clients of 15 and later are served in full.</summary>
    private const int SignalProtocol = 17;

    /// <summary>The LiveKit server whose signalling this is: clients compare it, and some take nothing but a semantic version.</summary>
    private const string ServerVersion = "1.13.0";

    private static readonly ImmutableArray<string> PublishCodecs = ["audio/opus", "audio/red", "video/VP8", "video/H264", "video/VP9", "video/AV1", "video/rtx"];

    public static JoinResponse Join(JoinResult joined, IEnumerable<ParticipantInfo> others, Room room, ImmutableArray<IceServer> iceServers, bool isDual) => new()
    {
        Room = room,
        Participant = ParticipantMapping.Info(joined.Participant!),
        OtherParticipants = { others },
        ServerVersion = ServerVersion,
        ServerRegion = joined.Session!.Region,
        ServerInfo = Server(joined.Session),
        IceServers = { IceServers(iceServers) },
        SubscriberPrimary = isDual,
        PingInterval = (int)LiveKitConnection.PingInterval.TotalSeconds,
        PingTimeout = (int)LiveKitConnection.PingTimeout.TotalSeconds,
        EnabledPublishCodecs = { PublishCodecs.Select(mime => new Codec { Mime = mime }) },
        FastPublish = true, // data comes on the connection that the client offers on, also to those who publish nothing
    };

    public static ReconnectResponse Reconnect(SessionView view, ImmutableArray<IceServer> iceServers) =>
        new() { IceServers = { IceServers(iceServers) }, ServerInfo = Server(view) };

    private static ServerInfo Server(SessionView view) => new()
    {
        Version = ServerVersion,
        Protocol = SignalProtocol,
        Region = view.Region,
        NodeId = view.Node,
        DebugInfo = $"nexus {ProductVersion.Current}",
    };

    private static IEnumerable<ICEServer> IceServers(ImmutableArray<IceServer> servers) =>
        servers.Select(s => new ICEServer { Urls = { s.Url }, Username = s.Username ?? "", Credential = s.Credential ?? "" });
}
