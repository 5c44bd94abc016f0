namespace Nexus.Link;

/// <summary>Keeps a node linked: dials, serves, and dials again for as long as it runs: at once when a link that stood is gone, else with back-off (0.1 s doubling to 2 s).</summary>
public sealed class NodeLinkDialer(Func<CancellationToken, Task<LinkConnection>> dial, NodeLinkOptions options, INodeLinkHandler handler, LinkTiming timing, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>A link that was up for so long stood; whoever drops them sooner would be dialled without end.</summary>
    private static readonly TimeSpan Standing = TimeSpan.FromSeconds(1);

    /// <summary>The link came up; with the address of the control side.</summary>
    public event Action<string>? Linked;

    /// <summary>The link went down or could not be made; with the reason.</summary>
    public event Action<string>? Unlinked;

    /// <summary>A message to the control side was not sent because it is too long; with what it was. The link stands.</summary>
    public event Action<string>? Refused;

    /// <summary>Returns when cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        TimeSpan pause = FirstPause;
        while (!cancellation.IsCancellationRequested)
        {
            long? linkedAt = null;
            try
            {
                await using LinkConnection connection = await dial(cancellation);
                await new NodeLinkClient(connection, options, handler, timing, time, what => Refused?.Invoke(what)).RunAsync(
                    () =>
                    {
                        pause = FirstPause;
                        linkedAt = time.GetTimestamp();
                        Linked?.Invoke(connection.Peer);
                    },
                    cancellation);
                Unlinked?.Invoke("the control side closed the link");
            }
            catch (LinkException e)
            {
                Unlinked?.Invoke(e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (linkedAt is { } at && time.GetElapsedTime(at) > Standing)
            {
                continue;
            }

            try
            {
                await Task.Delay(pause, time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}
