namespace Nexus.MediaNode.Data;

/// <summary>
/// What the sender of a reliable message is told when it asked for it: that the message was taken, or why not. It goes back on the
/// channel that the message came by, so receipts come in the order of the messages, and a grant that is withdrawn while messages are
/// under way is told for each of them. LiveKit's clients ask for none, and would pass over what they do not know.
/// </summary>
internal static class DataReceipt
{
    /// <summary>Octets of the longest.</summary>
    public const int MaxLength = 64;

    private const int Sequence = 1;
    private const int Refusal = 2;

    /// <summary>Writes a packet.</summary>
    /// <param name="refused">None when the message was taken, now or when it came before.</param>
    /// <returns>Octets written.</returns>
    public static int Write(uint sequence, DropReason refused, Span<byte> destination)
    {
        var receipt = new ProtobufWriter(stackalloc byte[MaxLength / 2]);
        receipt.Varint(Sequence, sequence);
        if (refused is not (DropReason.None or DropReason.DataRepeated))
        {
            receipt.Bytes(Refusal, CodeOf(refused));
        }

        var packet = new ProtobufWriter(destination);
        packet.Bytes(DataPacket.Field.Receipt, receipt.Written);
        return packet.Length;
    }

    /// <summary>As clients know it (docs/protocol.md, "Errors").</summary>
    private static ReadOnlySpan<byte> CodeOf(DropReason reason) => reason switch
    {
        DropReason.DataNotPermitted => "PERMISSION"u8,
        DropReason.DataTooLong => "TOO_LARGE"u8,
        _ => "BAD_REQUEST"u8,
    };
}
