using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Data;

/// <summary>How a protobuf field is written.</summary>
internal enum WireType : byte
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>
/// Walks the fields of one protobuf message without knowing its schema (protobuf.dev, "Encoding"). Groups, which proto3 does not
/// have, count as malformed.
/// </summary>
internal ref struct ProtobufFields(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    public int Number { get; private set; }

    public WireType Type { get; private set; }

    /// <summary>Of a <see cref="WireType.Varint"/>.</summary>
    public ulong Value { get; private set; }

    /// <summary>Of <see cref="WireType.Bytes"/>.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>The whole field, its tag included.</summary>
    public ReadOnlySpan<byte> Whole { get; private set; }

    /// <summary>The walk ended because the rest is no protobuf.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>False at the end, or when <see cref="IsMalformed"/>.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        var start = _rest;
        IsMalformed = !TryRead();
        Whole = start[..^_rest.Length];
        return !IsMalformed;
    }

    private bool TryRead()
    {
        if (!TryReadVarint(ref _rest, out var tag) || tag > uint.MaxValue || tag >> 3 == 0)
        {
            return false;
        }

        Number = (int)(tag >> 3);
        Type = (WireType)(tag & 7);
        switch (Type)
        {
            case WireType.Varint:
                var any = TryReadVarint(ref _rest, out var value);
                Value = value;
                return any;
            case WireType.Fixed64:
                return TrySkip(8);
            case WireType.Fixed32:
                return TrySkip(4);
            case WireType.Bytes:
                return TryReadVarint(ref _rest, out var length) && TrySkip(length);
            default:
                return false;
        }
    }

    private bool TrySkip(ulong length)
    {
        if (length > (ulong)_rest.Length)
        {
            return false;
        }

        Content = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadVarint(ref ReadOnlySpan<byte> from, out ulong value)
    {
        value = 0;
        for (var i = 0; i < from.Length && i < 10; i++)
        {
            value |= (ulong)(from[i] & 0x7F) << (7 * i);
            if (from[i] < 0x80)
            {
                from = from[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
