namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>Writes big-endian bit fields. Writing past the end writes nothing and sets <see cref="Overrun"/>.</summary>
internal ref struct BitWriter(Span<byte> bytes)
{
    private readonly Span<byte> _bytes = bytes;

    public int Position { get; private set; }

    public readonly bool Overrun => Position > _bytes.Length * 8;

    /// <summary>Octets touched so far; the unused bits of the last one are zero.</summary>
    public readonly int ByteCount => (Position + 7) / 8;

    /// <summary>Writes the low <paramref name="count"/> bits (0 to 32) of <paramref name="value"/>.</summary>
    public void Write(uint value, int count)
    {
        if (Position + count > _bytes.Length * 8)
        {
            Position = (_bytes.Length * 8) + 1;
            return;
        }

        while (count > 0)
        {
            ref var octet = ref _bytes[Position >> 3];
            var used = Position & 7;
            if (used == 0)
            {
                octet = 0;
            }

            var take = Math.Min(8 - used, count);
            var bits = (value >> (count - take)) & ((1u << take) - 1);
            octet |= (byte)(bits << (8 - used - take));
            Position += take;
            count -= take;
        }
    }

    public void WriteFlag(bool value) => Write(value ? 1u : 0u, 1);

    /// <summary>Copies bits from where <paramref name="reader"/> stands.</summary>
    public void Copy(ref BitReader reader, int count)
    {
        while (count > 0)
        {
            var take = Math.Min(32, count);
            Write(reader.Read(take), take);
            count -= take;
        }
    }
}
