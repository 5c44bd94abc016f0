using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Tests.Codecs;

/// <summary>Writes dependency descriptors from the notation of the AV1 RTP specification, section A.9: per template its
/// layer, a letter per decode target (S, R, D, -), its references and its chain distances.</summary>
internal sealed class DescriptorBuilder(int idOffset, int targets, int chains, params DescriptorBuilder.Template[] templates)
{
    public sealed record Template(int Spatial, int Temporal, string Targets, int[] Diffs, int[] Chains);

    public int[] ProtectedBy { get; init; } = [];

    public (int Width, int Height)[] Resolutions { get; init; } = [];

    /// <summary>The structure of mode L1T3 (section A.9.2).</summary>
    public static DescriptorBuilder L1T3(int idOffset = 0) => new(
        idOffset, 3, 1,
        new(0, 0, "SSS", [], [0]),
        new(0, 0, "SSS", [4], [4]),
        new(0, 1, "-DS", [2], [2]),
        new(0, 2, "--D", [1], [1]),
        new(0, 2, "--D", [1], [3]))
    { ProtectedBy = [0, 0, 0], Resolutions = [(1280, 720)] };

    /// <summary>The structure of mode L2T1: full inter-layer prediction.</summary>
    public static DescriptorBuilder L2T1(int idOffset = 0) => new(
        idOffset, 2, 2,
        new(0, 0, "SR", [2], [2, 1]),
        new(0, 0, "SS", [], [0, 0]),
        new(1, 0, "-S", [1], [1, 1]),
        new(1, 0, "-R", [2, 1], [1, 1]))
    { ProtectedBy = [0, 1], Resolutions = [(640, 360), (1280, 720)] };

    /// <summary>The structure of mode L2T1_KEY: inter-layer prediction in key pictures only.</summary>
    public static DescriptorBuilder L2T1Key(int idOffset = 0) => new(
        idOffset, 2, 2,
        new(0, 0, "S-", [2], [2, 1]),
        new(0, 0, "SS", [], [0, 0]),
        new(1, 0, "-S", [2], [1, 2]),
        new(1, 0, "-S", [1], [1, 1]))
    { ProtectedBy = [0, 1] };

    /// <summary>
    /// The structure of LxTy or LxTy_KEY with all layers in every picture, as libwebrtc makes it (ScalabilityStructureFullSvc, …KeySvc),
    /// without chains. Its templates are, per spatial layer, that of key pictures and one per temporal layer.
    /// </summary>
    public static DescriptorBuilder Svc(int spatials, int temporals, bool keyMode, params (int Width, int Height)[] resolutions) => new(
        0, spatials * temporals, 0,
        [
            .. from spatial in Enumerable.Range(0, spatials)
               from temporal in Enumerable.Range(-1, temporals + 1)
               let key = temporal < 0
               select new Template(
                   spatial,
                   Math.Max(temporal, 0),
                   string.Concat(
                       from s in Enumerable.Range(0, spatials)
                       from t in Enumerable.Range(0, temporals)
                       select IndicationOf(spatial, Math.Max(temporal, 0), s, t, key, keyMode)),
                   References(spatials, temporals, spatial, temporal, keyMode),
                   []),
        ])
    { Resolutions = resolutions };

    /// <summary>The frames that one refers to, as distances: of its layer four, two or one pictures back, and of the layer below.</summary>
    /// <param name="temporal">-1 in a key picture.</param>
    public static int[] References(int spatials, int temporals, int spatial, int temporal, bool keyMode)
    {
        var earlier = temporal < 0 ? Array.Empty<int>() : [spatials << (temporals - 1 - temporal)];
        return spatial > 0 && (temporal < 0 || !keyMode) ? [.. earlier, 1] : earlier;
    }

    private static char IndicationOf(int spatial, int temporal, int targetSpatial, int targetTemporal, bool key, bool keyMode)
    {
        if (targetSpatial < spatial || targetTemporal < temporal || (keyMode && !key && targetSpatial != spatial))
        {
            return '-';
        }

        return key || targetSpatial == spatial ? temporal > 0 && targetTemporal == temporal ? 'D' : 'S' : 'R';
    }

    /// <param name="template">Index into the templates, not the id on the wire.</param>
    public byte[] Packet(
        int frameNumber, int template, bool start = true, bool end = true, bool attach = false, uint? active = null,
        string? customTargets = null, int[]? customDiffs = null, int[]? customChains = null)
    {
        Span<byte> buffer = stackalloc byte[256];
        var writer = new BitWriter(buffer);
        writer.WriteFlag(start);
        writer.WriteFlag(end);
        writer.Write((uint)((idOffset + template) % 64), 6);
        writer.Write((uint)(ushort)frameNumber, 16);
        if (attach || active is not null || customTargets is not null || customDiffs is not null || customChains is not null)
        {
            new ExtendedFlags(attach, active is not null, customTargets is not null, customDiffs is not null, customChains is not null)
                .Write(ref writer);
            if (attach)
            {
                WriteStructure(ref writer);
            }

            if (active is { } mask)
            {
                writer.Write(mask, targets);
            }

            WriteTargets(ref writer, customTargets ?? "");
            foreach (var diff in customDiffs ?? [])
            {
                var size = diff <= 16 ? 1 : diff <= 256 ? 2 : 3;
                writer.Write((uint)size, 2);
                writer.Write((uint)(diff - 1), size * 4);
            }

            if (customDiffs is not null)
            {
                writer.Write(0, 2);
            }

            foreach (var chain in customChains ?? [])
            {
                writer.Write((uint)chain, 8);
            }
        }

        return buffer[..writer.ByteCount].ToArray();
    }

    private void WriteStructure(ref BitWriter writer)
    {
        writer.Write((uint)idOffset, 6);
        writer.Write((uint)(targets - 1), 5);
        for (var i = 0; i < templates.Length; i++)
        {
            var next = i + 1 < templates.Length ? templates[i + 1] : null;
            writer.Write(next is null ? 3u : next.Spatial != templates[i].Spatial ? 2u : next.Temporal != templates[i].Temporal ? 1u : 0u, 2);
        }

        foreach (var template in templates)
        {
            WriteTargets(ref writer, template.Targets);
        }

        foreach (var template in templates)
        {
            foreach (var diff in template.Diffs)
            {
                writer.WriteFlag(true);
                writer.Write((uint)(diff - 1), 4);
            }

            writer.WriteFlag(false);
        }

        WriteNonSymmetric(ref writer, (uint)chains, (uint)targets + 1);
        if (chains > 0)
        {
            foreach (var chain in ProtectedBy)
            {
                WriteNonSymmetric(ref writer, (uint)chain, (uint)chains);
            }

            foreach (var distance in templates.SelectMany(t => t.Chains))
            {
                writer.Write((uint)distance, 4);
            }
        }

        writer.WriteFlag(Resolutions.Length > 0);
        foreach (var (width, height) in Resolutions)
        {
            writer.Write((uint)(width - 1), 16);
            writer.Write((uint)(height - 1), 16);
        }
    }

    private static void WriteTargets(ref BitWriter writer, string targets)
    {
        foreach (var letter in targets)
        {
            writer.Write(letter switch { 'S' => 2u, 'R' => 3u, 'D' => 1u, _ => 0u }, 2);
        }
    }

    private static void WriteNonSymmetric(ref BitWriter writer, uint value, uint values)
    {
        var width = 32 - System.Numerics.BitOperations.LeadingZeroCount(values);
        var shortCodes = (1u << width) - values;
        if (value < shortCodes)
        {
            writer.Write(value, width - 1);
        }
        else
        {
            writer.Write(value + shortCodes, width);
        }
    }
}
