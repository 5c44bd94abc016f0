using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// Messages and changes, in the order they happened, until the user polls them. Counts what its messages hold against the
/// receive window.
/// </summary>
internal sealed class SctpEventQueue
{
    private readonly Queue<Entry> _entries = new();
    private byte[]? _lent;

    /// <summary>Octets that the messages here hold.</summary>
    public int Charge { get; private set; }

    public void Add(SctpEvent happened) => _entries.Enqueue(new Entry(happened, null, 0));

    /// <summary>Takes over the buffer, which came from the shared pool.</summary>
    public void AddMessage(ushort streamId, uint payloadProtocol, byte[] buffer, int length, int charge)
    {
        Charge += charge;
        _entries.Enqueue(new Entry(new SctpEvent(SctpEventKind.Message, streamId, payloadProtocol, buffer.AsMemory(0, length)), buffer, charge));
    }

    /// <summary>The next; the data of the one before is gone with this call.</summary>
    public bool TryTake([NotNullWhen(true)] out SctpEvent happened)
    {
        if (_lent is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _lent = null;
        }

        var any = _entries.TryDequeue(out var entry);
        happened = entry.Happened;
        _lent = entry.Buffer;
        Charge -= entry.Charge;
        return any;
    }

    private readonly record struct Entry(SctpEvent Happened, byte[]? Buffer, int Charge);
}
