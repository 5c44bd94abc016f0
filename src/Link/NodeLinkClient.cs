using System.Threading.Channels;

namespace Nexus.Link;

/// <summary>
/// The node's end of the link: introduces the node, carries commands to the handler and its messages back. One instance serves
/// one connection; <see cref="NodeLinkDialer"/> makes new ones for as long as the node runs.
/// </summary>
/// <param name="refused">Told of each message that was not sent because it is too long.</param>
public sealed class NodeLinkClient(
    LinkConnection connection, NodeLinkOptions options, INodeLinkHandler handler, LinkTiming timing, TimeProvider time, Action<string>? refused = null)
{
    /// <summary>Messages that may wait to be sent. A control side that is this far behind is as good as gone.</summary>
    private const int MaxQueued = 65536;

    private readonly Channel<LinkMessage> _queue = Channel.CreateBounded<LinkMessage>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });

    /// <summary>Serves until the link ends; returns when the control side closed it.</summary>
    /// <param name="linked">Called once, when the control side has taken the node.</param>
    /// <exception cref="LinkException">The link was cut, silent for too long, or the node was refused.</exception>
    public async Task RunAsync(Action? linked = null, CancellationToken cancellation = default)
    {
        Welcome welcome = await OpenAsync(cancellation);
        linked?.Invoke();
        handler.OnLinked(Enqueue);
        try
        {
            TimeSpan heartbeat = TimeSpan.FromMilliseconds(welcome.HeartbeatMilliseconds);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            List<Task> parts = [ReceiveAsync(ending.Token), SendAsync(ending.Token)];
            if (!connection.IsInProcess)
            {
                parts.Add(new LinkPulse(connection, heartbeat, heartbeat * 3, time).RunAsync(ending.Token));
            }

            await LinkTasks.UntilFirstEnds(parts, ending);
        }
        finally
        {
            _queue.Writer.TryComplete();
            handler.OnUnlinked();
        }
    }

    private async Task<Welcome> OpenAsync(CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(timing.Opening, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            await connection.SendAsync(
                new Hello(LinkConnection.Version, options.NodeId, options.BootId, options.Region, options.Secret, options.Software, options.Loops),
                deadline.Token);
            return await connection.ReceiveAsync(deadline.Token) switch
            {
                Welcome { Version: LinkConnection.Version } w => w,
                Welcome w => throw new LinkException($"{connection.Peer} wants version {w.Version} of the node link; this node speaks {LinkConnection.Version}"),
                Rejected r => throw new LinkException($"{connection.Peer} refused this node: {r.Code}: {r.Message}"),
                null => throw new LinkException($"{connection.Peer} closed the link without a word"),
                LinkMessage other => throw new LinkException($"{connection.Peer} answered hello with a {other.GetType().Name}"),
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LinkException($"{connection.Peer} did not answer hello within {timing.Opening.TotalSeconds:F0} s");
        }
    }

    private async Task ReceiveAsync(CancellationToken cancellation)
    {
        while (await connection.ReceiveAsync(cancellation) is { } message)
        {
            if (message is not Heartbeat)
            {
                handler.OnMessage(message);
            }
        }
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        await foreach (LinkMessage message in _queue.Reader.ReadAllAsync(cancellation))
        {
            try
            {
                await connection.SendAsync(message, cancellation);
            }
            catch (LinkRefusedException e)
            {
                LinkMeter.CountRefused(message);
                refused?.Invoke(e.Message);
                if (message is LinkAnswer answer)
                {
                    await connection.SendAsync(new CommandRefused(answer.Id, e.Error), cancellation);
                }
            }
        }
    }

    private void Enqueue(LinkMessage message)
    {
        if (!_queue.Writer.TryWrite(message))
        {
            _queue.Writer.TryComplete(new LinkException($"{connection.Peer} does not read: {MaxQueued} messages wait"));
        }
    }
}
