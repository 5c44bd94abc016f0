using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>A client of nexus.v1 that checks every message of both directions against the schema, unless it is one of a crowd.</summary>
internal sealed class JsonClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>As the SDK does: who says nothing for three times as long is taken for gone.</summary>
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);

    private readonly ClientWebSocket _socket = new();
    private readonly Channel<JsonElement> _received = Channel.CreateUnbounded<JsonElement>();
    private readonly List<JsonElement> _kept = [];
    private readonly CancellationTokenSource _disposed = new();
    private readonly bool _inCrowd;
    private int _requests;
    private Task _receiving = Task.CompletedTask;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public string? CloseReason => _socket.CloseStatusDescription;

    public JsonElement Joined { get; private set; }

    public string Session => Joined.GetProperty("session").GetString()!;

    private JsonClient(bool inCrowd) => _inCrowd = inCrowd;

    public static Task<JsonClient> Connect(GatewayHost host, string query = "", bool reads = true) => Connect(host, query, reads, inCrowd: false);

    private static async Task<JsonClient> Connect(GatewayHost host, string query, bool reads, bool inCrowd)
    {
        var client = new JsonClient(inCrowd);
        client._socket.Options.AddSubProtocol("nexus.v1");
        using HttpMessageInvoker http = Dialler(reads);
        await client._socket.ConnectAsync(new Uri(host.Http.BaseAddress!, "/ws" + query).WebSocket(), http, default);
        client._receiving = reads ? client.Receive() : Task.CompletedTask;
        return client;
    }

    /// <param name="inCrowd">One of many: what comes is not checked against the schema, and it says now and then that it is there.</param>
    public static async Task<JsonClient> Join(GatewayHost host, string room, string identity, bool autoSubscribe = true, bool inCrowd = false)
    {
        var client = await Connect(host, "", reads: true, inCrowd);
        client.Joined = await client.Request("join", new { room, token = GatewayHost.Token(room, identity), autoSubscribe });
        Assert.Equal("joined", client.Joined.GetProperty("type").GetString());
        if (inCrowd)
        {
            _ = client.KeepSaying();
        }

        return client;
    }

    /// <summary>Sends a message of a type; the object's properties are its fields.</summary>
    public Task Send(string type, object fields, int? requestId = null)
    {
        var message = JsonSerializer.SerializeToNode(fields)!.AsObject();
        message["type"] = type;
        if (requestId is not null)
        {
            message["requestId"] = requestId;
        }

        SchemaCheck.Protocol.Check("ClientMessage", JsonSerializer.SerializeToElement(message));
        return SendRaw(message.ToJsonString());
    }

    public Task SendRaw(string text) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, default);

    /// <summary>Sends a request and returns its reply, whatever else comes meanwhile.</summary>
    public async Task<JsonElement> Request(string type, object fields)
    {
        int id = ++_requests;
        await Send(type, fields, id);
        return await Next(m => m.TryGetProperty("requestId", out var r) && r.GetInt32() == id);
    }

    public Task<JsonElement> Next(string type) => Next(m => m.GetProperty("type").GetString() == type);

    /// <summary>The next message that fits; others are kept.</summary>
    public async Task<JsonElement> Next(Func<JsonElement, bool> fits)
    {
        int at = _kept.FindIndex(m => fits(m));
        if (at >= 0)
        {
            var kept = _kept[at];
            _kept.RemoveAt(at);
            return kept;
        }

        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            JsonElement message;
            try
            {
                message = await _received.Reader.ReadAsync(patience.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
            {
                string last = string.Join(Environment.NewLine, _kept.TakeLast(10));
                throw new InvalidOperationException($"It did not come. The socket is {_socket.State} ({_socket.CloseStatus} {_socket.CloseStatusDescription}); last came:{Environment.NewLine}{last}", e);
            }

            if (fits(message))
            {
                return message;
            }

            _kept.Add(message);
        }
    }

    /// <summary>Until the server's close.</summary>
    public Task Closed() => _receiving.WaitAsync(Patience);

    /// <summary>The connection breaks, without a goodbye.</summary>
    public void Break() => _socket.Abort();

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _socket.Dispose();
    }

    /// <param name="reads">False: the kernel takes in as little as it can for a client that does not read.</param>
    internal static HttpMessageInvoker Dialler(bool reads) => new(new SocketsHttpHandler { ConnectCallback = (to, _) => Dial(to.DnsEndPoint, reads) });

    private static async ValueTask<Stream> Dial(EndPoint server, bool reads)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (!reads)
        {
            socket.ReceiveBufferSize = 8 * 1024; // by itself the kernel would take in tens of megabytes for one that does not read
        }

        await socket.ConnectAsync(server);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private async Task KeepSaying()
    {
        using var timer = new PeriodicTimer(PingInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_disposed.Token))
            {
                await Send("ping", new { t = 0 });
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // it is over; whoever waits for a message is told why
        }
    }

    private async Task Receive()
    {
        byte[] buffer = new byte[1 << 20];
        int length = 0;
        try
        {
            while (true)
            {
                var got = await _socket.ReceiveAsync(buffer.AsMemory(length), default);
                length += got.Count;
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                if (got.EndOfMessage)
                {
                    var message = JsonDocument.Parse(buffer.AsMemory(0, length).ToArray()).RootElement;
                    length = 0;
                    if (!_inCrowd)
                    {
                        SchemaCheck.Protocol.Check("ServerMessage", message);
                    }

                    await _received.Writer.WriteAsync(message);
                }
            }
        }
        catch (WebSocketException)
        {
            // broken, as some tests want it
        }
        catch (Exception e)
        {
            _received.Writer.TryComplete(e);
            throw;
        }

        _received.Writer.TryComplete();
    }
}

internal static class UriExtensions
{
    public static Uri WebSocket(this Uri http) => new UriBuilder(http) { Scheme = "ws" }.Uri;
}
