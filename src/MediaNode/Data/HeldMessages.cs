using System.Buffers;

namespace Nexus.MediaNode.Data;

/// <summary>
/// Reliable messages for one whom others see already, while its channel is still being opened. Bounded by size and by time: one that
/// never opens a channel has no use for them.
/// </summary>
internal sealed class HeldMessages(Instant since)
{
    /// <summary>Octets, what each message costs beside its own included.</summary>
    public const int MaxOctets = 256 * 1024;

    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(15);

    private const int MessageCost = 64;

    private readonly Queue<HeldMessage> _messages = new();
    private int _octets;

    /// <summary>False when there is no room, or no hope.</summary>
    public bool TryAdd(Instant now, ReadOnlySpan<byte> message)
    {
        if (now - since > MaxTime)
        {
            Clear();
            return false;
        }

        if (_octets + message.Length + MessageCost > MaxOctets)
        {
            return false;
        }

        _octets += message.Length + MessageCost;
        var buffer = ArrayPool<byte>.Shared.Rent(message.Length);
        message.CopyTo(buffer);
        _messages.Enqueue(new HeldMessage(buffer, message.Length));
        return true;
    }

    /// <summary>The oldest; to be released when done with.</summary>
    public bool TryTake(out HeldMessage message)
    {
        var any = _messages.TryDequeue(out message);
        _octets -= any ? message.Span.Length + MessageCost : 0;
        return any;
    }

    public void Clear()
    {
        while (TryTake(out var message))
        {
            message.Release();
        }
    }
}

/// <summary>One message in a buffer of the pool.</summary>
internal readonly struct HeldMessage(byte[] buffer, int length)
{
    public ReadOnlySpan<byte> Span => buffer.AsSpan(0, length);

    public void Release() => ArrayPool<byte>.Shared.Return(buffer);
}
