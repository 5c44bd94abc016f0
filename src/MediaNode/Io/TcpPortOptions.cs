using System.Net;
using Nexus.MediaNode.Diagnostics;

namespace Nexus.MediaNode.Io;

/// <summary>Limits of a loop's ICE-TCP side. Everything a stranger can make us hold is bounded here.</summary>
public sealed record TcpPortOptions
{
    public required IPEndPoint Bind { get; init; }

    /// <summary>Connections at once; more are closed on sight.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Connections from one address at once (a classroom behind one NAT must get in).</summary>
    public int MaxConnectionsPerAddress { get; init; } = 256;

    /// <summary>A connection without an authenticated check after this long is closed.</summary>
    public TimeSpan UnkeptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A frame must be complete this long after its first octet.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A connection that acknowledges nothing for so long is dead and is closed; its kernel is asked when nothing is under way.
    /// In whole seconds where the system has no TCP_USER_TIMEOUT (RFC 5482).
    /// </summary>
    public TimeSpan AcknowledgeTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The node's.</summary>
    public Faults Faults { get; init; } = new();

    /// <summary>The clock of the time-outs; tests have their own.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Octets that wait for a slow receiver; what does not fit is lost, as on a full link.</summary>
    public int WriteQueue { get; init; } = 256 * 1024;

    /// <summary>Frames that wait for the loop; when full, connections are not read.</summary>
    public int ReadQueue { get; init; } = 1024;
}
