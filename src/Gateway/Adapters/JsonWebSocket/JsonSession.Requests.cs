using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Telemetry;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>What a client that has joined can ask for.</summary>
internal sealed partial class JsonSession
{
    private Task HandleJoined(ClientMessage message) => message switch
    {
        OfferMessage m => Offer(m),
        AckMessage m => Subscribe(m, [new() { TrackSid = m.TrackSid, Kind = SubscriptionChangeKind.Acknowledge }]),
        SubscribeMessage m => Subscribe(m, Changes(m.TrackSids, SubscriptionChangeKind.Subscribe)),
        UnsubscribeMessage m => Subscribe(m, Changes(m.TrackSids, SubscriptionChangeKind.Unsubscribe)),
        WishesMessage m => Subscribe(m, [.. m.Wishes.Select(Change)]),
        MuteMessage m => Act(m, _session.Main.Mute(m.TrackSid, m.Muted)),
        UpdateMessage m => Act(m, _session.Main.Update(new(m.Metadata, m.Attributes))),
        CallActionMessage m => Act(m, _session.Main.ActOnCall(m.CallId, m.Action, m.Reason)),
        InviteMessage m => Invite(m),
        LeaveMessage m => Leave(m),
        _ => AnswerAtOnce(message),
    };

    private Task AnswerAtOnce(ClientMessage message)
    {
        switch (message)
        {
            case PingMessage m:
                _connection.Send(new Pong(m.T));
                break;
            case SnapshotMessage m:
                var part = _session.Feed.Page(m.Cursor ?? "");
                _connection.Send(new Snapshot(part.Epoch, part.To, [.. part.Participants.Select(Wire.Participant)], m.Cursor is null ? Wire.Room(_session.Feed) : null, part.Cursor) { RequestId = m.RequestId });
                break;
            case IceServersMessage m:
                _connection.Send(new IceServerList(Wire.IceServers(_services.IceServers.For(_session.ParticipantSid))) { RequestId = m.RequestId });
                break;
            case QualityReportMessage m:
                Report(m);
                break;
            default: // a candidate: the node learns addresses from the checks themselves
                Confirm(message);
                break;
        }

        return Task.CompletedTask;
    }

    private async Task Offer(OfferMessage message)
    {
        LinkError? refused = await _session.Offer(
            message.Id, message.Sdp, message.Publications(), (answer, view) => _connection.Send(new Answer(answer.OfferId, answer.Sdp, view.Published) { RequestId = message.RequestId }));
        FailIf(message, refused);
    }

    private async Task Subscribe(ClientMessage message, ImmutableArray<SubscriptionChange> changes) =>
        FailIf(message, await _session.Subscribe(changes, () => Confirm(message)));

    private async Task Act(ClientMessage message, Task<ActResult> act)
    {
        if ((await act).Error is { } error)
        {
            Fail(message, error);
        }
        else
        {
            Confirm(message);
        }
    }

    private async Task Invite(InviteMessage message)
    {
        var call = new CallView
        {
            CallId = Ids.NewCall(),
            From = _session.Caller!.Identity,
            To = message.To,
            ExpiresAt = _services.Clock.GetUtcNow() + TimeSpan.FromSeconds(message.TimeoutSeconds),
            Payload = message.Payload,
        };
        FailIf(message, message.To == call.From
            ? new(ReasonCodes.BadRequest, "Nobody calls himself.")
            : await _session.Invite(call, () => _connection.Send(Wire.Call(call, message.RequestId))));
    }

    private Task Leave(LeaveMessage message) => _session.Leave(() => SayLeave(ReasonCodes.ClientLeft, message.RequestId));

    private void FailIf(ClientMessage message, LinkError? error)
    {
        if (error is not null)
        {
            Fail(message, error);
        }
    }

    private void Report(QualityReportMessage m)
    {
        if (m.OutOfRange is not null)
        {
            _services.State.CountRefusal("QUALITY_REPORT", $"nexus.v1 quality report in {_session.Room}", _session.Caller?.Identity, _request.Source);
            return;
        }

        DateTimeOffset now = _services.Clock.GetUtcNow();
        QualityLabel label = QualitySample.LabelOf(m.RttMs, m.Up.Concat(m.Down));
        _services.Telemetry.Write(new QualitySample
        {
            At = now,
            Tenant = _session.Caller!.Tenant.Name,
            Room = _session.Room,
            ParticipantSid = _session.ParticipantSid,
            Session = _session.Main.Id,
            Label = label,
            IntervalMs = m.IntervalMs,
            RttMs = m.RttMs,
            Transport = m.Transport,
            AvailableOutBps = m.AvailableOutBps,
            AvailableInBps = m.AvailableInBps,
            Up = m.Up,
            Down = m.Down,
        });
        _session.Feed.Quality.Report(_session.ParticipantSid, label, now);
    }

    private void Confirm(ClientMessage message)
    {
        if (message.RequestId is { } id)
        {
            _connection.Send(new Ok { RequestId = id });
        }
    }

    private static ImmutableArray<SubscriptionChange> Changes(ImmutableArray<string> trackSids, SubscriptionChangeKind kind) =>
        [.. trackSids.Select(sid => new SubscriptionChange { TrackSid = sid, Kind = kind })];

    private static SubscriptionChange Change(WishBody wish) => new()
    {
        TrackSid = wish.TrackSid,
        Kind = SubscriptionChangeKind.Wish,
        Layer = wish.Layer,
        Width = wish.MaxWidth ?? 0,
        Height = wish.MaxHeight ?? 0,
        Priority = (byte)(wish.Priority ?? 0),
        Paused = wish.Paused,
    };
}
