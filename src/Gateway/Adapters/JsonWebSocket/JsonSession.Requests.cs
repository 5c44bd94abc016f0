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
        MuteMessage m => Act(m, _session!.Mute(m.TrackSid, m.Muted)),
        UpdateMessage m => Act(m, _session!.Update(new(m.Metadata, m.Attributes))),
        CallActionMessage m => Act(m, _session!.ActOnCall(m.CallId, m.Action, m.Reason)),
        InviteMessage m => Invite(m),
        LeaveMessage m => Leave(m),
        _ => AnswerAtOnce(message),
    };

    private Task AnswerAtOnce(ClientMessage message)
    {
        switch (message)
        {
            case PingMessage m:
                connection.Send(new Pong(m.T));
                break;
            case SnapshotMessage m:
                var part = _feed!.Page(m.Cursor ?? "");
                connection.Send(new Snapshot(part.Epoch, part.To, [.. part.Participants.Select(Wire.Participant)], m.Cursor is null ? Wire.Room(_feed) : null, part.Cursor) { RequestId = m.RequestId });
                break;
            case IceServersMessage m:
                connection.Send(new IceServerList(Wire.IceServers(services.IceServers.For(_participantSid))) { RequestId = m.RequestId });
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
        SessionResult result = await _session!.Negotiate(message.Id, message.Sdp, message.Publications());
        if (result is not { Error: null, Answer: { } answer, Session: { } view })
        {
            Fail(message, result.Error ?? new(ReasonCodes.NodeTimeout, "The media node gave no answer: send the offer again."));
            return;
        }

        lock (_gate)
        {
            connection.Send(new Answer(answer.OfferId, answer.Sdp, view.Published) { RequestId = message.RequestId });
            _answered = Math.Max(_answered, answer.OfferId);
            Tell(view);
            Replay();
        }
    }

    private async Task Subscribe(ClientMessage message, ImmutableArray<SubscriptionChange> changes)
    {
        SessionResult result = await _session!.Subscribe(changes);
        if (result.Session is not { } view)
        {
            Fail(message, result.Error!);
            return;
        }

        lock (_gate)
        {
            Confirm(message);
            Tell(view);
        }
    }

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
            From = _caller!.Identity,
            To = message.To,
            ExpiresAt = services.Clock.GetUtcNow() + TimeSpan.FromSeconds(message.TimeoutSeconds),
            Payload = message.Payload,
        };
        if (message.To == call.From)
        {
            Fail(message, new(ReasonCodes.BadRequest, "Nobody calls himself."));
            return;
        }

        lock (_gate)
        {
            _heldCall = call.CallId;
        }

        ActResult result = await _session!.Invite(call);
        lock (_gate)
        {
            _heldCall = null;
            if (result.Error is { } error)
            {
                _early.RemoveAll(n => n.Call?.CallId == call.CallId);
                Fail(message, error);
            }
            else
            {
                connection.Send(Wire.Call(call, message.RequestId));
            }

            Replay();
        }
    }

    private async Task Leave(LeaveMessage message)
    {
        lock (_gate)
        {
            _isLeaving = true; // the reply says it
        }

        await _session!.Leave();
        lock (_gate)
        {
            SayLeave(ReasonCodes.ClientLeft, message.RequestId);
        }
    }

    private void Report(QualityReportMessage m)
    {
        if (m.OutOfRange is not null)
        {
            services.State.CountRefusal("QUALITY_REPORT", $"nexus.v1 quality report in {_room}", _caller?.Identity, request.Source);
            return;
        }

        DateTimeOffset now = services.Clock.GetUtcNow();
        QualityLabel label = QualitySample.LabelOf(m.RttMs, m.Up.Concat(m.Down));
        services.Telemetry.Write(new QualitySample
        {
            At = now,
            Tenant = _caller!.Tenant.Name,
            Room = _room,
            ParticipantSid = _participantSid,
            Session = _session!.Id,
            Label = label,
            IntervalMs = m.IntervalMs,
            RttMs = m.RttMs,
            Transport = m.Transport,
            AvailableOutBps = m.AvailableOutBps,
            AvailableInBps = m.AvailableInBps,
            Up = m.Up,
            Down = m.Down,
        });
        _feed!.Quality.Report(_participantSid, label, now);
    }

    private void Confirm(ClientMessage message)
    {
        if (message.RequestId is { } id)
        {
            connection.Send(new Ok { RequestId = id });
        }
    }

    private static ImmutableArray<SubscriptionChange> Changes(ImmutableArray<string> trackSids, SubscriptionChangeKind kind) =>
        [.. trackSids.Select(sid => new SubscriptionChange { TrackSid = sid, Kind = kind })];

    /// <summary>The shorter side counts, so that a portrait picture is not sent larger than it is shown.</summary>
    private static SubscriptionChange Change(WishBody wish) => new()
    {
        TrackSid = wish.TrackSid,
        Kind = SubscriptionChangeKind.Wish,
        Layer = wish.Layer,
        MaxHeight = Math.Min(wish.MaxWidth ?? int.MaxValue, wish.MaxHeight ?? int.MaxValue) is var size and < int.MaxValue ? size : 0,
        Paused = wish.Paused,
    };
}
