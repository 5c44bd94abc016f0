using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Session;

/// <summary>
/// One client's connection on its loop: a transport, what it publishes, what it plays. Joins the parts; each does one thing.
/// Belongs to its loop's thread.
/// </summary>
public sealed partial class MediaSession : ITrackSource
{
    private readonly RtcpHandler _rtcp;
    private readonly SessionFeedback _feedback;
    private ushort _transportSequence;

    /// <summary>Its parts; <see cref="Apply"/> brings them to the plan.</summary>
    internal MediaSession(LoopContext loop, SessionPlan plan, Instant now)
    {
        Loop = loop;
        Plan = plan;
        AppliedAt = now;
        Slot = loop.Sessions.TakeSlot();
        LocalSsrc = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        CnameBytes = Encoding.UTF8.GetBytes(plan.Cname);
        Room = loop.Rooms.Enter(plan.Room, plan.Identity);
        Transport = new SessionTransport(this, plan.Transport, now);
        Receiver = new SessionReceiver(this, plan);
        Sender = new SessionSender(this);
        _rtcp = new RtcpHandler(this);
        _feedback = new SessionFeedback(this);
    }

    public string Id => Plan.Id;

    public SessionState State { get; private set; } = SessionState.New;

    /// <summary>Why it is disconnected or closed.</summary>
    public string? EndReason { get; private set; }

    internal LoopContext Loop { get; }

    /// <summary>What it gets no more of.</summary>
    internal ReceiverLimits Limits => Plan.IsRelay ? default : Loop.Limits;

    /// <summary>Where its data channels lead: where all of the loop do, unless set before the first plan.</summary>
    internal IDataSink? DataSink { get => field ?? Loop.DataSink; init; }

    internal SessionPlan Plan { get; private set; }

    /// <summary>Small number, unique on the loop, reused.</summary>
    internal int Slot { get; }

    /// <summary>What it shares with the sessions of its room.</summary>
    internal RoomAudio Room { get; private set; }

    internal SessionTransport Transport { get; }

    internal SessionReceiver Receiver { get; }

    internal SessionSender Sender { get; }

    /// <summary>Null without data channels.</summary>
    internal SessionData? Data { get; private set; }

    /// <summary>Null while it plays nothing.</summary>
    internal SessionCongestion? Congestion { get; private set; }

    /// <summary>Of our RTCP where no stream of ours is meant.</summary>
    internal uint LocalSsrc { get; }

    internal byte[] CnameBytes { get; }

    internal HeaderExtensionMap Extensions => Plan.Extensions;

    internal ref ReferenceTimeResponder ReferenceTime => ref _feedback.ReferenceTime;

    internal ref RoundTripEstimator RoundTrip => ref _roundTrip;

    private RoundTripEstimator _roundTrip;

    internal TimeSpan RoundTripTime => _roundTrip.Value;

    /// <summary>When anything authentic came from the client last; what is forged or replayed says nothing.</summary>
    internal Instant HeardAt { get; private set; }

    /// <summary>When it was made.</summary>
    internal Instant AppliedAt { get; }

    /// <summary>When the first packet of somebody's media was forwarded to it; <see cref="Instant.Never"/> before.</summary>
    internal Instant FirstMediaAt { get; set; } = Instant.Never;

    /// <summary>The publisher's NTP clock against ours.</summary>
    internal ref SenderClock SenderClock => ref _senderClock;

    private SenderClock _senderClock;

    /// <summary>Loop's mark: to be settled at the end of the turn.</summary>
    internal bool IsTouched { get; set; }

    /// <summary>Loop's mark: the control side is to be told of the state.</summary>
    internal bool IsChanged { get; set; }

    /// <summary>What may go wrong in its handling before it is given up.</summary>
    internal ref FaultBudget Faults => ref _faults;

    private FaultBudget _faults;

    /// <summary>Loop's mark: its timers rest until then, after a fault.</summary>
    internal Instant RestUntil { get; set; } = Instant.Zero;

    /// <summary>Closed: nothing reaches it any more.</summary>
    internal bool IsOver { get; private set; }

    internal Instant NextTimeout => Instant.Min(
        Instant.Min(Transport.NextTimeout, Data?.NextTimeout ?? Instant.Never),
        State == SessionState.Connected ? Instant.Min(_feedback.NextTimeout, Congestion?.NextTimeout ?? Instant.Never) : Instant.Never);

    internal void Apply(Instant now, SessionPlan plan)
    {
        if (IsOver)
        {
            return;
        }

        var extensionsChanged = !plan.Extensions.IsSameAs(Plan.Extensions);
        if ((plan.Room, plan.Identity) != (Plan.Room, Plan.Identity))
        {
            Loop.Rooms.Leave(Plan.Room, Plan.Identity);
            Room = Loop.Rooms.Enter(plan.Room, plan.Identity);
        }

        Plan = plan;
        Receiver.Apply(plan);
        Sender.Apply(plan, extensionsChanged);
        ApplyCongestion(now);
        ApplyData(now);
        Touch();
    }

    private void ApplyCongestion(Instant now)
    {
        if ((Plan.Play.Length != 0 || Plan.IsRelay) && Congestion?.HasTransportFeedback != SessionCongestion.Negotiates(Plan))
        {
            Congestion?.Clear();
            Congestion = new SessionCongestion(now, this);
        }
    }

    /// <summary>The line was dead, and is to be measured anew: what was learnt of its end says nothing.</summary>
    internal void RenewCongestion(Instant now)
    {
        Congestion?.Clear();
        Congestion = new SessionCongestion(now, this);
        Congestion.Allocate(now);
    }

    /// <summary>
    /// Lets go of all that it sends, to go on with it on another loop: apply the plan there with what this returns, lead the client
    /// there by an ICE restart, and remove the session here.
    /// </summary>
    internal SendingState HandOver() => new(Transport.HandOverKeys(), _transportSequence, Sender.HandOver());

    /// <summary>Before the first plan is applied.</summary>
    internal void TakeOver(Instant now, SendingState state)
    {
        _transportSequence = state.NextTransportSequence;
        Sender.TakeOver(state.DownTracks);
        if (state.Keys is { } keys)
        {
            Transport.InstallKeys(now, keys);
        }
    }

    internal void RestartIce(Instant now, IceCredentials local)
    {
        if (!IsOver)
        {
            Transport.RestartIce(now, local);
            Touch();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal DropReason ReceiveRtp(Instant now, in ReceivedPacket packet)
    {
        if (Transport.Srtp is not { } srtp)
        {
            return DropReason.SrtpNotReady;
        }

        var datagram = Loop.Memory.Span(packet.Slot)[..packet.Length];
        if (!srtp.Inbound.TryUnprotectRtp(datagram, out var length, out var index, out var reason))
        {
            return reason;
        }

        Hear(now, packet.Source);
        return Receiver.Receive(now, new Instant(now.Nanoseconds - packet.Age), packet.Slot, length, index);
    }

    internal DropReason ReceiveRtcp(Instant now, Span<byte> datagram, in TransportTuple source)
    {
        if (Transport.Srtp is not { } srtp)
        {
            return DropReason.SrtpNotReady;
        }

        if (!srtp.Inbound.TryUnprotectRtcp(datagram, out var length, out var reason))
        {
            return reason;
        }

        Hear(now, source);
        return _rtcp.Handle(now, datagram[..length]);
    }

    internal DropReason ReceiveStun(Instant now, ReadOnlySpan<byte> datagram, in TransportTuple source)
    {
        Touch();
        var reason = Transport.ReceiveStun(now, datagram, source, out var isAuthentic);
        HeardAt = isAuthentic ? now : HeardAt;
        return reason;
    }

    internal DropReason ReceiveDtls(Instant now, ReadOnlySpan<byte> datagram, in TransportTuple source)
    {
        var reason = Transport.Dtls.Receive(now, datagram, out var isAuthentic);
        if (isAuthentic)
        {
            Hear(now, source);
        }

        return reason;
    }

    /// <summary>Something authentic, and no replay, came from the client: it lives, and so does the way that it came.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Hear(Instant now, in TransportTuple source)
    {
        HeardAt = now;
        Transport.Hear(now, source);
        Touch();
    }

    ref SenderClock ITrackSource.SenderClock => ref _senderClock;

    string ITrackSource.Participant => Plan.Identity;

    ushort ITrackSource.SpeakerRank => Room.RankOf(Plan.Identity);

    void ITrackSource.HandleKeyFrameWish() => Touch();

    void ITrackSource.HandleWanted()
    {
        // what its client need not send is told by the control side, for all rooms and loops
    }

    internal void HandleTimeout(Instant now)
    {
        Transport.HandleTimeout(now);
        Data?.HandleTimeout(now);
        if (State == SessionState.Connected)
        {
            Congestion?.HandleTimeout(now);
        }
    }

    /// <summary>Sends the RTCP that is due.</summary>
    internal void SendFeedback(Instant now)
    {
        if (State == SessionState.Connected)
        {
            _feedback.Run(now);
        }
    }

    /// <summary>Protects the compound in the buffer's first octets and sends it.</summary>
    internal void SendRtcp(Span<byte> buffer, int length)
    {
        if (!Transport.TryGetSender(out var destination, out var srtp))
        {
            return;
        }

        var protectedLength = srtp.ProtectRtcp(buffer, length);
        if (protectedLength != 0)
        {
            Loop.Egress.Direct(destination);
            buffer[..protectedLength].CopyTo(Loop.Egress.Reserve(protectedLength));
            Loop.Egress.Commit(protectedLength);
        }
    }

    internal ushort NextTransportSequence() => _transportSequence++;

    internal void ExpireHistory(Instant now)
    {
        foreach (var track in Receiver.Tracks)
        {
            foreach (var stream in track.Streams)
            {
                stream.Expire(now);
            }
        }
    }

    /// <summary>The connection behind a tuple has ended.</summary>
    internal void Forget(Instant now, in TransportTuple tuple)
    {
        Transport.Forget(now, tuple);
        Touch();
    }

    /// <summary>Something was handled: deadlines may have moved.</summary>
    internal void Touch() => Loop.Marks.Touch(this);

    internal void SetState(Instant now, SessionState state, string? reason = null)
    {
        if (State == state || State == SessionState.Closed)
        {
            return;
        }

        State = state;
        EndReason = reason;
        Loop.Marks.MarkChanged(this);
        Touch();
        if (state == SessionState.Connected)
        {
            // What it subscribed to before can flow only now: ask for keyframes now.
            foreach (var downTrack in Sender.DownTracks)
            {
                downTrack.RequestKeyFrame(now);
            }
        }
    }

    /// <summary>Ends it, and tells its client. Every part is ended whatever the others do.</summary>
    internal void Close()
    {
        IsOver = true;
        End(static s => s.DataSink?.SessionEnded(s));
        End(static s => s.Congestion?.Clear());
        End(static s => s.Sender.Close());
        End(static s => s.Receiver.Close());
        End(static s => s.Transport.Dtls.Close());
        End(static s => s.Transport.Close());
        End(static s => s.Loop.Rooms.Leave(s.Plan.Room, s.Plan.Identity));
    }

    private void End(Action<MediaSession> part) => Loop.Faults.Try(FaultPlace.SessionEnd, Id, this, part);
}
