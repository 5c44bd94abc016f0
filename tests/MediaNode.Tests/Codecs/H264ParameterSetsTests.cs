using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Codecs;

public sealed class H264ParameterSetsTests
{
    private static readonly byte[] Sps = [0x67, 0x42, 0xC0, 0x1F];
    private static readonly byte[] OtherSps = [0x67, 0x42, 0xC0, 0x20, 0x55];
    private static readonly byte[] Pps = [0x68, 0xCE, 0x3C, 0x80];
    private static readonly byte[] OtherPps = [0x68, 0xCE, 0x3D];
    private static readonly byte[] Idr = [0x65, 0x88, 0x80];
    private static readonly byte[] Slice = [0x41, 0x9A, 0x24];

    private readonly H264ParameterSets _sets = new();
    private long _sequence = 70_000;
    private uint _timestamp;

    [Fact]
    public void Sets_of_one_picture_become_one_packet_each_once_wherever_they_stand()
    {
        Picture(Sps, Pps, OtherPps, Pps, Idr);
        Assert.Equal(StapA(Sps, Pps, OtherPps), Held);
        Picture([0x78, .. StapA(OtherSps, OtherPps)[1..], .. Unit(Idr)]);
        Assert.Equal(StapA(OtherSps, OtherPps), Held);
        Picture(Pps, Slice); // a further one, of the same sequence parameter set
        Assert.Equal(StapA(OtherSps, OtherPps, Pps), Held);
    }

    [Fact]
    public void An_idr_picture_without_is_told_apart_from_one_whose_sets_came_in_a_packet_of_their_own()
    {
        Assert.False(Picture(Sps, Pps, Idr).LacksParameterSets);
        Assert.False(Picture(Slice).LacksParameterSets);
        Assert.True(Picture(Idr).LacksParameterSets);
        Assert.True(Picture([0x09, 0x10], Idr).LacksParameterSets); // behind a delimiter
        Assert.False(Picture(StapA(Sps, Pps), Idr).LacksParameterSets);
        Assert.False(Picture(Slice).LacksParameterSets);
    }

    [Fact]
    public void Where_a_packet_is_missing_before_it_nobody_knows_what_was_in_that()
    {
        Picture(Sps, Pps, Idr);
        _sequence++;
        var idr = Picture(Idr);
        Assert.False(idr.LacksParameterSets);
        Assert.True(idr.HasEarlierParameterSets);
        Assert.True(Picture(Idr).LacksParameterSets);
        _timestamp += 3000;
        Packet([0x09, 0x10]);
        _sequence++;
        Assert.False(Packet(Idr).LacksParameterSets);
    }

    [Fact]
    public void Without_both_kinds_there_is_nothing_to_give()
    {
        Picture(Pps, Idr);
        Assert.Empty(Held);
        Assert.False(Picture(Idr).HasEarlierParameterSets);
        Picture(Sps, Idr);
        Assert.Empty(Held);
        var idr = Picture(Idr);
        Assert.Equal((false, true), (idr.LacksParameterSets, idr.HasEarlierParameterSets));
    }

    [Fact]
    public void Late_packets_change_nothing_and_a_new_stream_starts_anew()
    {
        Picture(Sps, Pps, Idr);
        var late = _sequence - 3;
        Picture(OtherSps, OtherPps, Idr);
        var info = Parse(Sps);
        _sets.Observe(Sps, late, 0, ref info);
        Assert.Equal(StapA(OtherSps, OtherPps), Held);
        _sets.Reset();
        Assert.Empty(Held);
        _sequence = 5;
        Assert.False(Picture(Idr).LacksParameterSets);
        Picture(Sps, Pps, Idr);
        Assert.True(Picture(Idr).LacksParameterSets);
    }

    [Fact]
    public void Too_long_ones_are_not_kept_and_broken_ones_do_no_harm()
    {
        Picture([.. Sps, .. new byte[H264ParameterSets.MaxLength]], Pps, Idr);
        Assert.True(Held.Length is 0 or 7);
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var payload = new byte[random.Next(40)];
            random.NextBytes(payload);
            if (payload.Length > 0)
            {
                payload[0] = (byte)(random.Next(3) switch { 0 => 24, 1 => 7, _ => 8 });
            }

            var info = new FrameInfo { Codec = CodecKind.H264, IsPadding = payload.Length == 0 };
            _sets.Observe(payload, _sequence++, _timestamp += (uint)random.Next(2), ref info);
            Assert.True(Held.Length <= H264ParameterSets.MaxLength);
        }
    }

    [Fact]
    public void Observing_allocates_nothing()
    {
        Picture(Sps, Pps, OtherPps, Idr);
        var info = Parse(Sps);
        Assert.Equal(0, Allocations.Least(_ =>
        {
            for (var i = 0; i < 100; i++)
            {
                _timestamp += 3000;
                _sets.Observe(Sps, _sequence++, _timestamp, ref info);
                _sets.Observe(Pps, _sequence++, _timestamp, ref info);
                _sets.Observe(Idr, _sequence++, _timestamp, ref info);
            }
        }));
    }

    private byte[] Held => _sets.Packet.ToArray();

    private static byte[] StapA(params byte[][] units) => [0x78, .. units.SelectMany(Unit)];

    private static byte[] Unit(byte[] unit) => [0, (byte)unit.Length, .. unit];

    private static FrameInfo Parse(byte[] payload)
    {
        Assert.Equal(DropReason.None, new FrameParser().TryParse(CodecKind.H264, payload, false, default, out var info));
        return info;
    }

    /// <summary>What is known of the last packet of a picture.</summary>
    private FrameInfo Picture(params byte[][] packets)
    {
        _timestamp += 3000;
        return Array.ConvertAll(packets, Packet)[^1];
    }

    private FrameInfo Packet(byte[] payload)
    {
        var info = Parse(payload);
        _sets.Observe(payload, _sequence++, _timestamp, ref info);
        return info;
    }
}
