using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Relay;

/// <summary>A track of a room, in one codec, as the node of its publisher offers it to another. Immutable.</summary>
/// <param name="Room">Its key.</param>
/// <param name="Sid">Of the track; with the same one it is offered in different codecs.</param>
/// <param name="Codec">As its publisher negotiated it: payload types on the link are his, since RED names them inside.</param>
internal sealed record RelayedTrack(string Room, string Identity, string ParticipantSid, string Sid, MediaKind Kind, RtpCodec Codec)
{
    /// <summary>Most simulcast layers.</summary>
    public const int MostEncodings = EncodingActivity.MaxEncodings;

    /// <summary>One array for all, so that equal tracks are equal.</summary>
    private static readonly ImmutableArray<string> Single = [""];

    private const int MostMembers = 200;
    private const int MostAudience = 40_000; // octets
    private const byte RtxPayloadType = 127;

    public bool IsScreen { get; init; }

    /// <summary>As its publisher calls it: <c>camera</c>, <c>screenAudio</c> …; may be empty.</summary>
    public string Source { get; init; } = "";

    /// <summary>Who may receive it.</summary>
    public Audience Audience { get; init; } = Audience.All;

    /// <summary>Names of its encodings in the order of its publisher's offer.</summary>
    public ImmutableArray<string> Rids { get; init; } = Single;

    /// <summary>Of each encoding on the link, and of its repeats; made by the sending end.</summary>
    public ImmutableArray<uint> Ssrcs { get; init; } = [];

    public ImmutableArray<uint> RtxSsrcs { get; init; } = [];

    /// <summary>A payload type that the codec has not.</summary>
    public byte Rtx => (byte)(Codec.PayloadType == RtxPayloadType ? RtxPayloadType - 1 : RtxPayloadType);

    /// <summary>The section that it is on a link's session.</summary>
    public static string MidOf(uint id) => id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>What the receiving end publishes it as.</summary>
    public PublishPlan ToPublishPlan(uint id, short index) => new()
    {
        Sid = Sid,
        Mid = MidOf(id),
        Kind = Kind,
        Codec = Codec.Kind,
        IsScreen = IsScreen,
        PayloadType = (byte)Codec.PayloadType,
        RtxPayloadType = Kind == MediaKind.Video ? Rtx : null,
        RedPayloadType = (byte?)Codec.RedPayloadType,
        ClockRate = Codec.ClockRate,
        Nack = Kind == MediaKind.Video,
        Rids = Rids,
        Demux = new DemuxMedia
        {
            Index = index,
            Ssrcs = Ssrcs,
            SimGroup = Ssrcs.Length > 1 ? Ssrcs : [],
            FidGroups = Kind == MediaKind.Video ? [.. Ssrcs.Zip(RtxSsrcs)] : [],
        },
    };

    public void Write(ref RelayWriter writer)
    {
        writer.Text(Room);
        writer.Text(Identity);
        writer.Text(ParticipantSid);
        writer.Text(Sid);
        writer.Text(Source);
        writer.Octet((int)Kind);
        writer.Flag(IsScreen);
        writer.Octet(Codec.PayloadType);
        writer.Text(Codec.Name);
        writer.UInt32((uint)Codec.ClockRate);
        writer.Octet(Codec.Channels);
        writer.Text(Codec.Fmtp.ToString());
        writer.Octet(Codec.RedPayloadType ?? 0);
        writer.Octet(Rids.Length);
        for (var i = 0; i < Rids.Length; i++)
        {
            writer.Text(Rids[i]);
            writer.UInt32(Ssrcs[i]);
            writer.UInt32(RtxSsrcs[i]);
        }

        Write(ref writer, Audience);
    }

    public static RelayedTrack Read(ref RelayReader reader)
    {
        string room = reader.Text(), identity = reader.Text(), participant = reader.Text(), sid = reader.Text(), source = reader.Text();
        var kind = (MediaKind)reader.Octet();
        var isScreen = reader.Flag();
        var codec = new RtpCodec
        {
            PayloadType = reader.Octet() & 127,
            Name = reader.Text(),
            ClockRate = (int)reader.UInt32(),
            Channels = reader.Octet(),
            Fmtp = FormatParameters.Parse(reader.Text()),
            RedPayloadType = reader.Octet() is > 0 and < 128 and var red ? red : null,
        };
        var count = reader.Count(MostEncodings);
        var rids = new string[count];
        uint[] ssrcs = new uint[count], repeats = new uint[count];
        for (var i = 0; i < count; i++)
        {
            (rids[i], ssrcs[i], repeats[i]) = (reader.Text(), reader.UInt32(), reader.UInt32());
        }

        return new RelayedTrack(room, identity, participant, sid, kind, codec)
        {
            IsScreen = isScreen,
            Source = source,
            Rids = [.. rids],
            Ssrcs = [.. ssrcs],
            RtxSsrcs = [.. repeats],
            Audience = ReadAudience(ref reader),
        };
    }

    /// <summary>Nobody, rather than everybody, where the list is too long to be told.</summary>
    private static void Write(ref RelayWriter writer, Audience audience)
    {
        writer.Flag(audience.Everyone);
        var octets = audience.Members.Sum(m => 3 * (m.Identity.Length + m.ParticipantSid.Length + m.TrackSids.Take(MostMembers).Sum(t => t.Length + 1) + 2));
        var members = audience.Members.Length > MostMembers || octets > MostAudience ? [] : audience.Members;
        writer.Octet(members.Length);
        foreach (var member in members)
        {
            writer.Text(member.Identity);
            writer.Text(member.ParticipantSid);
            writer.Flag(member.AllTracks);
            writer.Octet(Math.Min(member.TrackSids.Length, MostMembers));
            foreach (var sid in member.TrackSids.Take(MostMembers))
            {
                writer.Text(sid);
            }
        }
    }

    private static Audience ReadAudience(ref RelayReader reader)
    {
        var everyone = reader.Flag();
        var members = new AudienceMember[reader.Count(MostMembers)];
        for (var i = 0; i < members.Length; i++)
        {
            string identity = reader.Text(), sid = reader.Text();
            var all = reader.Flag();
            var tracks = new string[reader.Count(MostMembers)];
            for (var t = 0; t < tracks.Length; t++)
            {
                tracks[t] = reader.Text();
            }

            members[i] = new AudienceMember { Identity = identity, ParticipantSid = sid, AllTracks = all, TrackSids = [.. tracks] };
        }

        return everyone ? Audience.All : new Audience { Everyone = false, Members = [.. members] };
    }
}
