namespace Nexus.MediaNode.Relay;

/// <summary>What a link tells the control side. Immutable.</summary>
/// <param name="Link">Its id.</param>
internal abstract record RelayNews(string Link);

/// <summary>The other end has said hello: from now on tracks come and go.</summary>
internal sealed record RelayGreeted(string Link, string Node) : RelayNews(Link);

/// <summary>The other node offers a track: it is published by the link's session here, on the section of that name.</summary>
internal sealed record RelayTrackCame(string Link, string Mid, RelayedTrack Track, bool Muted) : RelayNews(Link);

internal sealed record RelayTrackEnded(string Link, string Mid) : RelayNews(Link);

/// <summary>A sender of data is to wait: its receivers at the other node are behind.</summary>
/// <param name="Session">Ours.</param>
internal sealed record RelayHeldUp(string Link, string Session, Instant Until) : RelayNews(Link);

/// <summary>What the other node wants of a track of ours.</summary>
internal sealed record RelayWanted(string Link, RelayedTrack Track, RelayDemand Demand) : RelayNews(Link);
