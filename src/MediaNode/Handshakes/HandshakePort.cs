using System.Buffers;
using Nexus.MediaNode.Collections;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Handshakes;

/// <summary>One loop's end of the handshake worker. Loop's thread only.</summary>
public sealed class HandshakePort
{
    private readonly HandshakeWorker _worker;
    private readonly BoundedRing<HandshakeOutput> _outputs = new(4096);

    internal HandshakePort(HandshakeWorker worker) => _worker = worker;

    /// <summary>Called by the worker when outputs wait: wakes the loop.</summary>
    internal Action? Wake { get; set; }

    /// <summary>Begins an association. Null when the worker's queue is full: try again with the peer's next datagram.</summary>
    internal Handshake? Open(IHandshakeOwner owner, DtlsRole role, IReadOnlyList<DtlsFingerprint> remote)
    {
        var handshake = new Handshake(this, owner, role, remote);
        return _worker.TrySubmit(new HandshakeInput(handshake, HandshakeAction.Start, null, 0)) ? handshake : null;
    }

    /// <summary>Passes a datagram on. The caller has made sure that it came from an ICE-validated tuple.</summary>
    internal DropReason Receive(Handshake handshake, ReadOnlySpan<byte> datagram)
    {
        if (!handshake.TryTakePlace())
        {
            return DropReason.DtlsQueueFull;
        }

        var copy = ArrayPool<byte>.Shared.Rent(datagram.Length);
        datagram.CopyTo(copy);
        if (_worker.TrySubmit(new HandshakeInput(handshake, HandshakeAction.Receive, copy, datagram.Length)))
        {
            return DropReason.None;
        }

        handshake.GivePlaceBack();
        ArrayPool<byte>.Shared.Return(copy);
        return DropReason.DtlsQueueFull;
    }

    /// <summary>The handshake is no longer wanted.</summary>
    internal void Close(Handshake handshake) =>
        _worker.TrySubmit(new HandshakeInput(handshake, HandshakeAction.Close, null, 0));

    /// <summary>Hands what the worker made to the sessions.</summary>
    internal void Deliver(Instant now)
    {
        while (_outputs.TryRead(out var output))
        {
            output.Handshake.Owner.HandleNews(now, output);
            if (output.Buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(output.Buffer);
            }
        }
    }

    /// <summary>Worker's thread.</summary>
    internal bool TryPut(in HandshakeOutput output) => _outputs.TryWrite(output);
}
