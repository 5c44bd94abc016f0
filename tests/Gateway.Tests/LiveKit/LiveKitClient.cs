using System.Net.WebSockets;
using System.Threading.Channels;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Tests.WebSockets;
using JoinCompression = Nexus.Gateway.Adapters.LiveKit.Messages.WrappedJoinRequest.Types.Compression;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>A client of LiveKit's signalling, without media.</summary>
internal sealed class LiveKitClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();
    private readonly Channel<SignalResponse> _received = Channel.CreateUnbounded<SignalResponse>();
    private Task _receiving = Task.CompletedTask;

    public string? CloseReason => _socket.CloseStatusDescription;

    /// <summary>Whether the last message came as text.</summary>
    public bool HearsJson { get; private set; }

    /// <param name="reads">False: it takes nothing in before <see cref="Read"/>.</param>
    public static async Task<LiveKitClient> Connect(GatewayHost host, string token, JoinRequest? request = null, bool reads = true)
    {
        var client = new LiveKitClient();
        client._socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        string query = "?join_request=" + Uri.EscapeDataString(JoinRequestReaderTests.Wrapped(request ?? new(), JoinCompression.Gzip));
        using HttpMessageInvoker http = JsonClient.Dialler(reads);
        await client._socket.ConnectAsync(new Uri(host.Http.BaseAddress!, "/rtc/v1" + query).WebSocket(), http, default);
        if (reads)
        {
            client.Read();
        }

        return client;
    }

    public void Read() => _receiving = Receive();

    public Task Send(SignalRequest message) => SendRaw(Proto.Encode(message), WebSocketMessageType.Binary);

    public Task SendJson(SignalRequest message) => SendRaw(Proto.EncodeJson(message), WebSocketMessageType.Text);

    public Task SendRaw(byte[] frame, WebSocketMessageType type) => _socket.SendAsync(frame, type, true, default);

    /// <summary>What came and was not asked for, once the connection is closed.</summary>
    public IEnumerable<SignalResponse> Rest
    {
        get
        {
            while (_received.Reader.TryRead(out SignalResponse? message))
            {
                yield return message;
            }
        }
    }

    public async Task<SignalResponse> Next()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await _received.Reader.ReadAsync(patience.Token);
    }

    /// <summary>The next message that has what is asked for; others are passed over.</summary>
    public async Task<T> Next<T>(Func<SignalResponse, T?> choose) where T : class
    {
        while (true)
        {
            if (choose(await Next()) is { } chosen)
            {
                return chosen;
            }
        }
    }

    public async Task Closed() => await _receiving.WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _receiving;
        _socket.Dispose();
    }

    private async Task Receive()
    {
        var buffer = new byte[1 << 20];
        try
        {
            while (true)
            {
                var got = await _socket.ReceiveAsync(buffer.AsMemory(), default);
                int length = got.Count;
                while (!got.EndOfMessage)
                {
                    got = await _socket.ReceiveAsync(buffer.AsMemory(length), default);
                    length += got.Count;
                }

                if (got.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                HearsJson = got.MessageType == WebSocketMessageType.Text;
                bool isRead = HearsJson ? Proto.TryDecodeJson(buffer.AsSpan(0, length), out SignalResponse? message) : Proto.TryDecode(buffer.AsMemory(0, length), out message);
                Assert.True(isRead);
                _received.Writer.TryWrite(message!);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // the test cut it
        }

        _received.Writer.TryComplete();
    }
}
