using System.Net.WebSockets;
using System.Threading.Channels;

namespace Nexus.Gateway.Adapters;

/// <summary>Why and how a connection ends.</summary>
internal sealed record Ending(int Status, string Reason);

/// <summary>
/// What waits to be sent to one client, bounded in number and octets. Whoever queues never waits: a client that does not read
/// is cut off by name and slows nobody. Enqueue from any thread; one sender.
/// </summary>
internal sealed class SendQueue(WebSocket socket, TimeProvider clock)
{
    public const int MaxMessages = 512;
    public const int MaxOctets = 2 * 1024 * 1024;

    /// <summary>How long the last messages and the close may take.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    public static readonly Ending SlowReader = new(4508, "SLOW_READER");

    private readonly Channel<(ReadOnlyMemory<byte> Octets, WebSocketMessageType Type)> _messages = Channel.CreateUnbounded<(ReadOnlyMemory<byte> Octets, WebSocketMessageType Type)>(new() { SingleReader = true });
    private readonly CancellationTokenSource _cut = new();
    private int _count;
    private int _octets;
    private Ending? _ending;

    /// <summary>Cancelled when the connection is to be given up, whatever it is doing.</summary>
    public CancellationToken Cut => _cut.Token;

    public Ending? Ending => Volatile.Read(ref _ending);

    public void Enqueue(ReadOnlyMemory<byte> message, WebSocketMessageType type)
    {
        if (Interlocked.Increment(ref _count) > MaxMessages || Interlocked.Add(ref _octets, message.Length) > MaxOctets)
        {
            End(SlowReader);
            return;
        }

        _messages.Writer.TryWrite((message, type));
    }

    /// <summary>Nothing more is queued; what waits is sent, then the close. The first reason counts.</summary>
    public void End(Ending ending)
    {
        if (Interlocked.CompareExchange(ref _ending, ending, null) is null)
        {
            _messages.Writer.TryComplete();
            _ = CutLater();
        }
    }

    /// <summary>Sends until the end. Returns when the close was sent, or the connection is broken.</summary>
    public async Task Run()
    {
        try
        {
            await foreach (var (octets, type) in _messages.Reader.ReadAllAsync(Cut))
            {
                if (Ending == SlowReader)
                {
                    break;
                }

                await socket.SendAsync(octets, type, endOfMessage: true, Cut);
                Interlocked.Decrement(ref _count);
                Interlocked.Add(ref _octets, -octets.Length);
            }

            var (status, reason) = Ending ?? new(1000, "");
            await socket.CloseOutputAsync((WebSocketCloseStatus)status, reason, Cut);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            await _cut.CancelAsync();
        }
    }

    private async Task CutLater()
    {
        await Task.Delay(Farewell, clock);
        await _cut.CancelAsync();
    }
}
