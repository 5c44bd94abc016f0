using System.Buffers;
using System.Net.WebSockets;

namespace Nexus.Gateway.Adapters;

/// <summary>What a protocol makes of its client's frames. One call at a time.</summary>
internal interface IFrameHandler
{
    /// <summary>How long the client may be silent from now on.</summary>
    TimeSpan Patience { get; }

    /// <summary>Before the first frame is read; what it queues is sent meanwhile.</summary>
    Task OnOpen() => Task.CompletedTask;

    Task OnFrame(WebSocketMessageType type, ReadOnlyMemory<byte> frame);

    /// <summary>A message was over the limit and is thrown away to its end.</summary>
    void OnTooLarge();
}

/// <summary>
/// The life of one client's WebSocket, whatever is spoken on it: whole messages in, up to a size; a bounded queue out; an end
/// by name when the client is silent, is told to go, or has gone.
/// </summary>
/// <param name="maxFrame">Octets of a message.</param>
internal sealed class SocketPump(WebSocket socket, int maxFrame, TimeProvider clock)
{
    public static readonly Ending Silent = new(4408, "SILENT");
    public static readonly Ending Gone = new(1001, "GONE");

    public SendQueue Queue { get; } = new(socket, clock);

    /// <summary>Serves until either side ends it.</summary>
    public async Task Run(IFrameHandler handler)
    {
        Task sending = Queue.Run();
        using (ITimer silence = clock.CreateTimer(_ => Queue.End(Silent), null, handler.Patience, Timeout.InfiniteTimeSpan))
        {
            try
            {
                await Receive(handler, silence);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
            {
                // the client is gone without a goodbye, or was cut off
            }
        }

        Queue.End(Gone);
        await sending;
        if (socket.State != WebSocketState.Closed)
        {
            socket.Abort();
        }
    }

    private async Task Receive(IFrameHandler handler, ITimer silence)
    {
        await handler.OnOpen();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(maxFrame);
        try
        {
            while (await ReadMessage(handler, buffer) is var (length, type))
            {
                if (Queue.Ending is not null)
                {
                    continue; // what comes after our close is read to its end and thrown away, so that the close arrives
                }

                silence.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan); // while we work on a frame the silence is ours
                await handler.OnFrame(type, buffer.AsMemory(0, length));
                silence.Change(handler.Patience, Timeout.InfiniteTimeSpan);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The next message; null at the end, whoever made it.</summary>
    private async Task<(int Length, WebSocketMessageType Type)?> ReadMessage(IFrameHandler handler, byte[] buffer)
    {
        int length = 0;
        while (true)
        {
            if (length == maxFrame)
            {
                if (Queue.Ending is null)
                {
                    handler.OnTooLarge();
                }

                length = 0;
            }

            var got = await socket.ReceiveAsync(buffer.AsMemory(length, maxFrame - length), Queue.Cut);
            length += got.Count;
            if (got.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            if (got.EndOfMessage)
            {
                return (length, got.MessageType);
            }
        }
    }
}
