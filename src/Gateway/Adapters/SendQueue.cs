using System.Net.WebSockets;
using System.Threading.Channels;

namespace Nexus.Gateway.Adapters;

/// <summary>Why and how a connection ends.</summary>
internal sealed record Ending(int Status, string Reason);

/// <summary>
/// What waits to be sent to one client, bounded in number and octets; a single message may be of any length. Whoever queues never waits: a client that does not read
/// is cut off by name and slows nobody. Enqueue from any thread; one sender.
/// </summary>
internal sealed class SendQueue(WebSocket socket, TimeProvider clock)
{
    public const int MaxMessages = 512;
    public const int MaxOctets = 2 * 1024 * 1024;

    /// <summary>How long the last messages and the close may take.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    public static readonly Ending SlowReader = new(4508, "SLOW_READER");

    private readonly Channel<Waiting> _messages = Channel.CreateUnbounded<Waiting>(new() { SingleReader = true });
    private readonly CancellationTokenSource _cut = new();
    private int _count;
    private int _octets;
    private Ending? _ending;

    /// <summary>Cancelled when the connection is to be given up, whatever it is doing.</summary>
    public CancellationToken Cut => _cut.Token;

    public Ending? Ending => Volatile.Read(ref _ending);

    public void Enqueue(ReadOnlyMemory<byte> message, WebSocketMessageType type)
    {
        if (Interlocked.Increment(ref _count) > MaxMessages || (Interlocked.Add(ref _octets, message.Length) is var octets && octets > MaxOctets && octets != message.Length))
        {
            End(SlowReader);
            return;
        }

        _messages.Writer.TryWrite(new([message], message.Length, type));
    }

    /// <summary>
    /// Queues a list of messages, of any length, as one: each is made when those before it are sent, so that only one of them waits.
    /// What is told to who joins is so; it makes nobody a slow reader.
    /// </summary>
    public void EnqueueEach(IEnumerable<ReadOnlyMemory<byte>> messages, WebSocketMessageType type)
    {
        if (Interlocked.Increment(ref _count) > MaxMessages)
        {
            End(SlowReader);
            return;
        }

        _messages.Writer.TryWrite(new(messages, 0, type));
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
            await foreach (Waiting waiting in _messages.Reader.ReadAllAsync(Cut))
            {
                foreach (ReadOnlyMemory<byte> message in waiting.Messages.TakeWhile(_ => Ending != SlowReader))
                {
                    await socket.SendAsync(message, waiting.Type, endOfMessage: true, Cut);
                }

                Interlocked.Decrement(ref _count);
                Interlocked.Add(ref _octets, -waiting.Octets);
            }

            var (status, reason) = Ending ?? new(1000, "");
            await socket.CloseOutputAsync((WebSocketCloseStatus)status, reason, Cut);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            await _cut.CancelAsync();
        }
        catch
        {
            await _cut.CancelAsync(); // a message could not be made: a client that is sent nothing more is not left waiting
            throw;
        }
    }

    private readonly record struct Waiting(IEnumerable<ReadOnlyMemory<byte>> Messages, int Octets, WebSocketMessageType Type);

    private async Task CutLater()
    {
        await Task.Delay(Farewell, clock);
        await _cut.CancelAsync();
    }
}
