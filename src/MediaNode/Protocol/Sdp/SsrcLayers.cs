namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Layers of a section without rids, from its <c>a=ssrc</c> and <c>a=ssrc-group</c> lines (RFC 5576).</summary>
internal static class SsrcLayers
{
    /// <summary>A SIM group's SSRCs low to high, else the one primary SSRC; RTX by the FID groups. Never empty.</summary>
    public static IReadOnlyList<PublishedLayer> Of(MediaSection section)
    {
        if (section.SsrcGroups.FirstOrDefault(g => g.Semantics == "SIM") is { } sim)
        {
            return [.. sim.Ssrcs.Distinct().Select(s => Layer(section, s))];
        }

        uint? primary = section.SsrcGroups.FirstOrDefault(g => g.Semantics == "FID")?.Ssrcs[0]
            ?? (section.Ssrcs is [var first, ..] ? first.Ssrc : null);
        return [primary is { } ssrc ? Layer(section, ssrc) : new(null, null, null)];
    }

    private static PublishedLayer Layer(MediaSection section, uint ssrc)
    {
        var pair = section.SsrcGroups.FirstOrDefault(g => g is { Semantics: "FID", Ssrcs.Count: 2 } && g.Ssrcs[0] == ssrc);
        return new(null, ssrc, pair?.Ssrcs[1]);
    }
}
