using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Tests.Projection;

/// <summary>A packet of a simulated publisher.</summary>
internal sealed record SourcePacket(
    int Encoding, long Sequence, long Timestamp, bool Marker, byte[] Payload, Instant Arrival, byte[]? Descriptor = null,
    bool IsRed = false);

/// <summary>What a subscriber got, parsed again from the rewritten octets.</summary>
internal sealed record SentPacket(SourcePacket Source, long Timestamp, bool Marker, byte[] Payload, byte[] Descriptor, FrameInfo Info, bool IsFirst);

/// <summary>A subscription: parses as the receiving side would, projects, applies the patch and parses the result.</summary>
internal sealed class Subscription(StreamProjection projection)
{
    private FrameParser[] _parsers = NewParsers();
    private FrameParser _receiver = new();

    public StreamProjection Projection { get; private set; } = projection;

    public List<SentPacket> Sent { get; } = [];

    public List<DropReason> Drops { get; } = [];

    public ProjectionResult Last { get; private set; }

    public void Rebind(CodecKind codec)
    {
        Projection = Projection.Rebind(codec);
        _parsers = NewParsers();
        _receiver = new FrameParser();
    }

    public bool Feed(SourcePacket packet)
    {
        var info = Parse(_parsers[packet.Encoding], packet.Payload, packet.Marker, packet.Descriptor ?? [], packet.IsRed);
        Last = Projection.Project(
            new ProjectionInput(packet.Encoding, packet.Sequence, packet.Timestamp, packet.Marker, packet.Arrival), info);
        if (!Last.Forward)
        {
            Drops.Add(Last.Reason);
            return false;
        }

        var (payload, descriptor) = Apply(Last.Patch, packet);
        Assert.Equal((uint)Last.Timestamp, Last.Patch.Timestamp);
        Assert.Equal(packet.Encoding, Last.Patch.Encoding);
        var isRed = packet.IsRed && (Last.Patch.Parts & PatchParts.UnwrapRed) == 0;
        var egress = Parse(_receiver, payload, Last.Patch.Marker, descriptor, isRed);
        Sent.Add(new SentPacket(packet, Last.Timestamp, Last.Patch.Marker, payload, descriptor, egress, Last.IsFirstOfSource));
        return true;
    }

    public void FeedAll(IEnumerable<SourcePacket> packets)
    {
        foreach (var packet in packets)
        {
            Feed(packet);
        }
    }

    /// <summary>Applies a patch as the sender does, and as a re-send does later.</summary>
    public static (byte[] Payload, byte[] Descriptor) Apply(PacketPatch patch, SourcePacket packet)
    {
        Span<byte> prefix = stackalloc byte[PacketPatch.MaxPrefixLength];
        var written = patch.WritePayloadPrefix(packet.Payload, prefix, out var skip);
        byte[] payload = [.. prefix[..written], .. packet.Payload[skip..]];
        if (packet.Descriptor is not { } source)
        {
            return (payload, []);
        }

        var descriptor = new byte[source.Length + DependencyDescriptorWriter.MaxGrowth];
        return (payload, descriptor[..patch.WriteDependencyDescriptor(source, descriptor)]);
    }

    private FrameInfo Parse(FrameParser parser, byte[] payload, bool marker, byte[] descriptor, bool isRed)
    {
        var reason = isRed
            ? FrameParser.TryParseRed(payload, out var info)
            : parser.TryParse(Projection.Codec, payload, marker, descriptor, out info);
        Assert.Equal(DropReason.None, reason);
        return info;
    }

    private static FrameParser[] NewParsers() => [new(), new(), new()];
}
