using Nexus.Link;
using Nexus.TestKit.Media;

namespace Nexus.Bench.Memory;

/// <summary>What the node's control side keeps of a viewer beside its loop: desired state, offer, what was negotiated.</summary>
internal static class ControlMemory
{
    private static readonly TestSection[] Sections =
        [new("audio", "recvonly", ["opus"]), new("video", "recvonly", ["VP8", "VP9", "H264", "AV1"])];

    /// <summary>Octets of one viewer that has joined and was answered, but has not connected: without SRTP and association, with its loop's session.</summary>
    public static long Measure(int viewers, Func<long> settled)
    {
        using var node = new VirtualNode();
        Join(node, "first");
        node.Sent.Clear();
        var before = settled();
        for (var i = 0; i < viewers; i++)
        {
            Join(node, $"viewer-{i}");
            node.Sent.Clear();
        }

        return (settled() - before) / viewers;
    }

    private static void Join(VirtualNode node, string name)
    {
        var fingerprint = "sha-256 " + string.Join(':', Enumerable.Repeat("4A", 32));
        var offer = TestOffer.Write("ufrag", "password-of-22-characters", fingerprint, Sections, rtx: true);
        var applied = node.Apply(name, VirtualNode.Desired(name, SessionLeg.Play) with { Offer = new SdpOffer(1, offer) });
        if (applied.Answer is null)
        {
            throw new InvalidOperationException(applied.Error?.Message);
        }    }
}
