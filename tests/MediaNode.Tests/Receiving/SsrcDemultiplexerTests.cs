using System.Text;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Receiving;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Receiving;

public sealed class SsrcDemultiplexerTests
{
    private const byte Opus = 111;
    private const byte Vp8 = 96;
    private const byte Vp8Rtx = 97;

    private static readonly DemuxMedia Audio = new() { Index = 0, Mid = "0", PayloadTypes = [Opus] };

    private static readonly DemuxMedia Simulcast = new()
    {
        Index = 1, Mid = "1", Rids = ["q", "h", "f"], PayloadTypes = [Vp8], RtxPayloadTypes = [Vp8Rtx],
    };

    private readonly SsrcDemultiplexer _demultiplexer = new(maxSsrcs: 8);

    [Fact]
    public void Mid_and_rid_are_latched_to_the_ssrc()
    {
        Add(Audio, Simulcast);
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(1, 2, false)), Resolve(30, Vp8, "1", "f"));
        Assert.Equal((DemuxStatus.Known, new StreamIdentity(1, 2, false)), Resolve(30, Vp8));
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(1, 0, false)), Resolve(10, Vp8, "1", "q"));
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(0, 0, false)), Resolve(5, Opus, "0"));
        Assert.True(_demultiplexer.TryGetSsrc(new(1, 2, false), out var ssrc));
        Assert.Equal(30u, ssrc);
    }

    [Fact]
    public void Repaired_rid_leads_a_repeat_to_its_layer_and_waits_for_the_original()
    {
        Add(Audio, Simulcast);
        Assert.Equal(DemuxStatus.Hold, Resolve(31, Vp8Rtx, "1", repaired: "f").Status);
        Assert.Equal(DemuxStatus.Hold, Resolve(31, Vp8Rtx).Status);
        Assert.Equal(DemuxStatus.Latched, Resolve(30, Vp8, "1", "f").Status);
        var result = ResolveFully(31, Vp8Rtx);
        Assert.Equal((DemuxStatus.Known, new StreamIdentity(1, 2, true), 30u), (result.Status, result.Stream, result.PrimarySsrc));
    }

    [Fact]
    public void A_packet_that_names_only_its_section_is_held_when_there_are_layers()
    {
        Add(Audio, Simulcast);
        Assert.Equal(DemuxStatus.Hold, Resolve(30, Vp8, "1").Status);
        Assert.Equal(DemuxStatus.Hold, Resolve(30, Vp8).Status);
        Assert.Equal(DemuxStatus.Latched, Resolve(30, Vp8, "1", "h").Status);
    }

    [Fact]
    public void A_fid_group_tells_repeats_from_originals()
    {
        Add(Audio, Plain(1));
        Assert.Equal((DemuxStatus.Known, new StreamIdentity(1, 0, false)), Resolve(100, Vp8));
        var repeat = ResolveFully(101, Vp8Rtx);
        Assert.Equal((DemuxStatus.Known, new StreamIdentity(1, 0, true), 100u), (repeat.Status, repeat.Stream, repeat.PrimarySsrc));
    }

    [Fact]
    public void A_sim_group_makes_layers_without_rids()
    {
        Add(new DemuxMedia
        {
            Index = 4, Mid = "v", PayloadTypes = [Vp8], RtxPayloadTypes = [Vp8Rtx], SimGroup = [1, 2, 3],
            Ssrcs = [1, 2, 3, 11, 12, 13], FidGroups = [(1, 11), (2, 12), (3, 13)],
        });
        Assert.Equal(new StreamIdentity(4, 2, false), Resolve(3, Vp8).Stream);
        Assert.Equal(new StreamIdentity(4, 1, false), Resolve(2, Vp8, "v").Stream);
        Assert.Equal(2u, ResolveFully(12, Vp8Rtx).PrimarySsrc);
        Assert.Equal(DemuxStatus.Hold, Resolve(99, Vp8, "v").Status);
    }

    [Fact]
    public void A_payload_type_of_one_section_only_is_enough()
    {
        Add(Audio, new() { Index = 1, Mid = "1", PayloadTypes = [Vp8], RtxPayloadTypes = [Vp8Rtx] });
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(0, 0, false)), Resolve(5, Opus));
        Assert.Equal(DemuxStatus.Hold, Resolve(8, Vp8Rtx).Status);
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(1, 0, false)), Resolve(7, Vp8));
        Assert.Equal(7u, ResolveFully(8, Vp8Rtx).PrimarySsrc);
    }

    [Fact]
    public void A_payload_type_alone_does_not_displace_a_declared_ssrc_where_packets_name_their_section_but_a_mid_does()
    {
        Add(Audio, Plain(1));
        Assert.Equal(DemuxStatus.Known, Resolve(100, Vp8, "1").Status);
        Assert.Equal(DemuxStatus.Hold, Resolve(7, Vp8).Status);
        Add(Plain(1)); // described again
        Assert.Equal(DemuxStatus.Hold, Resolve(7, Vp8).Status);
        Assert.Equal(DemuxStatus.Known, Resolve(100, Vp8).Status);
        Assert.Equal(DemuxStatus.Latched, Resolve(7, Vp8, "1").Status);
        Assert.Equal(7u, ResolveFully(101, Vp8Rtx).PrimarySsrc);
    }

    [Fact]
    public void A_new_ssrc_replaces_a_declared_one_by_its_payload_type_where_packets_name_no_section()
    {
        Add(new() { Index = 0, Mid = "0", PayloadTypes = [Opus], Ssrcs = [50] }, Plain(1));
        Assert.Equal(DemuxStatus.Known, Resolve(100, Vp8).Status);
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(1, 0, false)), Resolve(7, Vp8));
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(1, 0, true)), Resolve(8, Vp8Rtx));
        Assert.Equal(7u, ResolveFully(8, Vp8Rtx).PrimarySsrc);
        Assert.Equal((DemuxStatus.Known, new StreamIdentity(0, 0, false)), Resolve(50, Opus));
        Assert.True(_demultiplexer.TryGetSsrc(new(0, 0, false), out var audio));
        Assert.Equal(50u, audio); // the other section has its own
    }

    [Fact]
    public void A_payload_type_of_two_sections_tells_nothing()
    {
        Add(Audio, new() { Index = 1, Mid = "1", PayloadTypes = [Opus] });
        Assert.Equal(DemuxStatus.Hold, Resolve(5, Opus).Status);
        Assert.Equal(DemuxStatus.Latched, Resolve(5, Opus, "1").Status);
    }

    [Fact]
    public void A_payload_type_that_was_not_negotiated_is_dropped()
    {
        Add(Audio);
        var result = ResolveFully(5, 100);
        Assert.Equal((DemuxStatus.Drop, DropReason.RtpUnknownPayloadType), (result.Status, result.Reason));
    }

    [Fact]
    public void Only_a_few_packets_of_unknown_ssrcs_are_held()
    {
        Add(Simulcast);
        for (var i = 0; i < SsrcDemultiplexer.MaxHeldPerSsrc; i++)
        {
            Assert.Equal(DemuxStatus.Hold, Resolve(1000, Vp8).Status);
        }

        Assert.Equal(DropReason.RtpUnknownSsrc, ResolveFully(1000, Vp8).Reason);
        for (uint ssrc = 1001; ssrc < 1000 + SsrcDemultiplexer.MaxHeldSsrcs; ssrc++)
        {
            Assert.Equal(DemuxStatus.Hold, Resolve(ssrc, Vp8).Status);
        }

        Assert.Equal(DropReason.RtpUnknownSsrc, ResolveFully(2000, Vp8).Reason);
        Assert.Equal(DemuxStatus.Latched, Resolve(30, Vp8, "1", "f").Status);
        Assert.Equal(DemuxStatus.Hold, Resolve(1000, Vp8).Status);
    }

    [Fact]
    public void A_publisher_that_renews_its_ssrc_keeps_one_per_stream()
    {
        Add(Audio, Simulcast);
        for (uint ssrc = 1; ssrc < 100; ssrc++)
        {
            Assert.Equal(DemuxStatus.Latched, Resolve(ssrc, Vp8, "1", "h").Status);
            Assert.Equal(1, _demultiplexer.Count);
        }

        Assert.True(_demultiplexer.TryGetSsrc(new(1, 1, false), out var current));
        Assert.Equal(99u, current);
    }

    [Fact]
    public void More_ssrcs_than_allowed_are_refused()
    {
        for (short i = 0; i < 10; i++)
        {
            Add(new DemuxMedia { Index = i, Mid = $"m{i}", PayloadTypes = [Opus] });
        }

        for (uint i = 0; i < 8; i++)
        {
            Assert.Equal(DemuxStatus.Latched, Resolve(i, Opus, $"m{i}").Status);
        }

        Assert.Equal(DropReason.RtpTooManySsrcs, ResolveFully(8, Opus, "m8").Reason);
    }

    [Fact]
    public void An_ssrc_that_moves_to_another_section_is_followed()
    {
        Add(Audio, new() { Index = 3, Mid = "3", PayloadTypes = [Opus] });
        Resolve(5, Opus, "0");
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(3, 0, false)), Resolve(5, Opus, "3"));
        Assert.False(_demultiplexer.TryGetSsrc(new(0, 0, false), out _));
    }

    [Fact]
    public void A_section_described_again_keeps_its_ssrcs_and_a_removed_one_forgets_them()
    {
        Add(Audio, Simulcast);
        Resolve(30, Vp8, "1", "f");
        Add(Simulcast);
        Assert.Equal(DemuxStatus.Known, Resolve(30, Vp8).Status);
        Assert.True(_demultiplexer.TryGetSsrc(new(1, 2, false), out _));
        _demultiplexer.RemoveMedia(1);
        Assert.Equal(0, _demultiplexer.Count);
        Assert.Equal(DropReason.RtpUnknownPayloadType, ResolveFully(30, Vp8).Reason);
    }

    [Fact]
    public void A_section_that_comes_back_has_its_ssrcs_again_though_no_packet_names_a_rid_any_more()
    {
        Add(Audio, Simulcast);
        Resolve(30, Vp8, "1", "f");
        Resolve(31, Vp8Rtx, "1", repaired: "f");
        Resolve(10, Vp8, "1", "q");
        _demultiplexer.RemoveMedia(1);
        Add(new DemuxMedia { Index = 4, Mid = "1", Rids = ["h", "f"], PayloadTypes = [Vp8], RtxPayloadTypes = [Vp8Rtx] });

        Assert.Equal((DemuxStatus.Known, new StreamIdentity(4, 1, false)), Resolve(30, Vp8));
        Assert.Equal(30u, ResolveFully(31, Vp8Rtx).PrimarySsrc);
        Assert.Equal(DemuxStatus.Hold, Resolve(10, Vp8).Status); // its layer is not offered any more
        Assert.Equal((DemuxStatus.Latched, new StreamIdentity(4, 1, false)), Resolve(32, Vp8, "1", "f")); // the sender may still take a new one
        Assert.NotEqual(DemuxStatus.Known, Resolve(30, Vp8).Status);
    }

    [Fact]
    public void Another_section_does_not_inherit_the_ssrcs_of_a_removed_one()
    {
        Add(Simulcast);
        Resolve(30, Vp8, "1", "f");
        _demultiplexer.RemoveMedia(1);
        Add(new DemuxMedia { Index = 2, Mid = "2", Rids = ["q", "h", "f"], PayloadTypes = [Vp8] });
        Assert.Equal(DemuxStatus.Hold, Resolve(30, Vp8).Status);
    }

    [Fact]
    public void An_unknown_rid_is_held_and_not_taken_for_another_layer()
    {
        Add(Simulcast);
        Assert.Equal(DemuxStatus.Hold, Resolve(30, Vp8, "1", "x").Status);
    }

    [Fact]
    public void Telling_a_known_ssrc_allocates_nothing()
    {
        Add(Audio, Simulcast);
        var header = new RtpHeader { Ssrc = 30, PayloadType = Vp8 };
        _demultiplexer.Resolve(header, "1"u8, "f"u8, default);
        Assert.Equal(0, Allocations.Least(_ =>
        {
            for (var i = 0; i < 1000; i++)
            {
                _demultiplexer.Resolve(header, "1"u8, default, default);
            }
        }));
    }

    private static DemuxMedia Plain(short index) => new()
    {
        Index = index, Mid = $"{index}", PayloadTypes = [Vp8], RtxPayloadTypes = [Vp8Rtx], Ssrcs = [100, 101], FidGroups = [(100, 101)],
    };

    private void Add(params DemuxMedia[] medias) => Array.ForEach(medias, _demultiplexer.AddMedia);

    private (DemuxStatus Status, StreamIdentity Stream) Resolve(
        uint ssrc, byte payloadType, string mid = "", string rid = "", string repaired = "")
    {
        var result = ResolveFully(ssrc, payloadType, mid, rid, repaired);
        return (result.Status, result.Stream);
    }

    private DemuxResult ResolveFully(uint ssrc, byte payloadType, string mid = "", string rid = "", string repaired = "") =>
        _demultiplexer.Resolve(
            new RtpHeader { Ssrc = ssrc, PayloadType = payloadType },
            Encoding.ASCII.GetBytes(mid),
            Encoding.ASCII.GetBytes(rid),
            Encoding.ASCII.GetBytes(repaired));
}
