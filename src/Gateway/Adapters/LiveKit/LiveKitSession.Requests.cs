using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;
using LeaveAction = Nexus.Gateway.Adapters.LiveKit.Messages.LeaveRequest.Types.Action;
using RequestReason = Nexus.Gateway.Adapters.LiveKit.Messages.RequestResponse.Types.Reason;
using Sdp = Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>What a client that has joined can ask for. Messages that are not known are passed over, as LiveKit's server does.</summary>
internal sealed partial class LiveKitSession
{
    private const string NoBlobs = "Data blobs are not served: send a byte stream.";

    private Task HandleJoined(SignalRequest message) => message switch
    {
        { Offer: { } offer } => Offer(offer),
        { Mute: { } mute } => Mute(mute),
        { Subscription: { } subscription } => Subscribe(SubscriptionMapping.Changes(subscription)),
        { TrackSetting: { } setting } => Subscribe(SubscriptionMapping.Changes(setting)),
        { UpdateMetadata: { } update } => Update(update),
        { SubscriptionPermission: { } permission } => Permit(permission),
        { Answer: { } answer } when _entrance.IsDual => TakeAnswer(answer),
        { SyncState: { } state } => Sync(state),
        { Leave: not null } => Leave(null),
        { Simulate: { } scenario } => Simulate(scenario),
        _ => AnswerAtOnce(message),
    };

    private Task AnswerAtOnce(SignalRequest message)
    {
        switch (message)
        {
            case { PingReq: { } ping }:
                _connection.Send(new SignalResponse { PongResp = new() { LastPingTimestamp = ping.Timestamp, Timestamp = Now() } });
                break;
            case { HasPing: true }:
                _connection.Send(new SignalResponse { Pong = Now() });
                break;
            case { AddTrack: { } track }:
                Announce(track);
                break;
            case { PublishDataTrackRequest: { } track }:
                Answer(new() { Reason = RequestReason.UnsupportedType, Message = "Data tracks are not served: send data messages.", PublishDataTrack = track });
                break;
            case { UnpublishDataTrackRequest: { } track }:
                Answer(new() { Reason = RequestReason.InvalidHandle, Message = "Data tracks are not served: there is none to unpublish.", UnpublishDataTrack = track });
                break;
            case { StoreDataBlobRequest: { } blob }:
                Answer(new() { RequestId = blob.RequestId, Reason = RequestReason.UnsupportedType, Message = NoBlobs });
                break;
            case { GetDataBlobRequest: { } blob }:
                Answer(new() { RequestId = blob.RequestId, Reason = RequestReason.UnsupportedType, Message = NoBlobs });
                break;
            default: // a candidate: the node learns addresses from the checks themselves
                break;
        }

        return Task.CompletedTask;

        long Now() => _services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
    }

    /// <summary>An offer has its answer at once, or the client would wait 15 s for it: a refused one ends the session by name.</summary>
    private async Task Offer(SessionDescription offer)
    {
        if (!Sdp.SessionDescription.TryParse(offer.Sdp, out Sdp.SessionDescription? description, out Sdp.SdpError? fault))
        {
            Refuse(fault.Reason);
            return;
        }

        (PublicationBook book, ImmutableArray<Publication> publications) = _publications.Match(description);
        LinkError? refused = await _session.Offer(_session.Answered + 1, offer.Sdp, publications, (answer, view) =>
        {
            _publications = book;
            var message = new SignalResponse { Answer = new() { Type = "answer", Sdp = answer.Sdp, Id = offer.Id, MidToTrackId = { answer.Tracks } } };
            _introductions.Say(() => _connection.Send(message), PublishersOf(answer.Tracks.Values, view));
            _offerRequests.Answered();
        });
        if (refused is not null)
        {
            Refuse(refused);
        }
    }

    /// <summary>The client is told the track's sid before its offer carries it.</summary>
    private void Announce(AddTrackRequest request)
    {
        bool isAllowed = _session.Grants.MayPublish(TrackMapping.SourceName(request.Source));
        if (!isAllowed || request.Type is not (TrackType.Audio or TrackType.Video))
        {
            Answer(new() { Reason = isAllowed ? RequestReason.UnsupportedType : RequestReason.NotAllowed, AddTrack = request });
            return;
        }

        bool isBackup = request.Sid.Length > 0;
        if ((isBackup ? _publications.AnnounceBackup(request) : _publications.Announce(request)) is not var (book, track))
        {
            Answer(new() { Reason = isBackup ? RequestReason.NotFound : RequestReason.LimitExceeded, AddTrack = request });
            return;
        }

        _publications = book;
        _connection.Send(new SignalResponse { TrackPublished = new() { Cid = request.Cid, Track = TrackMapping.Info(track) } });
    }

    /// <summary>As with LiveKit, who was muted by the server may unmute itself.</summary>
    private async Task Mute(MuteTrackRequest mute)
    {
        _publications = _publications.Mute(mute.Sid, mute.Muted);
        if (_publications.ByMid.Values.All(p => p.Sid != mute.Sid))
        {
            return;
        }

        if (!mute.Muted && _mutedByServer.Contains(mute.Sid))
        {
            await _session.Participant.Mute(mute.Sid, muted: false);
        }

        ActResult result = await _session.Main.Mute(mute.Sid, mute.Muted);
        if (result.Error is { } error)
        {
            Answer(new() { Reason = SubscriptionMapping.Reason(error), Message = error.Message, Mute = mute });
        }
    }

    private async Task Subscribe(ImmutableArray<SubscriptionChange> changes)
    {
        if (changes.IsEmpty)
        {
            return;
        }

        if (await _session.Subscribe(changes, () => { }) is { } refused)
        {
            CountRefusal(refused.Code);
        }
    }

    private async Task TakeAnswer(SessionDescription answer)
    {
        if (await _session.Answer(answer.Id > 0 ? (int)answer.Id : _offered, answer.Sdp) is { } refused)
        {
            Refuse(refused);
        }
    }

    private async Task Permit(SubscriptionPermission permission)
    {
        if ((await _session.Main.Admit(SubscriptionMapping.Audience(permission))).Error is { } error)
        {
            CountRefusal(error.Code);
        }
    }

    private async Task Update(UpdateParticipantMetadata update)
    {
        ActResult result = await _session.Main.Update(new(
            update.Metadata.Length > 0 ? update.Metadata : null,
            update.Attributes.ToImmutableDictionary(a => a.Key, a => a.Value.Length > 0 ? a.Value : null),
            update.Name.Length > 0 ? update.Name : null));
        Answer(new()
        {
            RequestId = update.RequestId,
            Reason = result.Error is { } error ? SubscriptionMapping.Reason(error) : RequestReason.Ok,
            Message = result.Error?.Message ?? "",
            UpdateMetadata = update,
        });
    }

    /// <summary>What the client thinks it has subscribed to, after it lost its connection. The rest is kept on our side.</summary>
    private Task Sync(SyncState state) => Subscribe(state.Subscription is { } subscription ? SubscriptionMapping.Changes(subscription) : []);

    /// <param name="told">What the client is told of it; null when it is its own wish.</param>
    private Task Leave(LeaveRequest? told) => _session.Leave(() =>
    {
        if (told is not null)
        {
            _connection.Send(new SignalResponse { Leave = told });
        }

        _connection.End(new(1000, ReasonCodes.ClientLeft));
    });

    /// <summary>What LiveKit's clients ask for in tests of their own; done to this client alone.</summary>
    private async Task Simulate(SimulateScenario scenario)
    {
        switch (scenario)
        {
            case { ServerLeave: true }:
                await Leave(new() { Reason = DisconnectReason.ServerShutdown, Action = LeaveAction.Disconnect });
                break;
            case { NodeFailure: true }:
                _connection.End(SocketPump.Gone);
                break;
            case { Migration: true }:
                _session.End(() => SayLeave(ReasonCodes.ServerShutdown));
                break;
            case { LeaveRequestFullReconnect: true }:
                _session.End(() => SayLeave(ReasonCodes.NodeLost));
                break;
            default:
                break;
        }
    }

    private void Answer(RequestResponse response) => _connection.Send(new SignalResponse { RequestResponse = response });
}
