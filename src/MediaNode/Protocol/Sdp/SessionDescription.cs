using System.Diagnostics.CodeAnalysis;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>
/// A session description (RFC 8866) as WebRTC uses it (RFC 9429). Immutable; reading never throws on hostile text.
/// </summary>
public sealed record SessionDescription
{
    /// <summary>o= line: session id.</summary>
    public ulong SessionId { get; init; }

    /// <summary>o= line: version; rises by one with each description of a session.</summary>
    public ulong Version { get; init; }

    public bool IceLite { get; init; }

    /// <summary>Mids of the first BUNDLE group in its order; null when there is no such group.</summary>
    public IReadOnlyList<string>? Bundle { get; init; }

    /// <summary>Header extensions of one-byte and two-byte form may be mixed (RFC 8285 section 4.1.2).</summary>
    public bool ExtmapAllowMixed { get; init; }

    /// <summary>ICE options and fingerprints that stand at the session level.</summary>
    public TransportDescription Transport { get; init; } = TransportDescription.Empty;

    public required IReadOnlyList<MediaSection> Media { get; init; }

    public MediaSection? Find(string mid)
    {
        foreach (var section in Media)
        {
            if (section.Mid == mid)
            {
                return section;
            }
        }

        return null;
    }

    /// <summary>
    /// The section whose transport attributes count for the whole bundle: the first of the group that is not rejected;
    /// without a group, the first section that is not.
    /// </summary>
    public MediaSection? TaggedSection
    {
        get
        {
            foreach (string mid in Bundle ?? [])
            {
                if (Find(mid) is { Rejected: false } section)
                {
                    return section;
                }
            }

            return Media.FirstOrDefault(m => !m.Rejected);
        }
    }

    public static bool TryParse(
        string text, [NotNullWhen(true)] out SessionDescription? description, [NotNullWhen(false)] out SdpError? error) =>
        SdpParser.TryParse(text, out description, out error);

    /// <summary>The text, with CRLF line ends.</summary>
    public override string ToString() => SdpWriter.Write(this);
}
