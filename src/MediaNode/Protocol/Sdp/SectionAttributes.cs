namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Who sends, seen from the side that wrote the description.</summary>
public enum MediaDirection : byte
{
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// <summary>DTLS roles of RFC 8842.</summary>
public enum DtlsSetup : byte
{
    /// <summary>The offerer leaves the choice to the answerer.</summary>
    ActPass,

    /// <summary>Sends the ClientHello.</summary>
    Active,

    /// <summary>Waits for the ClientHello.</summary>
    Passive,
}

/// <summary>An RTP header extension (RFC 8285).</summary>
/// <param name="Id">1-14 in one-byte form, to 255 in two-byte form.</param>
/// <param name="Uri">The URI that names it.</param>
/// <param name="Direction">The writer's use of it; plain <c>sendrecv</c> when nothing was said.</param>
public sealed record HeaderExtension(int Id, string Uri, MediaDirection Direction = MediaDirection.SendRecv);

/// <summary>A restriction identifier (RFC 8851): the name of one simulcast layer.</summary>
/// <param name="Id">1-255 letters, digits, '-' or '_'.</param>
/// <param name="IsSend">Direction, seen from the writer.</param>
/// <param name="Restrictions">The text after the direction, such as <c>max-width=640</c>; empty when there is none.</param>
public sealed record Rid(string Id, bool IsSend, string Restrictions = "")
{
    /// <summary>The payload types that <c>pt=</c> allows; empty when it allows all of the section.</summary>
    public IReadOnlyList<int> PayloadTypes =>
        FormatParameters.Parse(Restrictions)["pt"] is { } list
            ? [.. list.Split(',').Select(p => int.TryParse(p, out int pt) ? pt : -1)]
            : [];
}

/// <summary>
/// <c>a=simulcast</c> (RFC 8853): the layers in the writer's order. Of alternatives (<c>a,b</c>) the first is kept, the
/// mark of an initially paused layer (<c>~</c>) is not.
/// </summary>
public sealed record Simulcast(IReadOnlyList<string> Send, IReadOnlyList<string> Recv);

/// <summary><c>a=ssrc-group</c> (RFC 5576): FID pairs a stream with its repeats, SIM lists layers low to high.</summary>
public sealed record SsrcGroup(string Semantics, IReadOnlyList<uint> Ssrcs);

/// <summary>An announced SSRC with the attributes that matter.</summary>
public sealed record SsrcAttribute(uint Ssrc, string? Cname = null, Msid? Msid = null);

/// <summary><c>a=msid</c> (RFC 8830): the stream and the track in it.</summary>
public sealed record Msid(string StreamId, string TrackId)
{
    public override string ToString() => TrackId.Length == 0 ? StreamId : $"{StreamId} {TrackId}";

    internal static Msid? Parse(ReadOnlySpan<char> text)
    {
        int space = text.IndexOf(' ');
        return text.IsEmpty ? null
            : space < 0 ? new(text.ToString(), "")
            : new(text[..space].ToString(), text[(space + 1)..].Trim(' ').ToString());
    }
}

/// <summary>The hash of a certificate (RFC 8122).</summary>
/// <param name="Algorithm">Lower case: <c>sha-256</c>, <c>sha-384</c>, <c>sha-512</c>.</param>
/// <param name="Hash">32, 48 or 64 octets.</param>
public sealed record DtlsFingerprint(string Algorithm, ReadOnlyMemory<byte> Hash)
{
    public override string ToString() =>
        $"{Algorithm} {string.Join(':', Hash.ToArray().Select(b => b.ToString("X2")))}";

    public bool Equals(DtlsFingerprint? other) =>
        other is not null && Algorithm == other.Algorithm && Hash.Span.SequenceEqual(other.Hash.Span);

    public override int GetHashCode() => HashCode.Combine(Algorithm, Hash.Length > 0 ? Hash.Span[0] : 0);

    /// <summary>The octets a hash function yields; 0 when it is none that we accept (sha-1 and MD5 are not).</summary>
    public static int HashLength(string algorithm) => algorithm switch
    {
        "sha-256" => 32,
        "sha-384" => 48,
        "sha-512" => 64,
        _ => 0,
    };

    /// <summary>Reads <c>sha-256 AB:CD:…</c>. False for other hash functions and for malformed hashes.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DtlsFingerprint? fingerprint)
    {
        fingerprint = null;
        int space = text.IndexOf(' ');
        if (space <= 0)
        {
            return false;
        }

        string algorithm = text[..space].ToString().ToLowerInvariant();
        var hex = text[(space + 1)..].Trim(' ');
        byte[] hash = new byte[HashLength(algorithm)];
        if (hash.Length == 0 || hex.Length != (hash.Length * 3) - 1)
        {
            return false;
        }

        for (int i = 0; i < hash.Length; i++)
        {
            bool separated = i == 0 || hex[(i * 3) - 1] == ':';
            if (!separated || !byte.TryParse(hex.Slice(i * 3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out hash[i]))
            {
                return false;
            }
        }

        fingerprint = new(algorithm, hash);
        return true;
    }
}
