using System.Text;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Writes a description in the order of RFC 9429 section 5.3.</summary>
internal static class SdpWriter
{
    public static string Write(SessionDescription description)
    {
        var text = new StringBuilder(4096);
        text.Line("v=0")
            .Line($"o=- {description.SessionId} {description.Version} IN IP4 127.0.0.1")
            .Line("s=-")
            .Line("t=0 0");
        if (description.IceLite)
        {
            text.Line("a=ice-lite");
        }

        if (description.Bundle is { } bundle)
        {
            text.Line($"a=group:BUNDLE {string.Join(' ', bundle)}".TrimEnd(' '));
        }

        if (description.ExtmapAllowMixed)
        {
            text.Line("a=extmap-allow-mixed");
        }

        text.Line("a=msid-semantic: WMS *");
        WriteTransport(text, description.Transport, TransportDescription.Empty);
        foreach (var section in description.Media)
        {
            WriteSection(text, section, description);
        }

        return text.ToString();
    }

    internal static StringBuilder Line(this StringBuilder text, string line) => text.Append(line).Append("\r\n");

    /// <summary>Writes what differs from the level above.</summary>
    internal static void WriteTransport(StringBuilder text, TransportDescription transport, TransportDescription above)
    {
        if (transport.IceUfrag is { } ufrag && ufrag != above.IceUfrag)
        {
            text.Line($"a=ice-ufrag:{ufrag}");
        }

        if (transport.IcePwd is { } pwd && pwd != above.IcePwd)
        {
            text.Line($"a=ice-pwd:{pwd}");
        }

        if (transport.IceOptions.Count > 0 && !transport.IceOptions.SequenceEqual(above.IceOptions))
        {
            text.Line($"a=ice-options:{string.Join(' ', transport.IceOptions)}");
        }

        if (!transport.Fingerprints.SequenceEqual(above.Fingerprints))
        {
            foreach (var fingerprint in transport.Fingerprints)
            {
                text.Line($"a=fingerprint:{fingerprint}");
            }
        }

        if (transport.Setup is { } setup && setup != above.Setup)
        {
            text.Line($"a=setup:{setup.ToString().ToLowerInvariant()}");
        }

        foreach (var candidate in transport.Candidates)
        {
            text.Line($"a={candidate}");
        }

        if (transport.EndOfCandidates && !above.EndOfCandidates)
        {
            text.Line("a=end-of-candidates");
        }
    }

    private static void WriteSection(StringBuilder text, MediaSection section, SessionDescription session)
    {
        text.Line($"m={section.Media} {section.Port} {section.Protocol} {string.Join(' ', section.Formats)}")
            .Line("c=IN IP4 0.0.0.0");
        if (section.BundleOnly)
        {
            text.Line("a=bundle-only");
        }

        WriteTransport(text, section.Transport, session.Transport);
        if (section.Mid.Length > 0)
        {
            text.Line($"a=mid:{section.Mid}");
        }

        if (section.Kind == MediaKind.Application)
        {
            WriteData(text, section);
            return;
        }

        if (section.ExtmapAllowMixed && !session.ExtmapAllowMixed)
        {
            text.Line("a=extmap-allow-mixed");
        }

        foreach (var extension in section.Extensions)
        {
            text.Line($"a=extmap:{extension.Id}{(extension.Direction == MediaDirection.SendRecv ? "" : "/" + Name(extension.Direction))} {extension.Uri}");
        }

        text.Line($"a={Name(section.Direction)}");
        WriteRtp(text, section);
        WriteSources(text, section);
    }

    private static void WriteData(StringBuilder text, MediaSection section)
    {
        if (section.SctpPort is { } port)
        {
            text.Line($"a=sctp-port:{port}");
        }

        if (section.MaxMessageSize is { } size)
        {
            text.Line($"a=max-message-size:{size}");
        }
    }

    private static void WriteRtp(StringBuilder text, MediaSection section)
    {
        if (section.Msid is { } msid)
        {
            text.Line($"a=msid:{msid}");
        }

        if (section.RtcpMux)
        {
            text.Line("a=rtcp-mux");
        }

        if (section.RtcpRsize)
        {
            text.Line("a=rtcp-rsize");
        }

        foreach (var codec in section.Codecs)
        {
            if (codec.Name.Length > 0)
            {
                text.Line($"a=rtpmap:{codec.PayloadType} {codec.Name}/{codec.ClockRate}{(codec.Channels > 1 ? $"/{codec.Channels}" : "")}");
            }

            foreach (var (flag, name) in FeedbackNames)
            {
                if (codec.Feedback.HasFlag(flag))
                {
                    text.Line($"a=rtcp-fb:{codec.PayloadType} {name}");
                }
            }

            if (codec.Fmtp.Count > 0)
            {
                text.Line($"a=fmtp:{codec.PayloadType} {codec.Fmtp}");
            }
        }
    }

    private static readonly (RtcpFeedback Flag, string Name)[] FeedbackNames =
    [
        (RtcpFeedback.Remb, "goog-remb"),
        (RtcpFeedback.TransportCc, "transport-cc"),
        (RtcpFeedback.Fir, "ccm fir"),
        (RtcpFeedback.Nack, "nack"),
        (RtcpFeedback.Pli, "nack pli"),
    ];

    private static void WriteSources(StringBuilder text, MediaSection section)
    {
        foreach (var rid in section.Rids)
        {
            text.Line($"a=rid:{rid.Id} {(rid.IsSend ? "send" : "recv")} {rid.Restrictions}".TrimEnd(' '));
        }

        if (section.Simulcast is { } simulcast)
        {
            string send = simulcast.Send.Count > 0 ? $"send {string.Join(';', simulcast.Send)} " : "";
            string recv = simulcast.Recv.Count > 0 ? $"recv {string.Join(';', simulcast.Recv)}" : "";
            text.Line($"a=simulcast:{send}{recv}".TrimEnd(' '));
        }

        foreach (var group in section.SsrcGroups)
        {
            text.Line($"a=ssrc-group:{group.Semantics} {string.Join(' ', group.Ssrcs)}");
        }

        foreach (var ssrc in section.Ssrcs)
        {
            if (ssrc.Cname is { } cname)
            {
                text.Line($"a=ssrc:{ssrc.Ssrc} cname:{cname}");
            }

            if (ssrc.Msid is { } msid)
            {
                text.Line($"a=ssrc:{ssrc.Ssrc} msid:{msid}");
            }

            if (ssrc is { Cname: null, Msid: null })
            {
                text.Line($"a=ssrc:{ssrc.Ssrc}");
            }
        }
    }

    private static string Name(MediaDirection direction) => direction.ToString().ToLowerInvariant();
}
