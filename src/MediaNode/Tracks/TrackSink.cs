using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Tracks;

/// <summary>
/// An end that reads a published track, be it for a client, another node, another loop or a recording. The track, its fan-out and
/// its history know sinks only, never their kind. What a sink can do to its track: take the turn's packets
/// (<see cref="PublishedTrack.Pending"/>, in order of arrival), fetch one that is held (<see cref="ReceiveStream.TryGetHeld"/>), ask for a
/// keyframe (<see cref="PublishedTrack.RequestKeyFrame"/>), and say which encodings it is to get (<see cref="Want"/>). What it is told is below. Loop's thread.
/// </summary>
internal abstract class TrackSink
{
    private uint _wanted;

    /// <summary>The highest spatial layer that it is to get of them.</summary>
    public byte WantedSpatial { get; private set; }

    /// <summary>It is to get something.</summary>
    public bool Wants => _wanted != 0;

    /// <summary>The track that it reads; null while it reads none.</summary>
    public PublishedTrack? Source { get; private set; }

    /// <summary>With whose packets its own leave together.</summary>
    public abstract ISinkGroup Group { get; }

    /// <summary>The track has packets in this turn: takes its place in the group's turn. True when it is the group's first.</summary>
    public abstract bool JoinTurn();

    /// <summary>Encodings began or ceased to flow, or their order by quality changed.</summary>
    public abstract void SelectTarget(Instant now);

    /// <summary>The track's numbering starts anew, or packets were withheld: what is lost in between is no loss.</summary>
    public abstract void RestartSource(Instant now);

    /// <summary>How the clock of one encoding relates to the sender's.</summary>
    public abstract void HandleSenderReport(int encoding, in SenderReport report);

    /// <summary>The track has ended; the sink reads none from here on.</summary>
    public virtual void Detach()
    {
        Want(0);
        Source?.Sinks.Remove(this);
        Source = null;
    }

    /// <summary>Its track's side has news for it: a fault of this sink is not the track's.</summary>
    public void Tell<T>(T news, Action<TrackSink, T> take)
    {
        try
        {
            take(this, news);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Group.CountFault(e);
        }
    }

    /// <summary>It is to get these encodings, a bit each: those that it goes over to, and those that it still shows.</summary>
    /// <param name="spatial">And of an SVC stream layers up to this one.</param>
    protected void Want(uint encodings, byte spatial = LayerTarget.Highest)
    {
        if ((encodings != _wanted || spatial != WantedSpatial) && Source is { } source)
        {
            var before = _wanted;
            (_wanted, WantedSpatial) = (encodings, spatial);
            source.HandleWanted(before, encodings);
        }
    }

    protected void Attach(PublishedTrack source)
    {
        Detach();
        Source = source;
        source.Sinks.Add(this);
        source.Source.HandleWanted(); // it may want nothing yet, and still go by what the track offers
    }
}

/// <summary>
/// Sinks whose packets leave together, to one receiver: what it gets in a turn lies together in egress and leaves as few segmented
/// sends. Loop's thread.
/// </summary>
internal interface ISinkGroup
{
    /// <summary>Writes what its sinks that joined the turn get. Returns how many packets.</summary>
    int ForwardPending(Instant now);

    /// <summary>What <see cref="ForwardPending"/> threw: the group's own to bear. Nothing of the turn is left in it afterwards.</summary>
    void HandleFault(Instant now, Exception e);

    /// <summary>A fault of one of its sinks that costs nothing but what the sink was told.</summary>
    void CountFault(Exception e);
}
