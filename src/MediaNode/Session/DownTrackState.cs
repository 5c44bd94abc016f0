using System.Collections.Immutable;
using System.Security.Cryptography;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Session;

/// <summary>
/// The rewriting state of one played section, on its way from one loop to another. It is handed over whole and by reference: who made
/// it lets go of it.
/// </summary>
/// <param name="TrackSid">The track that it was bound to; its numbers are the same on every loop. Null while it was free.</param>
/// <param name="Sequencer">What can be repeated, as far as the taker's own history of the track holds it.</param>
internal sealed record DownTrackState(
    uint Ssrc,
    string? TrackSid,
    SequenceMunger Munger,
    StreamProjection? Projection,
    Sequencer? Sequencer,
    SenderReporter Reporter,
    ReplayWindow Used,
    FirFilter FirFilter,
    ReportedReception Reported,
    RepeatState Repeats,
    PlayCounts Counts)
{
    /// <summary>Of a stream that has sent nothing yet.</summary>
    public static DownTrackState New(PlayPlan plan) => new(
        plan.Ssrc,
        TrackSid: null,
        new SequenceMunger(RandomNumberGenerator.GetInt32(1 << 15)),
        Projection: null,
        Sequencer: null,
        new SenderReporter(plan.Ssrc, plan.ClockRate),
        default,
        default,
        default,
        new RepeatState(DownTrackWriter.NewRtx(plan.RtxSsrc), MidKnown: false),
        default);
}

/// <summary>Numbering of the repeats of a section, and whether its MID is still to be told.</summary>
internal readonly record struct RepeatState(RtxSender Rtx, bool MidKnown);

/// <summary>All that a session sends, on its way from one loop to another.</summary>
/// <param name="Keys">Of the transport: with the SRTP and SRTCP indexes that were used.</param>
/// <param name="NextTransportSequence">Of the transport-wide numbering.</param>
internal sealed record SendingState(SrtpContexts? Keys, ushort NextTransportSequence, ImmutableArray<DownTrackState> DownTracks);
