using System.Collections.Immutable;
using System.Net;
using Nexus.MediaNode.Engine;

namespace Nexus.MediaNode.Link;

/// <summary>Who a media node is and where it is reached.</summary>
public sealed record NodeOptions
{
    /// <summary><c>ND_…</c>, kept over restarts.</summary>
    public required string NodeId { get; init; }

    public string Region { get; init; } = "local";

    /// <summary>Shared with the control side.</summary>
    public string LinkSecret { get; init; } = "";

    /// <summary>Addresses that clients are told. Sockets bind to <see cref="LoopOptions.Bind"/>.</summary>
    public ImmutableArray<IPAddress> PublicAddresses { get; init; } = [IPAddress.Loopback];

    public LoopOptions Loops { get; init; } = new();
}
