namespace Nexus.Link;

/// <summary>The media node, as its end of the link needs it. Calls come one at a time.</summary>
public interface INodeLinkHandler
{
    /// <summary>The link is up (again): everything is to be told, because reports may have been lost.</summary>
    /// <param name="send">Queues a message in order; any thread, never blocks. After the link ended it does nothing.</param>
    void OnLinked(Action<LinkMessage> send);

    /// <summary>A command. Must not block.</summary>
    void OnMessage(LinkMessage message);

    void OnUnlinked();
}

/// <summary>
/// The control side, as its end of a node's link needs it. Calls come one at a time, in the order the node sent. They only queue:
/// whoever waited here would keep the link from being heard, and answers from whom they are for.
/// </summary>
public interface IControlLinkHandler
{
    void OnReport(SessionReport report);

    /// <summary>One part of a digest round.</summary>
    void OnDigest(Digest digest);

    void OnLoad(LoadReport load);

    void OnLevels(RoomLevels levels);

    void OnConnections(RoomConnections connections);
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

    /// <summary>How long a command waits for its answer.</summary>
    public TimeSpan Command { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the opening exchange may take.</summary>
    public TimeSpan Opening { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Lost => Heartbeat * 3;
}
