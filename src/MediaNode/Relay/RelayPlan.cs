using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Relay;

/// <summary>One end of a link to another node, as its loop is told to open it. Immutable.</summary>
/// <param name="Id">Of the link in this generation, unique on the node: what is dialled anew is a new link.</param>
/// <param name="Node">Ours.</param>
/// <param name="Local">What the other end was told of us.</param>
/// <param name="Dials">We send the checks and the ClientHello; the other end waits for them.</param>
internal sealed record RelayPlan(string Id, string Node, long Generation, IceCredentials Local, RelayEndpoint Remote, bool Dials)
{
    /// <summary>Both ends have the same ids; none is negotiated, and no packet names its section: SSRCs are told beforehand.</summary>
    private static readonly HeaderExtensionMap Extensions = new(
        true,
        (1, HeaderExtensionKind.TransportSequence),
        (2, HeaderExtensionKind.AudioLevel),
        (3, HeaderExtensionKind.VideoOrientation),
        (4, HeaderExtensionKind.PlayoutDelay),
        (5, HeaderExtensionKind.AbsCaptureTime),
        (6, HeaderExtensionKind.DependencyDescriptor),
        (7, HeaderExtensionKind.VideoContentType),
        (8, HeaderExtensionKind.VideoTiming),
        (9, HeaderExtensionKind.ColorSpace));

    /// <summary>A connection like a client's, whose tracks are not planned.</summary>
    public SessionPlan ToSessionPlan() => new()
    {
        Id = Id,
        Identity = Id,
        Room = Id, // of nobody else
        Cname = Node,
        Extensions = Extensions,
        ReducedSizeRtcp = true,
        IsRelay = true,
        Data = new DataPlan(5000, RelayChannels.MaxMessage) { Room = Id },
        Transport = new TransportPlan(Local, [Remote.Fingerprint], Dials)
        {
            Dials = Dials ? new IceRemote(Remote.Ufrag, Remote.Password, [.. Remote.Addresses.Select(a => TransportTuple.From(a))]) : null,
        },
    };
}
