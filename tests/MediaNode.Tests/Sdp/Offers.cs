using System.Text.RegularExpressions;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Tests.Sdp;

/// <summary>
/// Offers as Chromium 156, Firefox 153 and libdatachannel (OBS) wrote them, and one of Safari's kind with a munged SIM group.
/// </summary>
internal static class Offers
{
    public static string Text(string name)
    {
        using var stream = typeof(Offers).Assembly.GetManifestResourceStream($"{name}.sdp")
            ?? throw new ArgumentException($"no offer {name}.sdp", nameof(name));
        return new StreamReader(stream).ReadToEnd().ReplaceLineEndings("\r\n");
    }

    public static IEnumerable<string> Names => typeof(Offers).Assembly.GetManifestResourceNames()
        .Where(n => n.EndsWith(".sdp", StringComparison.Ordinal)).Select(n => Path.GetFileNameWithoutExtension(n));

    public static SessionDescription Parse(string text) =>
        SessionDescription.TryParse(text, out var description, out var error)
            ? description
            : throw new ArgumentException(error.ToString(), nameof(text));

    public static SessionDescription Load(string name) => Parse(Text(name));

    public static AnswerPolicy Policy(SessionRole role) => new()
    {
        Role = role,
        Transport = new(
            "nexu",
            "0123456789abcdefghijklmn",
            [new("sha-256", Enumerable.Range(0, 32).Select(i => (byte)i).ToArray())],
            [IceCandidate.UdpHost("127.0.0.1", 7882), IceCandidate.TcpPassive("127.0.0.1", 7882)]),
        SessionId = 42,
    };

    /// <summary>A policy with a sender for each section that plays, its track of the given format.</summary>
    public static AnswerPolicy PlayPolicy(SessionDescription offer, RtpCodec? video = null, SessionRole role = SessionRole.Play) =>
        Policy(role) with
        {
            Bindings = OfferAnswer.PlaySections(offer, role).ToDictionary(m => m.Mid, m => new PlayBinding
            {
                Msid = new("PA_alice", $"TR_{m.Mid}"),
                Cname = "PA_alice",
                Ssrc = 1000 + (uint)(m.Line * 2),
                RtxSsrc = m.Kind == MediaKind.Video ? 1001 + (uint)(m.Line * 2) : 0,
                Formats = m.Kind == MediaKind.Video && video is not null ? [video] : [],
                TrackName = m.Kind == MediaKind.Video ? "TR_camera" : null,
            }),
        };

    public static Answer Answer(SessionDescription offer, AnswerPolicy policy, NegotiatedSession? previous = null) =>
        OfferAnswer.TryAnswer(offer, policy, previous, out var answer, out var error)
            ? answer
            : throw new InvalidOperationException(error.ToString());

    public static SdpError Refusal(SessionDescription offer, AnswerPolicy policy, NegotiatedSession? previous = null)
    {
        Assert.False(OfferAnswer.TryAnswer(offer, policy, previous, out _, out var error));
        return error!;
    }

    /// <summary>Whether who made the description is told where the rule stands that it broke.</summary>
    public static bool NamesItsRule(SdpError error) => Regex.IsMatch(error.Message, @"\(RFC \d+ section [\d.]+");

    public static RtpCodec Codec(string name, string fmtp = "") => new()
    {
        PayloadType = 96,
        Name = name,
        ClockRate = name == "opus" ? 48000 : 90000,
        Channels = name == "opus" ? 2 : 1,
        Fmtp = FormatParameters.Parse(fmtp),
    };
}
