namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>
/// The formats of our own offers. A payload type stands for the same format in all sections and all offers of a session, as one
/// transport asks for (RFC 9143 section 9.1), so the numbers are fixed. Pure.
/// </summary>
public static class OfferedFormat
{
    /// <summary>
    /// The format, with its retransmissions, in which a section offers a track. H264 is offered as Constrained Baseline of level 3.1
    /// whatever the track is: every receiver takes that, and decodes the rest as well (<see cref="CodecMatch"/>).
    /// </summary>
    public static RtpCodec Of(RtpCodec track) => track.Kind switch
    {
        CodecKind.Vp8 => Video(96, "VP8", FormatParameters.Empty),
        CodecKind.Vp9 => Vp9(track),
        CodecKind.H264 => H264(track),
        CodecKind.Av1 => Av1(track),
        _ => Opus(track),
    };

    /// <summary>Of a section that no track has had yet.</summary>
    public static RtpCodec Of(MediaKind kind) => Of(kind == MediaKind.Audio
        ? new RtpCodec { PayloadType = 0, Name = "opus", ClockRate = 48_000, Channels = 2 }
        : new RtpCodec { PayloadType = 0, Name = "VP8", ClockRate = 90_000 });

    private static RtpCodec Opus(RtpCodec track)
    {
        // What is sent in stereo is said to be (RFC 7587 section 7.1): receivers would mix it down otherwise.
        bool stereo = track.Fmtp.Is("sprop-stereo", "1") || track.Fmtp.Is("stereo", "1");
        return new()
        {
            PayloadType = stereo ? 110 : 111,
            Name = "opus",
            ClockRate = 48_000,
            Channels = 2,
            Fmtp = FormatParameters.Parse(stereo ? "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1" : "minptime=10;useinbandfec=1"),
            Feedback = RtcpFeedback.Nack | RtcpFeedback.TransportCc,
        };
    }

    private static RtpCodec Vp9(RtpCodec track) => track.Fmtp["profile-id"] is "2"
        ? Video(100, "VP9", FormatParameters.Of(("profile-id", "2")))
        : Video(98, "VP9", FormatParameters.Of(("profile-id", "0")));

    private static RtpCodec Av1(RtpCodec track) => track.Fmtp["profile"] is "1"
        ? Video(47, "AV1", FormatParameters.Of(("profile", "1")))
        : Video(45, "AV1", FormatParameters.Of(("profile", "0")));

    private static RtpCodec H264(RtpCodec track)
    {
        var isMode1 = track.Fmtp["packetization-mode"] is "1";
        return Video(
            isMode1 ? 102 : 112,
            "H264",
            FormatParameters.Of(("level-asymmetry-allowed", "1"), ("packetization-mode", isMode1 ? "1" : "0"), ("profile-level-id", "42e01f")));
    }

    private static RtpCodec Video(int payloadType, string name, FormatParameters parameters) => new()
    {
        PayloadType = payloadType,
        Name = name,
        ClockRate = 90_000,
        Fmtp = parameters,
        Feedback = RtcpFeedback.Nack | RtcpFeedback.Pli | RtcpFeedback.Fir | RtcpFeedback.TransportCc,
        RtxPayloadType = payloadType + 1,
    };
}
