using System.Collections.Immutable;
using Nexus.Link;
using Orleans.Concurrency;

namespace Nexus.Contracts;

/// <summary>Policy, roster, and the nodes a room is on. Key: <see cref="Keys.Room"/>. It is the roster: a read after a join is never stale.</summary>
public interface IRoomGrain : IGrainWithStringKey
{
    /// <summary>Makes the room, or changes the policy of the one that is there. Refused by quota, QUOTA_ROOMS, or for its metadata, LIMIT_EXCEEDED.</summary>
    Task<RoomResult> Create(RoomPolicy policy, TenantRules tenant);

    /// <summary>
    /// A place in the roster and a node to go to, or a named refusal: BANNED, TOKEN_REVOKED, ROOM_LOCKED, ROOM_FULL, or for want of a node.
    /// Makes the room when it is not there.
    /// </summary>
    Task<AdmitResult> Admit(AdmitRequest request);

    /// <summary>
    /// A participant's newer state, or the same again so that a room that lost its memory is rebuilt. Older versions than the
    /// roster's are ignored; Disconnected removes.
    /// </summary>
    /// <param name="roomSid">The room that the participant takes this one for; empty when it does not know, after a loss of memory.</param>
    /// <returns>Sid and policy of the room as they are; ROOM_CLOSED when the participant must leave.</returns>
    Task<AdmitResult> Update(ParticipantView participant, string roomSid);

    /// <summary>The room with everyone in it: not for lists. Null when there is no such room.</summary>
    [ReadOnly]
    Task<RoomView?> Describe();

    /// <summary>The room without its roster. Null when there is no such room.</summary>
    [ReadOnly]
    Task<RoomSummary?> Summarize();

    /// <summary>A page of those who are in, hidden ones too. Null when there is no such room.</summary>
    [ReadOnly]
    Task<RosterPage?> Roster(RosterQuery query);

    /// <summary>Everyone in the room is told of the new metadata. LIMIT_EXCEEDED, or ROOM_NOT_FOUND.</summary>
    Task<RoomResult> UpdateMetadata(string metadata);

    /// <summary>
    /// Deltas go to <paramref name="observer"/> for 30 s from now: say it again in time. The page is the first of the roster; the
    /// deltas that follow go on from it. Null when there is no such room.
    /// </summary>
    Task<RoomPage?> Watch(string gateway, IGatewayObserver observer);

    /// <summary>Renews a watch without a page. False when the room knows of none: watch anew.</summary>
    Task<bool> RenewWatch(string gateway);

    [OneWay]
    Task Unwatch(string gateway);

    /// <summary>The part of the roster after an identity. Null when there is no such room.</summary>
    Task<RoomPage?> Page(string after);

    /// <summary>Keeps an identity out, or lets it in again. The room need not be open. In storage before this returns; removes nobody.</summary>
    Task Bar(string identity, Barring barring);

    /// <summary>Nobody new comes in (ROOM_LOCKED) until it is unlocked, or closes. ROOM_NOT_FOUND when there is no such room.</summary>
    Task<ActResult> Lock(bool locked);

    /// <summary>Everyone leaves with <paramref name="reason"/>, and the room is gone, but for bans with time left. False when there was none.</summary>
    Task<bool> Close(string reason);
}

/// <summary>One person in one room: sessions (legs), grants, published tracks, wishes, grace. Key: <see cref="Keys.Participant"/>.</summary>
public interface IParticipantGrain : IGrainWithStringKey
{
    /// <summary>Joins with one leg. A leg of the same kind that was there leaves with DUPLICATE_IDENTITY; a Duplex leg replaces all. LIMIT_EXCEEDED when it says too much of itself.</summary>
    Task<JoinResult> Join(JoinRequest request);

    /// <summary>ICE restart of one session.</summary>
    Task<RestartResult> RestartIce(string session, IceRestart restart);

    /// <summary>A further offer of a duplex session, with all that it publishes. A refused one changes nothing.</summary>
    Task<SessionResult> Negotiate(string session, SdpOffer offer, ImmutableArray<Publication> publications);

    /// <summary>The client's answer to an offer of the node (<see cref="SessionView.Offer"/>). One that is late or comes again changes nothing.</summary>
    Task<SessionResult> Answer(string session, SdpAnswer answer);

    /// <summary>The client wants the node's next offer to restart ICE; it is made at once, or follows the one that stands.</summary>
    Task<SessionResult> RestartOffers(string session);

    Task<SessionResult> Subscribe(string session, ImmutableArray<SubscriptionChange> changes);

    /// <summary>The publisher's own mute. What the server muted stays so (PERMISSION).</summary>
    Task<ActResult> MuteOwn(string session, string trackSid, bool muted);

    /// <summary>The participant says who may receive its tracks, in place of what it said before; who no longer may stops receiving at once.</summary>
    Task<ActResult> Admit(string session, Audience audience);

    Task<ActResult> UpdateProfile(string session, ProfileChange change);

    /// <summary>The duplex session of a stay, for clients that know only their <c>PA_…</c>; null when that stay is over.</summary>
    [ReadOnly]
    Task<string?> DuplexSession(string participantSid);

    /// <summary>The client is back on another connection: the same join. SESSION_NOT_FOUND once its time of grace is over.</summary>
    Task<SessionResult> Resume(string session, SessionHolder holder);

    /// <summary>The client's connection stands; to be said again within 30 s. False when there is no such session.</summary>
    Task<bool> Renew(string session, SessionHolder holder);

    /// <summary>The client's connection was lost: its time of grace begins.</summary>
    [OneWay]
    Task Detach(string session, string gateway);

    /// <summary>The caller's side of a new call. It comes before <see cref="Ring"/>, so that answers find it.</summary>
    Task<ActResult> PlaceCall(CallView call);

    /// <summary>The called one's side. PARTICIPANT_NOT_FOUND when nobody is there who could be rung.</summary>
    Task<ActResult> Ring(CallView call);

    /// <summary>What this side does with one of its calls.</summary>
    Task<ActResult> ActOnCall(string callId, CallAction action, string? reason);

    /// <summary>From the other side of a call: it is further now.</summary>
    [OneWay]
    Task OnCall(CallView call);

    /// <summary>Ends one session on the client's behalf; the participant leaves with its last.</summary>
    Task<ActResult> Leave(string session, string reason);

    /// <summary>
    /// How a session stands, for clients that nobody can tell without being asked. Gateways derive WHIP's ETag from it, so that any of
    /// them can serve any session.
    /// </summary>
    [ReadOnly]
    Task<SessionStanding> Standing(string session);

    /// <summary>Null when the participant is not in the room.</summary>
    [ReadOnly]
    Task<ParticipantView?> Describe();

    /// <summary>Ends all sessions, once the node has confirmed it.</summary>
    /// <param name="barring">How it lasts: said to the room first, so that nobody slips in between, and also of one who is not there. Null: it may join again at once.</param>
    Task<ActResult> Remove(string reason, Barring? barring = null);

    /// <summary>Server mute: the track is received and not forwarded.</summary>
    Task<ActResult> Mute(string trackSid, bool muted);

    /// <summary>An admin changes what is told of the participant, and what it may do; null grants stay as they are.</summary>
    Task<ActResult> Administer(ProfileChange change, Grants? grants);

    /// <summary>An admin changes what the participant receives, as its own Subscribe would.</summary>
    Task<ActResult> SubscribeFor(ImmutableArray<SubscriptionChange> changes);

    /// <summary>
    /// Goes to another room of the tenant, with its sessions as they are where the same node serves that room; where it does not,
    /// the sessions end with MOVED and their clients are told where to join.
    /// </summary>
    /// <param name="room">The name of the room.</param>
    Task<ActResult> Move(string room, TenantRules rules);

    /// <summary>From the participant of the same identity in another room. ROOM_ELSEWHERE when the sessions' node does not serve this one.</summary>
    Task<JoinResult> Arrive(Arrival arrival);

    /// <summary>As Remove, for the room's use: it waits for nobody. Late, it must not hit who joined since: hence the sid.</summary>
    [OneWay]
    Task Evict(string participantSid, string reason);

    /// <summary>From a NodeSession grain: state, tracks or subscriptions of a session changed.</summary>
    [OneWay]
    Task OnSessionReport(SessionReport report);

    /// <summary>
    /// A NodeSession grain's lease of a session, every few seconds. A participant that does not know the session, or not this
    /// version of its report, asks the owner: so it is rebuilt after it lost its memory, and one-way words may be lost.
    /// </summary>
    /// <param name="owner">Key of the NodeSession grain.</param>
    [OneWay]
    Task OnSessionAlive(string owner, long reportVersion);
}

/// <summary>One published track: codec, layers, home node. Key: <see cref="Keys.Track"/>.</summary>
public interface ITrackGrain : IGrainWithStringKey
{
    Task Publish(TrackView track);

    /// <summary>What its node reports of it, on change and at most once a second.</summary>
    [OneWay]
    Task OnReport(TrackDescription track);

    /// <summary>Null when it is not published.</summary>
    [ReadOnly]
    Task<TrackView?> Describe();

    [OneWay]
    Task Unpublish();
}

/// <summary>Desired state of one session on one node, kept equal to the actual. Key: <see cref="Keys.NodeSession"/>. Runs in the node's region.</summary>
public interface INodeSessionGrain : IGrainWithStringKey
{
    /// <summary>Makes the node's session so. Waits for the node at most 13 s, when nobody answers at all; NODE_TIMEOUT or NODE_LOST after that.</summary>
    /// <param name="mustExist">The session was made before: if the node does not have it now, it is lost and must not be made again.</param>
    Task<SessionApplied> Apply(SessionDesired desired, bool mustExist);

    /// <summary>What this session is now; asks the node when this grain has no memory of it.</summary>
    Task<NodeSessionView> Describe();

    /// <summary>Ends it; waits for the node's word as Apply does, and goes on trying after that.</summary>
    Task<SessionApplied> Close(string reason);

    /// <summary>Done when the session is as it should be, or could not be made so now: the one who says it waits, so that not more is said than this grain takes.</summary>
    Task OnDigest(DigestEntry entry);

    /// <inheritdoc cref="OnDigest"/>
    Task OnReport(SessionReport report);

    /// <summary>The node's link is gone, or the node has restarted: the session is lost.</summary>
    [OneWay]
    Task OnNodeLost(string reason);
}

/// <summary>One media node: liveness, load, drain, and the way to it. Key: <see cref="Keys.MediaNode"/>. Runs in the node's region.</summary>
public interface IMediaNodeGrain : IGrainWithStringKey
{
    /// <summary>
    /// A link to the node is up; commands go through <paramref name="port"/>. Said again every few seconds, so that a grain that
    /// lost its memory knows its node again.
    /// </summary>
    /// <param name="link">Names this connection, so that the end of an older one does not end a newer.</param>
    Task Attach(string link, NodeView node, INodePort port);

    /// <summary>That link is down. The node's sessions are lost unless it is attached again soon.</summary>
    Task Detach(string link, string reason);

    Task OnLoad(string bootId, double load, int sessions, int tracks, int subscriptions);

    [ReadOnly]
    Task<NodeView?> Describe();

    /// <summary>Null while the node has no link. To be called by <see cref="NodeLine"/> only.</summary>
    [ResponseTimeout(NodeLine.Deadline)]
    Task<INodePort?> Port();

    /// <summary>A session was opened on the node (so that it can be told when the node is lost), or is gone.</summary>
    [OneWay]
    Task TrackSession(string nodeSessionKey, bool open);

    /// <summary>The node takes no new sessions from now on; those it has stay. Until the node restarts.</summary>
    [OperatorOnly]
    Task<ActResult> Drain();
}

/// <summary>The list of media nodes, from which rooms choose. Key: <see cref="Keys.NodeDirectory"/>.</summary>
public interface INodeDirectoryGrain : IGrainWithStringKey
{
    Task<ImmutableArray<NodeView>> List();

    Task Update(NodeView node);
}

/// <summary>The tenant's rooms. Key: <see cref="Keys.Tenant"/>.</summary>
public interface ITenantGrain : IGrainWithStringKey
{
    /// <summary>Counts a room in, or refuses it by quota. One that is counted is brought up to date, and never refused.</summary>
    Task<ActResult> OpenRoom(RoomHeadline room, TenantRules rules);

    [OneWay]
    Task CloseRoom(string room);

    /// <summary>A page of the rooms that are there. Numbers that it is sorted by may be a second old.</summary>
    [ReadOnly]
    Task<RoomNames> Rooms(RoomQuery query);
}

/// <summary>One gateway process, as grains see it: what it is told of the rooms and sessions it serves.</summary>
public interface IGatewayObserver : IGrainObserver
{
    /// <summary>At most once in 50 ms for each room.</summary>
    [OneWay]
    Task OnDelta(string roomKey, RoomDelta delta);

    [OneWay]
    Task OnSession(SessionNews news);

    /// <summary>From the holder of a node's link, to whoever listens there: all who speak in the room's part on that node, the dominant speaker first.</summary>
    [OneWay]
    Task OnLevels(string roomKey, string node, ImmutableArray<SpeakerLevel> speakers);

    /// <summary>As <see cref="OnLevels"/>: how people there are connected; those whose label changed.</summary>
    [OneWay]
    Task OnConnections(string roomKey, string node, ImmutableArray<ParticipantConnection> participants);
}

/// <summary>
/// The holder of a node's link, as grains see it: commands with an answer. It is an observer, not a grain, because it lives
/// with the socket. Every call ends within 3 s (<c>LinkTiming.Command</c>) while the link's holder lives; when it is gone nobody
/// answers, and the call ends by <see cref="NodeLine.Deadline"/>. Calls interleave, else one slow session would hold up all others of its node.
/// </summary>
public interface INodePort : IGrainObserver
{
    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<SessionClaim> Claim(string session);

    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<SessionApplied> Apply(string session, long epoch, long seq, bool mustExist, SessionDesired desired);

    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<SessionApplied> Close(string session, long epoch, long seq, string reason);

    /// <summary>A data message to participants of a room that are on the node, as <see cref="Link.SendData"/> says.</summary>
    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<DataDelivery> SendData(string roomKey, bool reliable, byte[] packet);

    /// <summary>A page of the sessions of a room on the node; ask on from <see cref="RoomInspection.Next"/> for the others.</summary>
    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<RoomInspection> InspectRoom(RoomQuestion question);

    /// <summary>
    /// Levels and connections of a room on this node go to the gateway's observer for so many seconds from now, past all grains:
    /// say it again in time. Each time all that holds is told again.
    /// </summary>
    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<ActResult> Listen(string roomKey, SessionHolder gateway, int leaseSeconds);
}
