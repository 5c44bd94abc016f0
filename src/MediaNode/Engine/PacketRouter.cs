using System.Runtime.CompilerServices;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Stun;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Engine;

/// <summary>
/// Sends each datagram to its session: by the tuple it came from, which only an authenticated check can have entered; checks
/// themselves by the ufrag they name.
/// </summary>
internal sealed class PacketRouter(LoopContext loop, SourceRateLimiter strangers)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DropReason Route(Instant now, in ReceivedPacket packet)
    {
        var datagram = loop.Memory.Span(packet.Slot)[..packet.Length];
        switch (PacketClassifier.Classify(datagram))
        {
            case PacketKind.Rtp:
                loop.Counters.RtpReceived++;
                return loop.Sessions.Find(packet.Source) is { } rtp ? rtp.ReceiveRtp(now, packet) : DropReason.UnknownTuple;
            case PacketKind.Rtcp:
                loop.Counters.RtcpReceived++;
                return loop.Sessions.Find(packet.Source) is { } rtcp ? rtcp.ReceiveRtcp(now, datagram, packet.Source) : DropReason.UnknownTuple;
            case PacketKind.Stun:
                loop.Counters.StunReceived++;
                return RouteStun(now, datagram, packet.Source);
            case PacketKind.Dtls:
                loop.Counters.DtlsReceived++;
                return loop.Sessions.Find(packet.Source) is { } dtls
                    ? dtls.ReceiveDtls(now, datagram, packet.Source)
                    : DropReason.DtlsNotValidatedTuple;
            default:
                return DropReason.UnknownProtocol;
        }
    }

    private DropReason RouteStun(Instant now, Span<byte> datagram, in TransportTuple source)
    {
        // A source that is known has a session to answer for it; strangers share a budget per address.
        var known = loop.Sessions.Find(source) is not null;
        if (!known && !strangers.TryTake(now, source))
        {
            return DropReason.StunRateLimited;
        }

        if (loop.Sessions.Dialing.Count != 0 && StunMessage.IsResponse(datagram) && loop.Sessions.FindDialing(datagram) is { } dialing)
        {
            return dialing.ReceiveStun(now, datagram, source);
        }

        if (!UfragKey.TryRead(datagram, out var ufrag))
        {
            return DropReason.StunMalformed;
        }

        return loop.Sessions.Find(ufrag) is { } session
            ? session.ReceiveStun(now, datagram, source)
            : DropReason.StunUnknownUfrag;
    }
}
