using Nexus.MediaNode;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.Fuzz.Rtp;

/// <summary>RTP header, header extensions, rewriting for a subscriber, and repeats.</summary>
public sealed class RtpTarget : IFuzzTarget
{
    private static readonly HeaderExtensionMap Publisher = Map(0);
    private static readonly HeaderExtensionMap Subscriber = Map(3);

    public static IEnumerable<byte[]> Seeds =>
    [
        Convert.FromHexString("806000010000000100000001" + "000102030405"),
        Convert.FromHexString("B2E0ABCD010203040A0B0C0D0000000100000002BEDE000310AA21BBCC3241424300112233000003"),
        Convert.FromHexString("906000010000000100000001" + "10000003" + "01020102" + "0A000B03" + "01020300" + "AABBCC"),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (RtpPacketView.TryParse(input, out var view) != DropReason.None)
        {
            return;
        }

        var header = view.Header;
        Assert.Equal(input.Length, header.PayloadOffset + header.PayloadLength + header.PaddingLength);
        var extensions = view.Extensions;
        while (extensions.MoveNext())
        {
            ReadValues(extensions.Data);
        }

        Rewrite(view);
        var copy = input.ToArray();
        if (Rtx.TryDecapsulate(copy, header, 96, 5, out var original) == DropReason.None)
        {
            Assert.Equal(DropReason.None, RtpHeader.TryParse(copy.AsSpan(Rtx.OverheadLength), out var again));
            Assert.Equal(original, again);
        }
    }

    // What was written for the subscriber reads back with the same values.
    private static void Rewrite(RtpPacketView view)
    {
        var index = HeaderExtensionIndex.Of(view.Packet, view.Header, Publisher);
        Span<byte> buffer = stackalloc byte[64];
        var writer = new RtpHeaderWriter(buffer, Subscriber, view.Marker, view.PayloadType, 1, 2, 3);
        writer.AddTransportSequence();
        writer.CopyFrom(view.Packet, index, HeaderExtensionKinds.EndToEnd.With(HeaderExtensionKind.DependencyDescriptor));
        var length = writer.Complete();
        Assert.Equal(DropReason.None, RtpHeader.TryParse(buffer[..length], out var header));
        var written = HeaderExtensionIndex.Of(buffer, header, Subscriber);
        Assert.True(written.Kinds.Contains(HeaderExtensionKind.TransportSequence));
        foreach (var kind in Enum.GetValues<HeaderExtensionKind>())
        {
            Assert.True(
                kind == HeaderExtensionKind.TransportSequence || !written.TryGet(kind, buffer, out var data)
                || data.SequenceEqual(index.Get(kind, view.Packet)));
        }
    }

    private static void ReadValues(ReadOnlySpan<byte> data)
    {
        _ = HeaderExtensionValue.TryReadTransportSequence(data, out _);
        _ = HeaderExtensionValue.TryReadAudioLevel(data, out _);
        _ = HeaderExtensionValue.TryReadVideoOrientation(data, out _);
        _ = HeaderExtensionValue.TryReadAbsSendTime(data, out _);
        _ = HeaderExtensionValue.TryReadPlayoutDelay(data, out _);
        _ = HeaderExtensionValue.TryReadAbsCaptureTime(data, out _);
        _ = HeaderExtensionValue.TryReadTransmissionOffset(data, out _);
    }

    private static HeaderExtensionMap Map(int shift)
    {
        var map = new HeaderExtensionMap { AllowMixed = true };
        for (var kind = HeaderExtensionKind.Mid; kind <= HeaderExtensionKind.TransmissionOffset; kind++)
        {
            _ = map.TryAdd(((((int)kind) + shift) % 14) + 1, kind);
        }

        return map;
    }
}
