using System.Collections.Immutable;

namespace Nexus.Link;

/// <summary>
/// The node's end of the link: introduces the node, carries commands to the handler and reports back. One instance serves
/// one connection; <see cref="NodeLinkDialer"/> makes new ones for as long as the node runs.
/// </summary>
public sealed class NodeLinkClient(LinkConnection connection, NodeLinkOptions options, INodeLinkHandler handler, LinkTiming timing, TimeProvider time)
{
    /// <summary>Commands carried out at once; more wait in the socket.</summary>
    private const int MaxCommands = 256;

    /// <summary>Entries per digest message, so that a large node's digest stays far below the frame limit.</summary>
    private const int DigestChunk = 500;

    private readonly SemaphoreSlim _commands = new(MaxCommands);

    /// <summary>Serves until the link ends; returns when the control side closed it.</summary>
    /// <param name="linked">Called once, when the control side has taken the node.</param>
    /// <exception cref="LinkException">The link was cut, silent for too long, or the node was refused.</exception>
    public async Task RunAsync(Action? linked = null, CancellationToken cancellation = default)
    {
        LinkTiming agreed = await OpenAsync(cancellation);
        handler.OnLinked();
        linked?.Invoke();

        var pulse = new LinkPulse(connection, agreed.Heartbeat, agreed.Lost, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] parts =
        [
            ReceiveAsync(pulse, ending.Token),
            pulse.RunAsync(ending.Token),
            SendReportsAsync(ending.Token),
            EveryAsync(agreed.Digest, SendDigestAsync, ending.Token),
            EveryAsync(agreed.Load, token => connection.SendAsync(handler.Load(), token), ending.Token),
        ];
        await LinkTasks.UntilFirstEnds(parts, ending);
    }

    private async Task<LinkTiming> OpenAsync(CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timeout = new CancellationTokenSource(timing.Opening, time);
        using CancellationTokenRegistration link = timeout.Token.Register(deadline.Cancel);
        try
        {
            await connection.SendAsync(
                new Hello(LinkConnection.Version, options.NodeId, options.BootId, options.Region, options.Secret, options.Software, options.Loops),
                deadline.Token);
            return await connection.ReceiveAsync(deadline.Token) switch
            {
                Welcome { Version: LinkConnection.Version } w => timing with
                {
                    Heartbeat = TimeSpan.FromMilliseconds(w.HeartbeatMilliseconds),
                    Digest = TimeSpan.FromMilliseconds(w.DigestMilliseconds),
                },
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

    private async Task ReceiveAsync(LinkPulse pulse, CancellationToken cancellation)
    {
        while (await connection.ReceiveAsync(cancellation) is { } message)
        {
            pulse.Heard();
            if (message is Heartbeat)
            {
                continue;
            }

            await _commands.WaitAsync(cancellation);
            _ = CarryOutAsync(message, cancellation);
        }
    }

    private async Task CarryOutAsync(LinkMessage message, CancellationToken cancellation)
    {
        try
        {
            LinkMessage? reply = message switch
            {
                ClaimSession c => new SessionClaimed(c.Id, await handler.Claim(c.Session)),
                ApplySession a => new SessionReply(a.Id, await handler.Apply(a)),
                CloseSession c => new SessionReply(c.Id, await handler.Close(c)),
                InspectNode i => new NodeInspected(i.Id, await handler.Inspect()),
                _ => null, // a newer control side's message that this version does not know
            };
            if (reply is not null)
            {
                await connection.SendAsync(reply, cancellation);
            }
        }
        catch (Exception e) when (e is LinkException or OperationCanceledException)
        {
            // the link is ending; the control side asks again on the next one
        }
        finally
        {
            _commands.Release();
        }
    }

    private async Task SendReportsAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await handler.WaitForReports(cancellation);
            foreach (SessionReport report in handler.TakeReports())
            {
                await connection.SendAsync(new SessionChanged(report), cancellation);
            }
        }
    }

    private async Task SendDigestAsync(CancellationToken cancellation)
    {
        ImmutableArray<DigestEntry> all = handler.Digest();
        for (int from = 0; from == 0 || from < all.Length; from += DigestChunk)
        {
            int count = Math.Min(DigestChunk, all.Length - from);
            await connection.SendAsync(new Digest(options.BootId, all.Slice(from, count), from + count >= all.Length), cancellation);
        }
    }

    private async Task EveryAsync(TimeSpan interval, Func<CancellationToken, Task> act, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            await act(cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }
}
