namespace Nexus.Link;

/// <summary>
/// Keeps a link between two processes alive and notices when the other end no longer is. Both ends run one. Within one process
/// there is none: neither end can be gone while the other runs.
/// </summary>
internal sealed class LinkPulse(LinkConnection connection, TimeSpan interval, TimeSpan lost, TimeProvider time)
{
    /// <summary>Sends heartbeats until cancelled. A peer that does not read them must not keep us from noticing: sending is never waited for.</summary>
    /// <exception cref="LinkException">Nothing was heard, or nothing was read, for too long; or the link is cut.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(interval, time);
        var judge = new SilenceJudge(interval, lost);
        var heartbeat = new Heartbeat();
        Task sending = connection.SendAsync(heartbeat, cancellation);
        long before = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            long now = time.GetTimestamp();
            TimeSpan passed = time.GetElapsedTime(before, now);
            before = now;
            if (judge.Tick(passed, connection.Received, connection.HasUnread, connection.Sent, !sending.IsCompleted) is { } fault)
            {
                throw new LinkSilentException($"{fault} {connection.Peer} for {lost.TotalMilliseconds:F0} ms of our own time");
            }

            if (sending.IsCompleted)
            {
                await sending;
                sending = connection.SendAsync(heartbeat, cancellation);
            }
        }
    }
}

/// <summary>
/// Tells a silent peer from a late clock of our own. What counts is the time that we have lived through awake: where our own
/// timer comes late, because the machine or the process stood still, the peer gets that much more, and what lies unread in our
/// own buffers counts as heard. Sans-IO.
/// </summary>
/// <param name="interval">Between two ticks when our clock is on time.</param>
/// <param name="lost">How long a peer may be silent, to the nearest interval.</param>
internal sealed class SilenceJudge(TimeSpan interval, TimeSpan lost)
{
    private long _received;
    private long _sent;
    private TimeSpan _silent;
    private TimeSpan _stuck;

    /// <summary>One tick of our timer.</summary>
    /// <param name="passed">Since the tick before.</param>
    /// <param name="received">Octets read so far.</param>
    /// <param name="sent">Octets written so far.</param>
    /// <param name="isSending">What was to be sent at the tick before is still on its way.</param>
    /// <returns>What the peer has failed to do for too long; null while it is well.</returns>
    public string? Tick(TimeSpan passed, long received, bool hasUnread, long sent, bool isSending)
    {
        TimeSpan awake = passed < interval ? passed : interval;
        _silent = received != _received || hasUnread ? TimeSpan.Zero : _silent + awake;
        _stuck = sent != _sent || !isSending ? TimeSpan.Zero : _stuck + awake;
        (_received, _sent) = (received, sent);
        TimeSpan most = lost - (interval / 2);
        return _silent > most ? "nothing was heard from" : _stuck > most ? "nothing was read by" : null;
    }
}
