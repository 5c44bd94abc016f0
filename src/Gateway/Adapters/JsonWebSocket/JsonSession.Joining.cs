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
        LinkError? refused = Enter(message.Token, message.Room, isResume: false) ?? await _session.Join(
            new JoinWish(_request.Region ?? _services.Options.Region, new() { Auto = message.AutoSubscribe, Acknowledge = true }),
            play: null,
            new(message.Attributes),
            (joined, roster) => SayJoined(message, joined, roster));
        if (refused is not null)
        {
            Fail(message, refused, isFatal: true);
        }
    }

    private void SayJoined(JoinMessage message, JoinResult joined, RosterPart roster)
    {
        SessionView view = joined.Session!;
        _sections = view.Actual.SectionsWanted;
        _connection.Send(new Joined
        {
            RequestId = message.RequestId,
            Session = view.Session,
            Participant = Wire.Participant(joined.Participant!),
            Room = Wire.Room(_session.Feed),
            Roster = Wire.Roster(roster, null),
            Sections = Wire.Sections(_sections),
            IceServers = Wire.IceServers(_services.IceServers.For(joined.ParticipantSid)),
            Grants = Wire.Grants(view.Grants),
            Node = view.Node,
            Region = view.Region,
            PingIntervalSeconds = (int)JsonConnection.PingInterval.TotalSeconds,
            GraceSeconds = view.GraceSeconds,
            Server = $"nexus {ProductVersion.Current}",
        });
    }

    private async Task Resume(ResumeMessage message)
    {
        LinkError? refused = Enter(message.Token, message.Room, isResume: true) ?? await _session.Resume(
            message.Session, isDual: false, (message.Epoch, message.Seq), _ => Task.FromResult<LinkError?>(null), (view, roster) => SayResumed(message, view, roster));
        if (refused is not null)
        {
            Fail(message, refused, isFatal: true);
        }
    }

    private void SayResumed(ResumeMessage message, SessionView view, RosterPart? roster)
    {
        _subscriptions.Update(view.Actual.Subscriptions);
        _sections = view.Actual.SectionsWanted;
        _demands.Resume();
        _connection.Send(new Resumed
        {
            RequestId = message.RequestId,
            Subscriptions = _subscriptions.All,
            Sections = Wire.Sections(_sections),
            IceServers = Wire.IceServers(_services.IceServers.For(view.ParticipantSid)),
            OfferId = view.OfferId,
            Grants = Wire.Grants(view.Grants),
            Node = view.Node,
            Region = view.Region,
            Roster = roster is null ? null : Wire.Roster(roster, Wire.Room(_session.Feed)),
        });
    }

    /// <summary>Who it is, and whether it may come in.</summary>
    private LinkError? Enter(string? token, string? room, bool isResume)
    {
        TokenVerdict verdict = _services.Tokens.Verify(token ?? _request.Token, _request.IsLocal, mayHaveExpired: isResume);
        if (verdict.Caller is not { } caller)
        {
            return verdict.Error;
        }

        _session.Enter(caller);
        return Permit.Join.Refusal(caller, room) ?? _services.Admission.Check(caller, _request.Source)?.Error;
    }
}
