namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>What a frame is to a decode target (AV1 RTP specification, appendix A.1).</summary>
public enum DecodeTargetIndication : byte
{
    NotPresent = 0,
    Discardable = 1,

    /// <summary>From this frame on the decode target can be decoded, when the frame itself can.</summary>
    Switch = 2,
    Required = 3,
}

/// <summary>
/// The template dependency structure of a coded video sequence (AV1 RTP specification, appendix A.4). It comes with the
/// keyframe and explains every descriptor until the next one. Immutable, shared by reference: made once per keyframe
/// that changes it, never per packet.
/// </summary>
public sealed class DependencyStructure
{
    public const int MaxDecodeTargets = 32;
    public const int MaxTemplates = 64;
    internal const int MaxFrameDiffs = 16;

    private readonly Template[] _templates;
    private readonly byte[] _frameDiffs;
    private readonly byte[] _chainDiffs;
    private readonly byte[] _targetSpatial = new byte[MaxDecodeTargets];
    private readonly byte[] _targetTemporal = new byte[MaxDecodeTargets];
    private readonly byte[] _protectedBy = new byte[MaxDecodeTargets];
    private readonly (ushort Width, ushort Height)[] _resolutions;

    private readonly record struct Template(byte SpatialId, byte TemporalId, ulong Indications, ushort DiffStart, byte DiffCount);

    private DependencyStructure(
        int idOffset, int targets, int chains, Template[] templates, byte[] frameDiffs, byte[] chainDiffs,
        (ushort Width, ushort Height)[] resolutions)
    {
        TemplateIdOffset = idOffset;
        DecodeTargetCount = targets;
        ChainCount = chains;
        _templates = templates;
        _frameDiffs = frameDiffs;
        _chainDiffs = chainDiffs;
        _resolutions = resolutions;
        for (var target = 0; target < targets; target++)
        {
            foreach (var template in templates)
            {
                if (Indication(template.Indications, target) != DecodeTargetIndication.NotPresent)
                {
                    _targetSpatial[target] = Math.Max(_targetSpatial[target], template.SpatialId);
                    _targetTemporal[target] = Math.Max(_targetTemporal[target], template.TemporalId);
                }
            }
        }

        IsKeyMode = UsesLowerLayersInKeyPicturesOnly(this);
    }

    /// <summary>
    /// The highest spatial layer uses lower ones in key pictures only (the modes LxTy_KEY): between them no frame of a lower one is
    /// there for its decode targets.
    /// </summary>
    public bool IsKeyMode { get; }

    public int TemplateIdOffset { get; }

    /// <summary>1 to 32.</summary>
    public int DecodeTargetCount { get; }

    /// <summary>0 to <see cref="DecodeTargetCount"/>.</summary>
    public int ChainCount { get; }

    public int TemplateCount => _templates.Length;

    public int SpatialLayerCount => _templates[^1].SpatialId + 1;

    /// <summary>All decode targets, a bit each.</summary>
    public uint AllTargets => (uint)((1UL << DecodeTargetCount) - 1);

    public byte SpatialIdOf(int decodeTarget) => _targetSpatial[decodeTarget];

    public byte TemporalIdOf(int decodeTarget) => _targetTemporal[decodeTarget];

    /// <summary>The chain that protects a decode target; meaningful when there are chains.</summary>
    public byte ProtectedBy(int decodeTarget) => _protectedBy[decodeTarget];

    /// <summary>Largest size of a spatial layer; zeros when the structure names none.</summary>
    public (ushort Width, ushort Height) Resolution(int spatialId) =>
        spatialId < _resolutions.Length ? _resolutions[spatialId] : default;

    /// <summary>Two bits per decode target, target 0 lowest.</summary>
    internal static DecodeTargetIndication Indication(ulong indications, int decodeTarget) =>
        (DecodeTargetIndication)((indications >> (2 * decodeTarget)) & 3);

    /// <summary>The decode targets at or below a layer, a bit each.</summary>
    public uint TargetsWithin(int spatialId, int temporalId)
    {
        var mask = 0u;
        for (var target = 0; target < DecodeTargetCount; target++)
        {
            if (_targetSpatial[target] <= spatialId && _targetTemporal[target] <= temporalId)
            {
                mask |= 1u << target;
            }
        }

        return mask;
    }

    /// <summary>Fills what the template says of a frame.</summary>
    internal bool TryApply(int templateId, ref DependencyDescriptor descriptor)
    {
        var index = (templateId + MaxTemplates - TemplateIdOffset) % MaxTemplates;
        if (index >= _templates.Length)
        {
            return false;
        }

        ref readonly var template = ref _templates[index];
        descriptor.SpatialId = template.SpatialId;
        descriptor.TemporalId = template.TemporalId;
        descriptor.Indications = template.Indications;
        descriptor.FrameDiffCount = template.DiffCount;
        for (var i = 0; i < template.DiffCount; i++)
        {
            descriptor.FrameDiffs[i] = _frameDiffs[template.DiffStart + i];
        }

        for (var chain = 0; chain < ChainCount; chain++)
        {
            descriptor.ChainDiffs[chain] = _chainDiffs[(index * ChainCount) + chain];
        }

        return true;
    }

    private static bool UsesLowerLayersInKeyPicturesOnly(DependencyStructure structure)
    {
        var highest = structure.SpatialLayerCount - 1;
        foreach (ref readonly var template in structure._templates.AsSpan())
        {
            for (var target = 0; target < structure.DecodeTargetCount; target++)
            {
                if (template.SpatialId < highest && template.DiffCount > 0 && structure._targetSpatial[target] == highest
                    && Indication(template.Indications, target) != DecodeTargetIndication.NotPresent)
                {
                    return false;
                }
            }
        }

        return highest > 0;
    }

    /// <summary>Reads template_dependency_structure(); null when it is malformed. Allocates.</summary>
    internal static DependencyStructure? Parse(ref BitReader reader)
    {
        var idOffset = (int)reader.Read(6);
        var targets = (int)reader.Read(5) + 1;
        Span<(byte Spatial, byte Temporal)> layers = stackalloc (byte, byte)[MaxTemplates];
        var count = ReadLayers(ref reader, layers);
        if (count == 0)
        {
            return null;
        }

        var templates = new Template[count];
        for (var i = 0; i < count; i++)
        {
            templates[i] = new Template(layers[i].Spatial, layers[i].Temporal, ReadIndications(ref reader, targets), 0, 0);
        }

        if (!TryReadFrameDiffs(ref reader, templates, out var frameDiffs))
        {
            return null;
        }

        var chains = (int)reader.ReadNonSymmetric((uint)targets + 1);
        Span<byte> protectedBy = stackalloc byte[MaxDecodeTargets];
        var chainDiffs = chains == 0 ? [] : new byte[count * chains];
        if (chains > 0)
        {
            for (var target = 0; target < targets; target++)
            {
                protectedBy[target] = (byte)reader.ReadNonSymmetric((uint)chains);
            }

            for (var i = 0; i < chainDiffs.Length; i++)
            {
                chainDiffs[i] = (byte)reader.Read(4);
            }
        }

        var resolutions = ReadResolutions(ref reader, layers[count - 1].Spatial + 1);
        if (reader.Overrun)
        {
            return null;
        }

        var structure = new DependencyStructure(idOffset, targets, chains, templates, frameDiffs, chainDiffs, resolutions);
        protectedBy.CopyTo(structure._protectedBy);
        return structure;
    }

    internal static ulong ReadIndications(ref BitReader reader, int targets)
    {
        var indications = 0UL;
        for (var target = 0; target < targets; target++)
        {
            indications |= (ulong)reader.Read(2) << (2 * target);
        }

        return indications;
    }

    /// <summary>template_layers(): how many templates there are, and each one's layer. 0: malformed.</summary>
    private static int ReadLayers(ref BitReader reader, scoped Span<(byte Spatial, byte Temporal)> layers)
    {
        byte spatial = 0, temporal = 0;
        for (var count = 0; count < MaxTemplates && !reader.Overrun;)
        {
            layers[count++] = (spatial, temporal);
            switch (reader.Read(2))
            {
                case 1:
                    temporal++;
                    break;
                case 2:
                    temporal = 0;
                    spatial++;
                    break;
                case 3:
                    return temporal < 8 && spatial < 8 ? count : 0;
            }
        }

        return 0;
    }

    private static bool TryReadFrameDiffs(ref BitReader reader, Template[] templates, out byte[] diffs)
    {
        diffs = [];
        Span<byte> all = stackalloc byte[MaxTemplates * MaxFrameDiffs];
        var total = 0;
        for (var i = 0; i < templates.Length; i++)
        {
            var start = total;
            while (reader.ReadFlag())
            {
                if (total - start == MaxFrameDiffs)
                {
                    return false;
                }

                all[total++] = (byte)(reader.Read(4) + 1);
            }

            templates[i] = templates[i] with { DiffStart = (ushort)start, DiffCount = (byte)(total - start) };
        }

        diffs = all[..total].ToArray();
        return true;
    }

    private static (ushort Width, ushort Height)[] ReadResolutions(ref BitReader reader, int layers)
    {
        if (!reader.ReadFlag())
        {
            return [];
        }

        var resolutions = new (ushort Width, ushort Height)[layers];
        for (var i = 0; i < layers; i++)
        {
            var width = (ushort)Math.Min(reader.Read(16) + 1, ushort.MaxValue);
            resolutions[i] = (width, (ushort)Math.Min(reader.Read(16) + 1, ushort.MaxValue));
        }

        return resolutions;
    }
}
