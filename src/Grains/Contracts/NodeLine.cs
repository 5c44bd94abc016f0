namespace Nexus.Contracts;

/// <summary>
/// The way to one media node, and the one place from which an <see cref="INodePort"/> is called: asks the node's grain for the
/// port of the link that is up now, and calls it with a deadline. The deadline is needed because a port may be answered by
/// nobody: Orleans drops what is sent to an observer that is gone, and its caller would wait for the response time-out (30 s).
/// The port is asked for each time, because an older one is dead as soon as its link is.
/// </summary>
/// <remarks>Has no state: make one where it is needed. In a grain it stays on the grain's scheduler.</remarks>
public sealed class NodeLine(IMediaNodeGrain node, TimeProvider time)
{
    /// <summary>How long a call may take: the link's own deadline (<c>LinkTiming.Command</c>, 3 s), and a second for the ways there and back.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Calls the node. A call that ended by its deadline may have arrived nevertheless, or may yet arrive: commands are idempotent.
    /// </summary>
    /// <param name="command">One call of the port.</param>
    /// <param name="within">The caller's own patience, above zero; what is longer than <see cref="Deadline"/> changes nothing.</param>
    /// <returns>Null when the node has no link.</returns>
    /// <exception cref="TimeoutException">Nobody answered in time.</exception>
    public Task<T?> Ask<T>(Func<INodePort, Task<T>> command, TimeSpan? within = null) where T : class =>
        Call(command).WaitAsync(within < Deadline ? within.Value : Deadline, time);

    /// <summary>Whether the node has a link now.</summary>
    /// <exception cref="TimeoutException">Its grain did not say in time.</exception>
    public async Task<bool> IsUp() => await node.Port().WaitAsync(Deadline, time) is not null;

    private async Task<T?> Call<T>(Func<INodePort, Task<T>> command) where T : class =>
        await node.Port() is { } port ? await command(port) : null;
}
