using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>
/// What one client is told without asking, in the order in which it must hear it: a protocol translates, and must only queue. Calls come
/// one at a time, under the session's lock; those of <see cref="IRoomListener"/> under the feed's.
/// </summary>
internal interface ISessionWire : IRoomListener
{
    /// <summary>Whether its clients follow to another room by a message (<see cref="OnMoved"/>), with their media; else they are sent there to join.</summary>
    bool FollowsMoves { get; }

    /// <summary>How a session of the client stands; never older than what was told before.</summary>
    /// <param name="isPlayers">It is the one that the client plays on, beside the one that it joined with.</param>
    void OnView(SessionView view, bool isPlayers);

    /// <summary>The client may do other things than before.</summary>
    void OnGrants(Grants grants);

    void OnCall(CallView call);

    /// <summary>The client is in another room now, with its media: room, feed and sid are that one's already.</summary>
    void OnMoved(JoinResult joined);

    /// <summary>It is to join another room anew; that is the last word.</summary>
    /// <param name="token">With which it may.</param>
    void OnSentAway(string room, string token);

    /// <summary>The session is over; that is the last word.</summary>
    /// <param name="reason">One of <see cref="ReasonCodes"/>.</param>
    void OnEnded(string reason);

    /// <summary>Another connection has the session now; that is the last word.</summary>
    void OnSuperseded();

    /// <summary>Something that the client did not ask for could not be done, and it cannot go on without.</summary>
    void OnFault(LinkError error);
}
