using System.Net.WebSockets;
using Nexus.Gateway.Adapters;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>What waits for a client that takes its time.</summary>
public sealed class SendQueueTests
{
    private readonly Taker _client = new();
    private readonly SendQueue _queue;

    public SendQueueTests() => _queue = new(_client, TimeProvider.System);

    [Fact]
    public async Task A_list_of_any_length_makes_nobody_a_slow_reader_and_is_made_as_it_is_taken()
    {
        int made = 0;
        _queue.EnqueueEach(Enumerable.Range(0, 2 * SendQueue.MaxMessages).Select(_ =>
        {
            made++;
            return Message(64 * 1024); // 64 MiB in all
        }), WebSocketMessageType.Binary);
        _queue.Enqueue(Message(1), WebSocketMessageType.Text);
        Task sending = _queue.Run();
        for (int i = 1; i <= 2 * SendQueue.MaxMessages; i++)
        {
            Assert.Equal(64 * 1024, await _client.Take());
            Assert.InRange(made, i, i + 1);
        }

        Assert.Equal(1, await _client.Take()); // in order
        Assert.Null(_queue.Ending);
        _queue.End(new(1000, "over"));
        await sending;
    }

    [Fact]
    public void A_single_message_may_be_longer_than_what_may_wait_and_nothing_may_wait_behind_it()
    {
        _queue.Enqueue(Message(SendQueue.MaxOctets + 1), WebSocketMessageType.Binary);
        Assert.Null(_queue.Ending);
        _queue.Enqueue(Message(1), WebSocketMessageType.Binary);
        Assert.Equal(SendQueue.SlowReader, _queue.Ending);
    }

    [Fact]
    public async Task A_list_counts_as_a_message_and_ends_with_a_client_that_is_cut_off()
    {
        for (int i = 0; i < SendQueue.MaxMessages; i++)
        {
            _queue.EnqueueEach([Message(1), Message(1)], WebSocketMessageType.Binary);
        }

        Assert.Null(_queue.Ending);
        _queue.EnqueueEach([], WebSocketMessageType.Binary);
        Assert.Equal(SendQueue.SlowReader, _queue.Ending);
        await _queue.Run();
        Assert.Equal((WebSocketCloseStatus)4508, _client.CloseStatus);
    }

    [Fact]
    public async Task A_message_that_cannot_be_made_cuts_its_client_off()
    {
        _queue.EnqueueEach(Enumerable.Range(0, 1).Select<int, ReadOnlyMemory<byte>>(_ => throw new FormatException()), WebSocketMessageType.Binary);
        await Assert.ThrowsAsync<FormatException>(_queue.Run);
        Assert.True(_queue.Cut.IsCancellationRequested);
    }

    private static ReadOnlyMemory<byte> Message(int length) => new byte[length];

    /// <summary>A socket whose other side takes one message at a time.</summary>
    private sealed class Taker : WebSocket
    {
        private readonly SemaphoreSlim _wanted = new(0);
        private readonly SemaphoreSlim _sent = new(0);
        private int _length;
        private WebSocketCloseStatus? _closed;

        public override WebSocketCloseStatus? CloseStatus => _closed;

        public override string? CloseStatusDescription => null;

        public override WebSocketState State => WebSocketState.Open;

        public override string? SubProtocol => null;

        /// <summary>The length of the next message.</summary>
        public async Task<int> Take()
        {
            _wanted.Release();
            await _sent.WaitAsync(TimeSpan.FromSeconds(20));
            return _length;
        }

        public override async Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
        {
            await _wanted.WaitAsync(cancellationToken);
            _length = buffer.Count;
            _sent.Release();
        }

        public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
        {
            _closed = closeStatus;
            return Task.CompletedTask;
        }

        public override void Abort()
        {
        }

        public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override void Dispose()
        {
        }

        public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
