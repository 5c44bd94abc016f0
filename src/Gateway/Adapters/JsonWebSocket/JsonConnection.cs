using System.Buffers;
using System.Net.WebSockets;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>One WebSocket: frames to messages, limits, silence, the close. What messages mean is <see cref="JsonSession"/>'s.</summary>
internal sealed class JsonConnection(WebSocket socket, TimeProvider clock)
{
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);

    private const int MaxMessage = 64 * 1024;
    private const int MaxOffer = 256 * 1024;

    /// <summary>An offer's SDP is escaped in JSON: more octets than the SDP's own limit.</summary>
    private const int MaxFrame = MaxOffer + MaxMessage;

    private static readonly TimeSpan FirstMessage = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FloodingAllowed = TimeSpan.FromSeconds(5);

    private readonly SendQueue _queue = new(socket, clock);
    private readonly RateGate _messages = new(50, 200, clock);
    private readonly RateGate _offers = new(5, 20, clock);

    /// <summary>Why it ended, once it has.</summary>
    public Ending? Ending => _queue.Ending;

    public void Send(ServerMessage message) => _queue.Enqueue(Wire.Encode(message));

    public void Send(ReadOnlyMemory<byte> encoded) => _queue.Enqueue(encoded);

    public void End(int status, string reason) => _queue.End(new(status, reason));

    /// <summary>Serves until either side ends it.</summary>
    public async Task Run(JsonSession session)
    {
        Task sending = _queue.Run();
        using (ITimer silence = clock.CreateTimer(_ => End(4408, "SILENT"), null, FirstMessage, Timeout.InfiniteTimeSpan))
        {
            try
            {
                await Receive(session, silence);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
            {
                // the client is gone without a goodbye, or was cut off
            }
        }

        End(1001, "GONE");
        await sending;
        if (socket.State != WebSocketState.Closed)
        {
            socket.Abort();
        }
    }

    private async Task Receive(JsonSession session, ITimer silence)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaxFrame);
        try
        {
            while (await ReadMessage(buffer) is var length and >= 0)
            {
                if (Ending is not null)
                {
                    continue; // what comes after our close is read to its end and thrown away, so that the close arrives
                }

                silence.Change(session.HasBegun ? PingInterval * 3 : FirstMessage, Timeout.InfiniteTimeSpan);
                if (Admit(buffer.AsMemory(0, length)) is { } message)
                {
                    await session.Handle(message);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Length of the next text message; -1 at the end, whoever made it.</summary>
    private async Task<int> ReadMessage(byte[] buffer)
    {
        int length = 0;
        while (true)
        {
            if (length == MaxFrame)
            {
                Refuse(new Error("TOO_LARGE", "The message is over the limit: 64 KiB, an offer 256 KiB.", true), 4413);
                length = 0;
            }

            var got = await socket.ReceiveAsync(buffer.AsMemory(length, MaxFrame - length), _queue.Cut);
            length += got.Count;
            switch (got.MessageType)
            {
                case WebSocketMessageType.Close:
                    return -1;
                case WebSocketMessageType.Binary when Ending is null:
                    Refuse(new Error(ReasonCodes.BadRequest, "Frames are text.", true), 4400);
                    break;
                default:
                    break;
            }

            if (got.EndOfMessage)
            {
                return length;
            }
        }
    }

    /// <summary>Decodes a message that is within all limits; answers others.</summary>
    private ClientMessage? Admit(ReadOnlyMemory<byte> text)
    {
        if (!_messages.TryTake())
        {
            bool isFlood = _messages.RefusingSince is { } since && clock.GetElapsedTime(since) > FloodingAllowed;
            Refuse(new Error(ReasonCodes.RateLimited, "More than 50 messages a second.", isFlood ? true : null), 4429);
            return null;
        }

        var (message, error) = Wire.Decode(text);
        if (message is not OfferMessage && text.Length > MaxMessage)
        {
            error = new Error("TOO_LARGE", "A message is at most 64 KiB.", true);
        }
        else if (message is OfferMessage && !_offers.TryTake())
        {
            error = new Error(ReasonCodes.RateLimited, "More than 5 offers a second.", null) { RequestId = message.RequestId };
        }

        if (error is not null)
        {
            Refuse(error, error.Code == "TOO_LARGE" ? 4413 : 4400);
        }

        return error is null ? message : null;
    }

    private void Refuse(Error error, int status)
    {
        if (Ending is not null)
        {
            return;
        }

        Send(error);
        if (error.Fatal == true)
        {
            End(status, error.Code);
        }
    }
}
