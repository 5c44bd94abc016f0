using System.Diagnostics.CodeAnalysis;
using Nexus.MediaNode.Data;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Relay;

/// <summary>The links of a loop to other nodes. Opened and closed by the control side. Loop's thread.</summary>
/// <param name="peerOf">A link as data routers see it.</param>
internal sealed class RelayLinks(LoopContext loop, Func<string, IDataPeer> peerOf)
{
    private readonly List<RelayLink> _links = [];
    private readonly Queue<RelayNews> _news = new();

    /// <summary>For a message that is being written.</summary>
    public byte[] Buffer { get; } = new byte[RelayChannels.MaxMessage];

    /// <summary>The turn's.</summary>
    public Instant Now { get; private set; }

    public Instant NextTimeout { get; private set; } = Instant.Never;

    public RelayLink? Find(string id) => _links.Find(l => l.Plan.Id == id);

    public IDataPeer PeerOf(string link) => peerOf(link);

    public void Open(Instant now, RelayPlan plan)
    {
        Now = now;
        var link = new RelayLink(now, loop, plan, this);
        _links.Add(link);
        loop.Sessions.Add(link.Session);
        link.Session.Apply(now, link.Session.Plan);
        link.Start(now);
    }

    /// <summary>Its session is removed: what it brought has ended with it.</summary>
    public void Forget(string id) => _links.RemoveAll(l => l.Plan.Id == id);

    /// <summary>For the control side.</summary>
    public void Tell(RelayNews news) => _news.Enqueue(news);

    public bool TryPeekNews([NotNullWhen(true)] out RelayNews? news) => _news.TryPeek(out news);

    public void TakeNews() => _news.Dequeue();

    /// <summary>The turn begins.</summary>
    public void Begin(Instant now) => Now = now;

    /// <summary>The end of the turn, before sessions send what they have to: tells the other ends what is to be told.</summary>
    public void Flush(Instant now)
    {
        if (_links.Count == 0)
        {
            return;
        }

        NextTimeout = Instant.Never;
        foreach (var link in _links)
        {
            loop.Faults.Try(FaultPlace.Settle, link.Plan.Id, (link, now), static a => a.link.Flush(a.now));
            NextTimeout = Instant.Min(NextTimeout, link.NextTimeout);
        }
    }
}
