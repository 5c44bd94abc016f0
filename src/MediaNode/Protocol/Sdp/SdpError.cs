using Nexus.Link;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Why a session description, a fragment of one, or an offer was refused.</summary>
public enum SdpErrorCode
{
    /// <summary>Longer than <see cref="SdpLimits.MaxLength"/>, or a line, list or section count beyond its limit.</summary>
    TooLarge,

    /// <summary>Not of RFC 8866's form.</summary>
    Syntax,

    /// <summary>One of several sections without <c>a=mid</c>, or two with the same one (RFC 5888 section 4).</summary>
    Mid,

    /// <summary>One of several sections outside the one BUNDLE group (RFC 9143).</summary>
    Bundle,

    /// <summary>An RTP section without <c>a=rtcp-mux</c> (RFC 8834 section 4.5).</summary>
    RtcpMux,

    /// <summary>No or malformed <c>a=ice-ufrag</c>, <c>a=ice-pwd</c> (RFC 8839 section 5.4).</summary>
    IceCredentials,

    /// <summary>Both ends would wait for the other's connectivity checks.</summary>
    IceLite,

    /// <summary>No fingerprint with a hash function that is accepted: sha-256, sha-384, sha-512 (RFC 8122).</summary>
    Fingerprint,

    /// <summary><c>a=setup</c> is none that DTLS-SRTP can use, or would flip the roles of a running association.</summary>
    Setup,

    /// <summary>Not of RFC 8285's form.</summary>
    HeaderExtension,

    /// <summary>No codec in common with the server, or with the track that is to be played.</summary>
    Codec,

    /// <summary>The grants forbid every section that the offer asks for.</summary>
    Permission,

    /// <summary>The offer has no section that the session's role can use.</summary>
    NothingToNegotiate,

    /// <summary>A later offer dropped, reordered or retyped sections (RFC 3264 section 8).</summary>
    SectionsChanged,
}

/// <summary>A refusal that its reader can act on.</summary>
/// <param name="Code">What kind of fault.</param>
/// <param name="Line">1-based line of the text, or 0 when the fault is not one line's.</param>
/// <param name="Message">What is wrong and how to mend it, in one or two English sentences.</param>
public sealed record SdpError(SdpErrorCode Code, int Line, string Message)
{
    /// <summary>The reason that users and admin tools see, one of <see cref="ReasonCodes"/>.</summary>
    public string Reason => Code switch
    {
        SdpErrorCode.Codec => ReasonCodes.Codec,
        SdpErrorCode.Permission => ReasonCodes.Permission,
        SdpErrorCode.TooLarge or SdpErrorCode.Syntax => ReasonCodes.SdpInvalid,
        _ => ReasonCodes.SdpUnsupported,
    };

    public override string ToString() => Line > 0 ? $"{Code} (line {Line}): {Message}" : $"{Code}: {Message}";

    /// <summary>Foreign text made safe to repeat in a message: printable, at most 48 characters.</summary>
    internal static string Quote(ReadOnlySpan<char> text)
    {
        bool clipped = text.Length > 48;
        char[] shown = text[..Math.Min(text.Length, 48)].ToArray();
        for (int i = 0; i < shown.Length; i++)
        {
            if (shown[i] < ' ' || shown[i] > '~')
            {
                shown[i] = '?';
            }
        }

        return $"\"{new string(shown)}{(clipped ? "…" : "")}\"";
    }
}

/// <summary>Bounds on what is read. Far above what browsers send, far below what hurts.</summary>
public static class SdpLimits
{
    /// <summary>Characters of a whole description.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>Characters of one line.</summary>
    public const int MaxLineLength = 8 * 1024;

    /// <summary>m-sections.</summary>
    public const int MaxSections = 256;

    /// <summary>Payload types, extensions, SSRCs or candidates of one section: each list on its own.</summary>
    public const int MaxListLength = 256;

    /// <summary>Restriction identifiers (simulcast layers) of one section.</summary>
    public const int MaxRids = 16;

    /// <summary>Characters of a sdpfrag body (RFC 8840): candidates only.</summary>
    public const int MaxFragmentLength = 64 * 1024;
}
