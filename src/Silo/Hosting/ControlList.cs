using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Silo.Hosting;

/// <summary>
/// The silos that a media node may be linked to, one at a time. Each dial takes the next, for whatever reason the one before ended: a
/// silo that is frozen still takes connections. Nodes begin at different ones.
/// </summary>
/// <param name="node">Its id says where it begins.</param>
internal sealed class ControlList(ImmutableArray<LinkEndpoint> silos, string node)
{
    /// <summary>A machine that is gone says nothing at all.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(2);

    private uint _next = Begin(node);

    /// <summary>Goes once through all of them, until one takes the connection.</summary>
    /// <exception cref="LinkException">None does; the message is the last one's.</exception>
    public async Task<LinkConnection> ConnectAsync(CancellationToken cancellation)
    {
        for (int left = silos.Length; ; left--)
        {
            LinkEndpoint silo = silos[(int)(_next++ % (uint)silos.Length)];
            try
            {
                return await Connect(silo, cancellation);
            }
            catch (LinkException) when (left > 1)
            {
                // the next may be there
            }
        }
    }

    private static async Task<LinkConnection> Connect(LinkEndpoint silo, CancellationToken cancellation)
    {
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        within.CancelAfter(Within);
        try
        {
            return await silo.ConnectAsync(within.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LinkException($"{silo} did not answer within {Within.TotalSeconds:F0} s");
        }
    }

    /// <summary>The same after a restart.</summary>
    private static uint Begin(string node) => node.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u); // FNV-1a
}
