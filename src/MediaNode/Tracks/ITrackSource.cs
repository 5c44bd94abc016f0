using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tracks;

/// <summary>
/// What feeds a published track: the session of the client that sends it. A track knows no more of where its packets come from, so
/// that a relay from another node or a ring from another loop can stand there too. Loop's thread.
/// </summary>
internal interface ITrackSource
{
    /// <summary>The sender's NTP clock against ours, shared by all that it sends (lip sync).</summary>
    ref SenderClock SenderClock { get; }

    /// <summary>Whose tracks they are, the same for all of one's sessions in a room.</summary>
    string Participant { get; }

    /// <summary>Place of the participant among those who spoke last in the room, 0 who speaks now; <see cref="ushort.MaxValue"/> who has not spoken.</summary>
    ushort SpeakerRank { get; }

    /// <summary>One of the track's streams wishes for a keyframe: it is to be asked for as soon as the stream's throttle allows.</summary>
    void HandleKeyFrameWish();

    /// <summary>
    /// Somebody wants an encoding of the track that nobody did, or nobody one that somebody did (<see cref="PublishedTrack.Wanted"/>);
    /// or other layers of one, or a sink has come.
    /// </summary>
    void HandleWanted();
}
