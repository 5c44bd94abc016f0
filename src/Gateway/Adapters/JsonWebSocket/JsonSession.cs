using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>
/// One client's session over its connection: translates messages to <see cref="ClientSession"/> and what comes back to messages.
/// Messages are handled one at a time; the grains' words come from any thread and are only queued.
/// </summary>
internal sealed partial class JsonSession(JsonConnection connection, SocketServices services, HttpRequestFacts request) : ISessionListener, IRoomListener
{
    private readonly Lock _gate = new();
    private readonly SubscriptionLedger _subscriptions = new();
    private readonly List<SessionNews> _early = [];
    private Caller? _caller;
    private ClientSession? _session;
    private RoomFeed? _feed;
    private string _room = "";
    private string _participantSid = "";
    private SectionsWanted _sections = SectionsWanted.None;
    private Grants _grants = new();
    private int _answered;
    private string? _heldCall;
    private bool _isOpen;
    private bool _isLeaving;
    private bool _isOver;

    public bool HasBegun => _session is not null;

    public IParticipantGrain Participant => _session!.Participant;

    public async Task Handle(ClientMessage message)
    {
        try
        {
            await (message switch
            {
                JoinMessage m when !HasBegun => Join(m),
                ResumeMessage m when !HasBegun => Resume(m),
                _ when !_isOpen || message is JoinMessage or ResumeMessage => NotJoined(message),
                _ => HandleJoined(message),
            });
        }
        catch (Exception e) when (e is TimeoutException or Orleans.Runtime.OrleansException)
        {
            Fail(message, new("UNAVAILABLE", "Nobody can serve this now: try again."), isFatal: !_isOpen);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            services.Log.RequestFailed(e, message.GetType().Name);
            Fail(message, new("INTERNAL", "The server failed; its log says why."), isFatal: !_isOpen);
        }
    }

    /// <summary>The connection is gone: the session stays for its time of grace, unless the client left or another connection has it.</summary>
    public async Task Close()
    {
        if (_session is null)
        {
            return;
        }

        bool isOwn = services.Port.Detach(_session.Id, this);
        try
        {
            if (_feed is { } feed)
            {
                feed.Unsubscribe(this);
                await services.Port.Rooms.Release(feed, services.Control.Room(_caller!.Tenant, _room));
            }

            if (isOwn && _isOpen && !_isOver)
            {
                await _session.Detach(services.Port.Holder);
            }
        }
        catch (Exception e) when (e is TimeoutException or Orleans.Runtime.OrleansException)
        {
            // the lease ends by itself
        }
    }

    public void OnDelta(Shared<RoomDelta> delta) => connection.Send(delta.Encoded(WireFormat.Nexus, d => Wire.Encode(_feed!, d)));

    public void OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes) => connection.Send(changes.Encoded(WireFormat.Nexus, c => Wire.Encode(new QualityChanged(c))));

    public void OnSpeakers(Shared<SpeakerNews> news) =>
        connection.Send(news.Encoded(WireFormat.Nexus, n => Wire.Encode(new SpeakersChanged(n.Speakers))));

    public void OnNews(SessionNews news)
    {
        lock (_gate)
        {
            if (!_isOpen || news.View?.OfferId > _answered || (news.Call is { } call && call.CallId == _heldCall))
            {
                _early.Add(news); // the reply that makes sense of it is on its way
                return;
            }

            Tell(news);
        }
    }

    private void Tell(SessionNews news)
    {
        if (news.View is { } view)
        {
            Tell(view);
            Tell(view.Grants);
        }

        if (news.Call is { } call)
        {
            connection.Send(Wire.Call(call));
        }

        if (news.Moved is { } move)
        {
            SayMoved(move.Room);
        }
        else if (news.MovedAway)
        {
            _isOver = true;
            connection.End(4409, "RESUMED_ELSEWHERE");
        }
        else if (news.Ended is { } reason && !_isLeaving)
        {
            SayLeave(reason, null);
        }
    }

    /// <summary>Another connection of this process resumed the session.</summary>
    private void Supersede() => OnNews(new SessionNews { Session = _session!.Id, MovedAway = true });

    private void Tell(SessionView view)
    {
        ImmutableArray<SubscriptionBody> changes = _subscriptions.Update(view.Subscriptions);
        if (!changes.IsEmpty)
        {
            connection.Send(new SubscriptionsChanged(changes));
        }

        if (view.Sections.Audio > _sections.Audio || view.Sections.Video > _sections.Video)
        {
            connection.Send(new SectionsNeeded(view.Sections.Audio, view.Sections.Video));
        }

        _sections = view.Sections;
    }

    /// <summary>From news alone, which come in order: a reply to a request may be older than they are.</summary>
    private void Tell(Grants grants)
    {
        if (grants != _grants)
        {
            _grants = grants;
            connection.Send(new GrantsChanged(Wire.Grants(grants)));
        }
    }

    private void SayLeave(string reason, int? requestId)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        (string then, int status, string message) = reason switch
        {
            ReasonCodes.ClientLeft => ("stop", 1000, "You left."),
            ReasonCodes.Removed => ("stop", 4403, "You were removed from the room."),
            ReasonCodes.DuplicateIdentity => ("stop", 4403, "The same identity joined elsewhere."),
            ReasonCodes.RoomClosed => ("stop", 4404, "The room was closed."),
            ReasonCodes.Permission => ("stop", 4403, "You may not be here any more."),
            ReasonCodes.ServerShutdown => ("resume", 4503, "This server goes down; the session stays."),
            _ => ("rejoin", 4503, "The session was lost: join again."),
        };
        connection.Send(new Leave(reason, message, then) { RequestId = requestId });
        connection.End(status, reason);
    }

    /// <summary>
    /// An admin moved the participant. Its media may be in the other room already: the client's new join takes that stay's place. It
    /// may there what it may now, whatever its first token said.
    /// </summary>
    private void SayMoved(string room)
    {
        _isOver = true;
        connection.Send(new Leave(ReasonCodes.Moved, "You were moved to another room.", "rejoin", room, TokenMinter.Again(_caller!, room, services.Clock.GetUtcNow(), _grants)));
        connection.End(4503, ReasonCodes.Moved);
    }

    private Task NotJoined(ClientMessage message)
    {
        Fail(message, new("NOT_JOINED", _isOpen ? "You have joined already." : "The first message is join or resume."), isFatal: true, 4400);
        return Task.CompletedTask;
    }

    private void Fail(ClientMessage message, LinkError error, bool isFatal = false, int? status = null)
    {
        services.State.CountRefusal(error.Code, $"nexus.v1 {message.GetType().Name} in {_room}", _caller?.Identity, request.Source);
        connection.Send(new Error(error.Code, error.Message.Length > 1024 ? error.Message[..1024] : error.Message, isFatal ? true : null) { RequestId = message.RequestId });
        if (isFatal)
        {
            connection.End(status ?? StatusOf(error.Code), error.Code);
        }
    }

    private static int StatusOf(string code) => code switch
    {
        _ when code.StartsWith("TOKEN_", StringComparison.Ordinal) => 4401,
        ReasonCodes.Permission or ReasonCodes.RegionRefused or ReasonCodes.RoomFull or ReasonCodes.Banned or ReasonCodes.RoomLocked => 4403,
        ReasonCodes.SessionNotFound or ReasonCodes.RoomNotFound or ReasonCodes.RoomClosed => 4404,
        ReasonCodes.RateLimited or ReasonCodes.QuotaRooms => 4429,
        ReasonCodes.BadRequest or ReasonCodes.LimitExceeded or Permit.RoomName or Permit.IdentityName => 4400,
        _ => 4503,
    };
}
