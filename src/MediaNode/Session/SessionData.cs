using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.MediaNode.Session;

/// <summary>A session's data channels: SCTP over the session's DTLS, messages to the loop's <see cref="IDataSink"/>.</summary>
internal sealed class SessionData
{
    private readonly MediaSession _session;
    /// <summary>What one session may send at once, so that a full window does not hold up everybody's media: about 0.1 ms. The rest follows next turn.</summary>
    private const int MaxPacketsAtOnce = 32;

    private readonly byte[] _packet = new byte[DtlsLimits.MaxApplicationData];

    /// <summary>Never, or at once when more waits to be sent.</summary>
    private Instant _resumeAt = Instant.Never;

    public SessionData(Instant now, MediaSession session, DataPlan plan)
    {
        _session = session;
        var role = session.Plan.Transport.IsDtlsClient ? DtlsRole.Client : DtlsRole.Server;
        Channels = new DataChannels(role, SctpOptions.Default with { RemotePort = plan.RemotePort })
        {
            RemoteMaxMessageSize = plan.RemoteMaxMessageSize,
        };
        if (plan.OpensChannels)
        {
            Channels.Open(now, DataChannelLabels.Reliable);
            Channels.Open(now, DataChannelLabels.Lossy, DataChannelLabels.LossyOptions);
        }
    }

    public DataChannels Channels { get; }

    /// <summary>Until then what came stays where it is: the receive window fills, and the peer's sends wait. Zero when it is not paused.</summary>
    public Instant PausedUntil { get; set; } = Instant.Zero;

    public Instant NextTimeout => Instant.Min(
        Instant.Min(_resumeAt, PausedUntil == Instant.Zero ? Instant.Never : PausedUntil), Channels.Association.NextTimeout);

    /// <summary>DTLS is up: both sides begin, whoever is first.</summary>
    public void Start(Instant now)
    {
        Channels.Association.Connect(now);
        _session.Touch();
    }

    /// <summary>Takes the content of one DTLS record. Answers at once: peers count SACKs to find losses, so one for many is too few.</summary>
    public void Receive(Instant now, ReadOnlySpan<byte> packet)
    {
        var reason = Channels.Association.Handle(now, packet);
        if (reason != DropReason.None)
        {
            _session.Loop.Drops.Count(reason);
        }

        Settle(now);
        _session.Touch();
    }

    public void HandleTimeout(Instant now) => Channels.Association.HandleTimeout(now);

    /// <summary>Tells what happened and sends what waits.</summary>
    public void Settle(Instant now)
    {
        while (now >= PausedUntil && Channels.TryPoll(now, out var happened))
        {
            PausedUntil = Instant.Zero;
            Tell(now, happened);
        }

        var sent = 0;
        while (sent < MaxPacketsAtOnce && _session.Transport.Dtls.IsConnected && Channels.Association.TryGetOutput(now, _packet, out var length))
        {
            _session.Transport.Dtls.Send(_packet.AsSpan(0, length));
            sent++;
        }

        _resumeAt = sent == MaxPacketsAtOnce ? now : Instant.Never;
        PausedUntil = now >= PausedUntil ? Instant.Zero : PausedUntil;
        _session.DataSink?.Settled(now, _session);
    }

    private void Tell(Instant now, in DataChannelEvent happened)
    {
        if (_session.DataSink is not { } sink || happened.Channel is not { } channel)
        {
            return;
        }

        switch (happened.Kind)
        {
            case DataChannelEventKind.Opened:
                sink.ChannelOpened(now, _session, channel);
                break;
            case DataChannelEventKind.Message:
                sink.MessageReceived(now, _session, channel, happened.Data.Span, happened.IsText);
                break;
            case DataChannelEventKind.BufferedAmountLow:
                sink.RoomToSend(now, _session, channel);
                break;
            case DataChannelEventKind.Closed:
                sink.ChannelClosed(now, _session, channel);
                break;
            default:
                break;
        }
    }
}
