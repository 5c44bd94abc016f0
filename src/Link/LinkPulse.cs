namespace Nexus.Link;

/// <summary>Keeps one link alive and notices when the other end no longer is. Both ends run one.</summary>
internal sealed class LinkPulse(LinkConnection connection, TimeSpan interval, TimeSpan lost, TimeProvider time)
{
    private long _heard = time.GetTimestamp();

    /// <summary>To be called with each message that arrived.</summary>
    public void Heard() => Volatile.Write(ref _heard, time.GetTimestamp());

    /// <summary>Sends heartbeats until cancelled. A peer that does not read them must not keep us from noticing: sending is never waited for.</summary>
    /// <exception cref="LinkException">Nothing was heard, or nothing was read, for too long; or the link is cut.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(interval, time);
        var heartbeat = new Heartbeat();
        Task sending = Task.CompletedTask;
        long sentAt = 0;
        do
        {
            if (sending.IsCompleted)
            {
                await sending;
                sentAt = time.GetTimestamp();
                sending = connection.SendAsync(heartbeat, cancellation);
            }
            else if (time.GetElapsedTime(sentAt) > lost)
            {
                throw new LinkException($"{connection.Peer} has not read anything for {time.GetElapsedTime(sentAt).TotalMilliseconds:F0} ms");
            }

            if (time.GetElapsedTime(Volatile.Read(ref _heard)) is var silent && silent > lost)
            {
                throw new LinkException($"nothing was heard from {connection.Peer} for {silent.TotalMilliseconds:F0} ms");
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }
}
