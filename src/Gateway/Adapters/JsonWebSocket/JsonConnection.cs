using System.Net.WebSockets;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>One WebSocket: frames to messages, and their limits. What messages mean is <see cref="JsonSession"/>'s.</summary>
internal sealed class JsonConnection : IFrameHandler
{
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);

    private const int MaxMessage = 64 * 1024;
    private const int MaxOffer = 256 * 1024;

    /// <summary>An offer's SDP is escaped in JSON: more octets than the SDP's own limit.</summary>
    private const int MaxFrame = MaxOffer + MaxMessage;

    private static readonly TimeSpan FirstMessage = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FloodingAllowed = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock;
    private readonly SocketPump _pump;
    private readonly RateGate _messages;
    private readonly RateGate _offers;
    private JsonSession? _session;

    public JsonConnection(WebSocket socket, TimeProvider clock)
    {
        _clock = clock;
        _pump = new(socket, MaxFrame, clock);
        _messages = new(50, 200, clock);
        _offers = new(5, 20, clock);
    }

    /// <summary>Why it ended, once it has.</summary>
    public Ending? Ending => _pump.Queue.Ending;

    public TimeSpan Patience => _session?.HasBegun == true ? PingInterval * 3 : FirstMessage;

    public void Send(ServerMessage message) => Send(Wire.Encode(message));

    public void Send(ReadOnlyMemory<byte> encoded) => _pump.Queue.Enqueue(encoded, WebSocketMessageType.Text);

    public void End(int status, string reason) => _pump.Queue.End(new(status, reason));

    /// <summary>Serves until either side ends it.</summary>
    public Task Run(JsonSession session)
    {
        _session = session;
        return _pump.Run(this);
    }

    public Task OnFrame(WebSocketMessageType type, ReadOnlyMemory<byte> frame)
    {
        if (type == WebSocketMessageType.Binary)
        {
            Refuse(new Error(ReasonCodes.BadRequest, "Frames are text.", true), 4400);
            return Task.CompletedTask;
        }

        return Admit(frame) is { } message ? _session!.Handle(message) : Task.CompletedTask;
    }

    public void OnTooLarge() => Refuse(new Error("TOO_LARGE", "The message is over the limit: 64 KiB, an offer 256 KiB.", true), 4413);

    /// <summary>Decodes a message that is within all limits; answers others.</summary>
    private ClientMessage? Admit(ReadOnlyMemory<byte> text)
    {
        if (!_messages.TryTake())
        {
            bool isFlood = _messages.RefusingSince is { } since && _clock.GetElapsedTime(since) > FloodingAllowed;
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
