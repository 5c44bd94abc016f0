using System.Collections.Immutable;

namespace Nexus.Link;

/// <summary>The media node, as its end of the link needs it. Called on any thread, several commands at once; order is the handler's business, by (epoch, seq).</summary>
public interface INodeLinkHandler
{
    /// <summary>Raises the session's epoch and says what the node has of it.</summary>
    Task<SessionClaim> Claim(string session);

    Task<SessionApplied> Apply(ApplySession command);

    Task<SessionApplied> Close(CloseSession command);

    Task<NodeInspection> Inspect();

    /// <summary>All sessions there are now.</summary>
    ImmutableArray<DigestEntry> Digest();

    LoadReport Load();

    /// <summary>
    /// The newest report of each session that changed since it was last taken; empties that list. Bounded by the number of
    /// sessions, because a newer report replaces an older one that was not sent yet.
    /// </summary>
    ImmutableArray<SessionReport> TakeReports();

    /// <summary>Completes when <see cref="TakeReports"/> would return something.</summary>
    Task WaitForReports(CancellationToken cancellation);

    /// <summary>The link is up (again): everything counts as changed, because reports may have been lost.</summary>
    void OnLinked();
}

/// <summary>The control side, as its end of a node's link needs it. Calls come one at a time, in the order the node sent.</summary>
public interface IControlLinkHandler
{
    Task OnReport(SessionReport report);

    /// <summary>One part of a digest round.</summary>
    Task OnDigest(Digest digest);

    Task OnLoad(LoadReport load);
}

/// <summary>How a node introduces itself, and the timing that both ends keep.</summary>
public sealed record NodeLinkOptions
{
    public required string NodeId { get; init; }

    /// <summary>New with each start of the process.</summary>
    public required string BootId { get; init; }

    public required string Region { get; init; }

    public required string Secret { get; init; }

    public string Software { get; init; } = "nexus";

    public int Loops { get; init; } = 1;
}

/// <summary>Timing of the link; three missed heartbeats, and it counts as lost (design rule 8).</summary>
public sealed record LinkTiming
{
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan Digest { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Load { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a command waits for its answer.</summary>
    public TimeSpan Command { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the opening exchange may take.</summary>
    public TimeSpan Opening { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Lost => Heartbeat * 3;
}
