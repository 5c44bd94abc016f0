using System.Net.WebSockets;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>One WebSocket: frames to messages, and their limits. What messages mean is <see cref="LiveKitSession"/>'s.</summary>
internal sealed class LiveKitConnection : IFrameHandler
{
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Octets of a message. The largest is <c>sync_state</c>, with two descriptions.</summary>
    private const int MaxFrame = 512 * 1024;

    private static readonly TimeSpan FloodingAllowed = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock;
    private readonly SocketPump _pump;
    private readonly RateGate _messages;
    private readonly RateGate _offers;
    private LiveKitSession? _session;

    public LiveKitConnection(WebSocket socket, TimeProvider clock)
    {
        _clock = clock;
        _pump = new(socket, MaxFrame, clock);
        _messages = new(50, 200, clock);
        _offers = new(5, 30, clock);
    }

    /// <summary>Why it ended, once it has.</summary>
    public Ending? Ending => _pump.Queue.Ending;

    /// <summary>The client's own choice: it is answered as it speaks. Binary until it has spoken.</summary>
    public bool SpeaksJson { get; private set; }

    public TimeSpan Patience => PingTimeout;

    public void Send(SignalResponse message) => Send(Encode(message));

    /// <summary>However many they are: each is made when the client has taken the one before.</summary>
    public void SendEach(IEnumerable<SignalResponse> messages)
    {
        bool isJson = SpeaksJson;
        _pump.Queue.EnqueueEach(messages.Select(m => (ReadOnlyMemory<byte>)Encode(m, isJson)), TypeOf(isJson));
    }

    /// <summary>What others of the room are told too.</summary>
    public void Send<T>(Shared<T> news, Func<T, SignalResponse> message) =>
        Send(news.Encoded(SpeaksJson ? WireFormat.LiveKitJson : WireFormat.LiveKit, n => Encode(message(n))));

    private byte[] Encode(SignalResponse message) => Encode(message, SpeaksJson);

    private static byte[] Encode(SignalResponse message, bool isJson) => isJson ? Proto.EncodeJson(message) : Proto.Encode(message);

    private static WebSocketMessageType TypeOf(bool isJson) => isJson ? WebSocketMessageType.Text : WebSocketMessageType.Binary;

    private void Send(ReadOnlyMemory<byte> encoded) => _pump.Queue.Enqueue(encoded, TypeOf(SpeaksJson));

    public void End(Ending ending) => _pump.Queue.End(ending);

    /// <summary>Serves until either side ends it.</summary>
    public Task Run(LiveKitSession session)
    {
        _session = session;
        return _pump.Run(this);
    }

    public Task OnOpen() => _session!.Begin();

    public Task OnFrame(WebSocketMessageType type, ReadOnlyMemory<byte> frame)
    {
        SpeaksJson = type == WebSocketMessageType.Text;
        if (!_messages.TryTake())
        {
            if (_messages.RefusingSince is { } since && _clock.GetElapsedTime(since) > FloodingAllowed)
            {
                _session!.Refuse("RATE_LIMITED");
            }

            return Task.CompletedTask;
        }

        bool isRead = SpeaksJson ? Proto.TryDecodeJson(frame.Span, out SignalRequest? message) : Proto.TryDecode(frame, out message);
        if (!isRead || message is null)
        {
            _session!.Refuse("BAD_REQUEST");
            return Task.CompletedTask;
        }

        if (message.Offer is not null && !_offers.TryTake())
        {
            _session!.Refuse("RATE_LIMITED"); // an offer without its answer would keep the client waiting for 15 s
            return Task.CompletedTask;
        }

        return _session!.Handle(message);
    }

    public void OnTooLarge() => _session!.Refuse("TOO_LARGE");
}
