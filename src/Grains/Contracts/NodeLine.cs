namespace Nexus.Contracts;

/// <summary>
/// The way to one media node, and the one place from which an <see cref="INodePort"/> is called: asks the node's grain for the
/// port of the link that is up now, and calls it. The port is asked for each time, because an older one is dead as soon as its
/// link is.
/// </summary>
/// <remarks>Has no state: make one where it is needed. In a grain it stays on the grain's scheduler.</remarks>
public sealed class NodeLine(IMediaNodeGrain node)
{
    /// <summary>
    /// How long each of the two calls may take: the link's own deadline (<c>LinkTiming.Command</c>, 3 s), and a second for the ways
    /// there and back. A port may be answered by nobody: Orleans drops what is sent to an observer that is gone, and its caller
    /// would wait for the response time-out of all calls (30 s).
    /// </summary>
    public const string Deadline = "00:00:04";

    /// <summary>
    /// Calls the node. A call that ended by its deadline may have arrived nevertheless, or may yet arrive: commands are idempotent.
    /// </summary>
    /// <param name="command">One call of the port.</param>
    /// <returns>Null when the node has no link.</returns>
    /// <exception cref="TimeoutException">Nobody answered in time.</exception>
    public async Task<T?> Ask<T>(Func<INodePort, Task<T>> command) where T : class =>
        await node.Port() is { } port ? await command(port) : null;

    /// <summary>Whether the node has a link now.</summary>
    /// <exception cref="TimeoutException">Its grain did not say in time.</exception>
    public async Task<bool> IsUp() => await node.Port() is not null;
}
