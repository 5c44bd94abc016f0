using Nexus.MediaNode;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;
using Nexus.TestKit.Media;

namespace Nexus.Bench.Memory;

/// <summary>What the parts of a viewer's session take on the managed heap, each by itself as it is made.</summary>
internal static class ViewerParts
{
    public const string SrtpOfOnePeer = "of it SRTP contexts of both directions";

    private const int Repeats = 100;

    public static IReadOnlyList<(string Part, long Octets)> Measure()
    {
        var keys = ForwardingRig.Keys();
        return
        [
            Of(SrtpOfOnePeer, () => new SrtpContexts(keys)),
            Of("of it ICE agent", () => new IceLiteAgent(new Instant(0), IceCredentials.Create())),
            Of("of it arrival times (transport-wide feedback)", () => new TransportFeedbackGenerator(1)),
            Of("of it demultiplexer", () => new SsrcDemultiplexer()),
            Of("of it what was sent (sequencer)", () => new Sequencer()),
            Of("of it numbers (munger)", () => new SequenceMunger(1)),
            Of("of it projection, VP8", () => StreamProjection.Create(CodecKind.Vp8, 1)),
            Of("with data channels, besides: SCTP", () => new DataChannels(DtlsRole.Server, SctpOptions.Default)),
        ];
    }

    private static (string Part, long Octets) Of(string part, Func<object> make)
    {
        _ = make();
        var made = new object[Repeats];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Repeats; i++)
        {
            made[i] = make();
        }

        var octets = GC.GetAllocatedBytesForCurrentThread() - before;
        foreach (var one in made)
        {
            (one as IDisposable)?.Dispose();
        }

        return (part, octets / Repeats);
    }
}
