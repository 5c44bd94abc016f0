using System.Diagnostics;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>How a session begins, or begins again.</summary>
internal sealed partial class JsonSession
{
    private async Task Join(JoinMessage message)
    {
        if (Enter(message.Token, message.Room, isResume: false) is { } refused)
        {
            Fail(message, refused, isFatal: true);
            return;
        }

        _session = new(services.Control, _caller!, _room, Ids.NewSession());
        services.Port.Attach(_session.Id, this);
        var wish = new JoinWish(request.Region ?? services.Options.Region, new() { Auto = message.AutoSubscribe, Acknowledge = true });
        long began = Stopwatch.GetTimestamp();
        JoinResult joined = await _session.JoinDuplex(wish, new(message.Attributes), services.Port.Holder);
        services.State.CountJoin(_caller!.Tenant, SessionLeg.Duplex, joined.Error?.Code ?? "ok", Stopwatch.GetElapsedTime(began));
        if (joined.Error is { } error)
        {
            Fail(message, error, isFatal: true);
            return;
        }

        await OpenFeed();
        _participantSid = joined.ParticipantSid;
        SessionView view = joined.Session!;
        _feed!.Subscribe(this, roster => Open(view, () => connection.Send(new Joined
        {
            RequestId = message.RequestId,
            Session = _session.Id,
            Participant = Wire.Participant(joined.Participant!),
            Room = Wire.Room(_feed),
            Roster = Wire.Roster(roster, null),
            Sections = Wire.Sections(view.Sections),
            IceServers = Wire.IceServers(services.IceServers.For(joined.ParticipantSid)),
            Grants = Wire.Grants(view.Grants),
            Node = view.Node,
            Region = view.Region,
            PingIntervalSeconds = (int)JsonConnection.PingInterval.TotalSeconds,
            GraceSeconds = view.GraceSeconds,
            Server = $"nexus {ProductVersion.Current}",
        })));
    }

    private async Task Resume(ResumeMessage message)
    {
        if (Enter(message.Token, message.Room, isResume: true) is { } refused)
        {
            Fail(message, refused, isFatal: true);
            return;
        }

        var session = new ClientSession(services.Control, _caller!, _room, message.Session);
        SessionResult resumed = await session.Resume(services.Port.Holder);
        if (resumed.Error is { } error)
        {
            bool mayCome = error.Code == ReasonCodes.SessionNotFound && services.Port.IsRebuilding;
            Fail(message, mayCome ? new("UNAVAILABLE", "This server has just started, and may yet hear of the session: try again.") : error, isFatal: true);
            return;
        }

        _session = session;
        (services.Port.Attach(session.Id, this) as JsonSession)?.Supersede();
        await OpenFeed();
        SessionView view = resumed.Session!;
        _participantSid = view.ParticipantSid;
        _answered = view.OfferId;
        _feed!.Resubscribe(this, message.Epoch, message.Seq, roster => Open(view, () =>
        {
            _subscriptions.Update(view.Subscriptions);
            connection.Send(new Resumed
            {
                RequestId = message.RequestId,
                Subscriptions = _subscriptions.All,
                Sections = Wire.Sections(view.Sections),
                IceServers = Wire.IceServers(services.IceServers.For(view.ParticipantSid)),
                OfferId = view.OfferId,
                Grants = Wire.Grants(view.Grants),
                Node = view.Node,
                Region = view.Region,
                Roster = roster is null ? null : Wire.Roster(roster, Wire.Room(_feed)),
            });
        }));
    }

    /// <summary>Says the reply, then everything that came before it.</summary>
    private void Open(SessionView view, Action reply)
    {
        lock (_gate)
        {
            reply();
            (_sections, _grants) = (view.Sections, view.Grants);
            _isOpen = true;
            Replay();
        }
    }

    private void Replay()
    {
        SessionNews[] ready = [.. _early.Where(n => !(n.View?.OfferId > _answered))];
        _early.RemoveAll(ready.Contains);
        foreach (SessionNews news in ready)
        {
            Tell(news);
        }
    }

    private async Task OpenFeed()
    {
        _feed = services.Port.Rooms.Acquire(_caller!.Tenant, _room);
        await _feed.Ready();
    }

    /// <summary>Who it is, and whether it may come in.</summary>
    private LinkError? Enter(string? token, string? room, bool isResume)
    {
        TokenVerdict verdict = services.Tokens.Verify(token ?? request.Token, request.IsLocal, mayHaveExpired: isResume);
        (_caller, _room) = (verdict.Caller, verdict.Caller?.Grants.Room ?? "");
        return verdict.Caller is { } caller ? Permit.Join.Refusal(caller, room) ?? services.Admit(caller, request.Source) : verdict.Error;
    }
}
