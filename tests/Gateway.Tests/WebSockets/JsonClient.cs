using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>A client of nexus.v1 that checks every message of both directions against the schema.</summary>
internal sealed class JsonClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();
    private readonly Channel<JsonElement> _received = Channel.CreateUnbounded<JsonElement>();
    private readonly List<JsonElement> _kept = [];
    private int _requests;
    private Task _receiving = Task.CompletedTask;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public string? CloseReason => _socket.CloseStatusDescription;

    public JsonElement Joined { get; private set; }

    public string Session => Joined.GetProperty("session").GetString()!;

    public static async Task<JsonClient> Connect(GatewayHost host, string query = "", bool reads = true)
    {
        var client = new JsonClient();
        client._socket.Options.AddSubProtocol("nexus.v1");
        await client._socket.ConnectAsync(new Uri(host.Http.BaseAddress!, "/ws" + query).WebSocket(), default);
        client._receiving = reads ? client.Receive() : Task.CompletedTask;
        return client;
    }

    public static async Task<JsonClient> Join(GatewayHost host, string room, string identity, bool autoSubscribe = true)
    {
        var client = await Connect(host);
        client.Joined = await client.Request("join", new { room, token = GatewayHost.Token(room, identity), autoSubscribe });
        Assert.Equal("joined", client.Joined.GetProperty("type").GetString());
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

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return default;
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
                    SchemaCheck.Protocol.Check("ServerMessage", message);
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
