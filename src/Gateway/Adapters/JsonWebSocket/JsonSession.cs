using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>
/// One client's messages of nexus.v1: translates them to commands of <see cref="ConnectedSession"/>, and what that tells to messages.
/// Messages are handled one at a time.
/// </summary>
internal sealed partial class JsonSession : ISessionWire
{
    private readonly JsonConnection _connection;
    private readonly SessionServices _services;
    private readonly HttpRequestFacts _request;
    private readonly ConnectedSession _session;
    private readonly SubscriptionLedger _subscriptions = new();
    private readonly DemandLedger _demands = new();
    private SectionsWanted _sections = SectionsWanted.None;

    public JsonSession(JsonConnection connection, SessionServices services, HttpRequestFacts request)
    {
        (_connection, _services, _request) = (connection, services, request);
        _session = new(services, this);
    }

    public bool HasBegun => _session.HasBegun;

    /// <summary>They are told where to join: their SDK makes a new connection.</summary>
    public bool FollowsMoves => false;

    public Task Handle(ClientMessage message) => _session.Try(
        () => message switch
        {
            JoinMessage m when !HasBegun => Join(m),
            ResumeMessage m when !HasBegun => Resume(m),
            _ when !_session.IsOpen || message is JoinMessage or ResumeMessage => NotJoined(message),
            _ => HandleJoined(message),
        },
        message.GetType().Name,
        error => Fail(message, error, isFatal: !_session.IsOpen));

    /// <summary>The connection is gone.</summary>
    public Task Close() => _session.Close();

    public void OnDelta(Shared<RoomDelta> delta) => _connection.Send(delta.Encoded(WireFormat.Nexus, d => Wire.Encode(_session.Feed, d)));

    public void OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes) => _connection.Send(changes.Encoded(WireFormat.Nexus, c => Wire.Encode(new QualityChanged(c))));

    public void OnSpeakers(Shared<SpeakerNews> news) =>
        _connection.Send(news.Encoded(WireFormat.Nexus, n => Wire.Encode(new SpeakersChanged(n.Speakers))));

    public void OnView(SessionView view, bool isPlayers)
    {
        ImmutableArray<SubscriptionBody> changes = _subscriptions.Update(view.Actual.Subscriptions);
        if (!changes.IsEmpty)
        {
            _connection.Send(new SubscriptionsChanged(changes));
        }

        ImmutableArray<DemandBody> demands = _demands.Update(view);
        if (!demands.IsEmpty)
        {
            _connection.Send(new DemandsChanged(demands));
        }

        if (view.Actual.SectionsWanted.Audio > _sections.Audio || view.Actual.SectionsWanted.Video > _sections.Video)
        {
            _connection.Send(new SectionsNeeded(view.Actual.SectionsWanted.Audio, view.Actual.SectionsWanted.Video));
        }

        _sections = view.Actual.SectionsWanted;
    }

    public void OnGrants(Grants grants) => _connection.Send(new GrantsChanged(Wire.Grants(grants)));

    public void OnCall(CallView call) => _connection.Send(Wire.Call(call));

    public void OnMoved(JoinResult joined) => throw new NotSupportedException("a client of nexus.v1 is sent to the other room"); // FollowsMoves says so

    /// <summary>Its media may be in the other room already: the client's new join takes that stay's place.</summary>
    public void OnSentAway(string room, string token)
    {
        _connection.Send(new Leave(ReasonCodes.Moved, "You were moved to another room.", "rejoin", room, token));
        _connection.End(4503, ReasonCodes.Moved);
    }

    public void OnSuperseded() => _connection.End(4409, "RESUMED_ELSEWHERE");

    public void OnFault(LinkError error)
    {
        _connection.Send(new Error(error.Code, error.Message, true));
        _connection.End(StatusOf(error.Code), error.Code);
    }

    public void OnEnded(string reason) => SayLeave(reason, null);

    private void SayLeave(string reason, int? requestId)
    {
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
        _connection.Send(new Leave(reason, message, then) { RequestId = requestId });
        _connection.End(status, reason);
    }

    private Task NotJoined(ClientMessage message)
    {
        Fail(message, new("NOT_JOINED", _session.IsOpen ? "You have joined already." : "The first message is join or resume."), isFatal: true, 4400);
        return Task.CompletedTask;
    }

    private void Fail(ClientMessage message, LinkError error, bool isFatal = false, int? status = null)
    {
        _services.State.CountRefusal(error.Code, $"nexus.v1 {message.GetType().Name} in {_session.Room}", _session.Caller?.Identity, _request.Source);
        _connection.Send(new Error(error.Code, error.Message.Length > 1024 ? error.Message[..1024] : error.Message, isFatal ? true : null) { RequestId = message.RequestId });
        if (isFatal)
        {
            _connection.End(status ?? StatusOf(error.Code), error.Code);
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
