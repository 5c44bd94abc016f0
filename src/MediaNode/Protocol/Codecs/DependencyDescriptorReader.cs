using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>
/// Reads the dependency descriptors of one RTP stream, keeping the template structure and the active decode targets
/// between packets. One per received stream (SSRC), used by its loop only. Allocates only when a keyframe brings a
/// structure that differs from the last one.
/// </summary>
public sealed class DependencyDescriptorReader
{
    private readonly byte[] _structureBytes = new byte[256];
    private int _structureLength;
    private DependencyStructure? _structure;
    private uint _activeTargets;
    private ushort _structureFrame;

    public DependencyStructure? Structure => _structure;

    /// <summary>Parses the header extension's data.</summary>
    /// <returns><see cref="DropReason.CodecMalformed"/> when even the mandatory fields are missing or the extended ones
    /// contradict themselves; the packet is then to be treated as having no descriptor, not dropped.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DropReason TryParse(ReadOnlySpan<byte> data, out DependencyDescriptor descriptor)
    {
        descriptor = default;
        if (data.Length < 3)
        {
            return DropReason.CodecMalformed;
        }

        descriptor.StartOfFrame = (data[0] & 0x80) != 0;
        descriptor.EndOfFrame = (data[0] & 0x40) != 0;
        descriptor.FrameNumber = (ushort)((data[1] << 8) | data[2]);
        var flags = default(ExtendedFlags);
        var reader = new BitReader(data);
        reader.Skip(24);
        if (data.Length > 3)
        {
            flags = ExtendedFlags.Read(ref reader);
            if (flags.Structure && !TryTakeStructure(data, ref reader, ref descriptor))
            {
                return DropReason.CodecMalformed;
            }

            if (flags.ActiveTargets && _structure is not null)
            {
                var active = reader.Read(_structure.DecodeTargetCount);
                if (!reader.Overrun && IsNotOlder(descriptor.FrameNumber))
                {
                    _activeTargets = active;
                }
            }
        }

        descriptor.ActiveTargets = _activeTargets;
        if (_structure is null || !IsNotOlder(descriptor.FrameNumber))
        {
            return DropReason.None;
        }

        descriptor.Structure = _structure;
        descriptor.IsResolved = TryReadFrame(flags, data[0] & 0x3F, ref reader, ref descriptor);
        return DropReason.None;
    }

    /// <summary>Frames from before the keyframe that brought the structure speak of an older one.</summary>
    private bool IsNotOlder(ushort frameNumber) => (short)(frameNumber - _structureFrame) >= 0 || FarBehind(frameNumber);

    /// <summary>More than 8192 frames "behind" is ahead: a sequence without a keyframe for minutes.</summary>
    private bool FarBehind(ushort frameNumber) => (ushort)(_structureFrame - frameNumber) > 8192;

    private bool TryTakeStructure(ReadOnlySpan<byte> data, ref BitReader reader, ref DependencyDescriptor descriptor)
    {
        var late = _structure is not null && (short)(descriptor.FrameNumber - _structureFrame) < 0 && !FarBehind(descriptor.FrameNumber);
        if (late)
        {
            return false;
        }

        // The bits from the flags on are compared as they are: a structure is repeated literally.
        var tail = data[3..];
        if (_structure is null || _structureLength != tail.Length || !tail.SequenceEqual(_structureBytes.AsSpan(0, _structureLength)))
        {
            var start = reader.Position;
            if (DependencyStructure.Parse(ref reader) is not { } structure)
            {
                return false;
            }

            _structure = structure;
            StructureBits = reader.Position - start;
            _structureLength = Math.Min(tail.Length, _structureBytes.Length);
            tail[.._structureLength].CopyTo(_structureBytes);
        }
        else
        {
            reader.Skip(StructureBits);
        }

        _structureFrame = descriptor.FrameNumber;
        _activeTargets = _structure.AllTargets;
        descriptor.HasAttachedStructure = true;
        return true;
    }

    private int StructureBits { get; set; }

    private bool TryReadFrame(ExtendedFlags flags, int templateId, ref BitReader reader, ref DependencyDescriptor descriptor)
    {
        var structure = _structure!;
        if (!structure.TryApply(templateId, ref descriptor))
        {
            return false;
        }

        if (flags.CustomIndications)
        {
            descriptor.Indications = DependencyStructure.ReadIndications(ref reader, structure.DecodeTargetCount);
        }

        if (flags.CustomFrameDiffs && !TryReadFrameDiffs(ref reader, ref descriptor))
        {
            return false;
        }

        if (flags.CustomChains)
        {
            for (var chain = 0; chain < structure.ChainCount; chain++)
            {
                descriptor.ChainDiffs[chain] = (byte)reader.Read(8);
            }
        }

        return !reader.Overrun;
    }

    private static bool TryReadFrameDiffs(ref BitReader reader, ref DependencyDescriptor descriptor)
    {
        var count = 0;
        for (var size = reader.Read(2); size != 0; size = reader.Read(2))
        {
            if (count == DependencyStructure.MaxFrameDiffs)
            {
                return false;
            }

            descriptor.FrameDiffs[count++] = (ushort)(reader.Read((int)size * 4) + 1);
        }

        descriptor.FrameDiffCount = count;
        return true;
    }
}

/// <summary>The five flags that start extended_descriptor_fields() (appendix A.8.2).</summary>
internal readonly record struct ExtendedFlags(
    bool Structure, bool ActiveTargets, bool CustomIndications, bool CustomFrameDiffs, bool CustomChains)
{
    public static ExtendedFlags Read(ref BitReader reader) =>
        new(reader.ReadFlag(), reader.ReadFlag(), reader.ReadFlag(), reader.ReadFlag(), reader.ReadFlag());

    public void Write(ref BitWriter writer)
    {
        writer.WriteFlag(Structure);
        writer.WriteFlag(ActiveTargets);
        writer.WriteFlag(CustomIndications);
        writer.WriteFlag(CustomFrameDiffs);
        writer.WriteFlag(CustomChains);
    }
}
