using System.Collections.Immutable;
using Nexus.Link;
using Orleans.Concurrency;

namespace Nexus.Contracts;

/// <summary>A grain that has something on media nodes.</summary>
public interface IOnNodes : IGrainWithStringKey
{
    /// <summary>From its silo's list of nodes: that one is lost together with all who would say so. Waits for nobody; said twice it does nothing.</summary>
    [OneWay]
    Task OnNodeLost(string node);
}

/// <summary>Policy, roster, and the nodes a room is on. Key: <see cref="Keys.Room"/>. It is the roster: a read after a join is never stale.</summary>
public interface IRoomGrain : IOnNodes
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
    [ReadOnly, ResponseTimeout("00:00:05")]
    Task<RoomView?> Describe();

    /// <summary>The room without its roster. Null when there is no such room.</summary>
    [ReadOnly, ResponseTimeout("00:00:05")]
    Task<RoomSummary?> Summarize();

    /// <summary>A page of those who are in, hidden ones too. Null when there is no such room.</summary>
    [ReadOnly, ResponseTimeout("00:00:05")]
    Task<RosterPage?> Roster(RosterQuery query);

    /// <summary>Everyone in the room is told of the new metadata. LIMIT_EXCEEDED, or ROOM_NOT_FOUND.</summary>
    Task<RoomResult> UpdateMetadata(string metadata);

    /// <summary>
    /// From now on the gateway is told of every change, until it stops, is lost, or says <see cref="Unwatch"/>; what it lacks up to now is in
    /// the answer. To be said again when something may have been lost: that costs what was. Null when there is no such room.
    /// </summary>
    /// <param name="feed">Names the reader, so that the end of an older one does not end a newer one of the same gateway.</param>
    /// <param name="known">What it knows.</param>
    Task<RoomNews?> Watch(SessionHolder gateway, long feed, RoomVersion known);

    [OneWay]
    Task Unwatch(string gateway, long feed);

    /// <summary>The part of the roster after an identity. Null when there is no such room.</summary>
    Task<RoomPage?> Page(string after);

    /// <summary>Keeps an identity out, or lets it in again. The room need not be open. In storage before this returns; removes nobody.</summary>
    Task Bar(string identity, Barring barring);

    /// <summary>Nobody new comes in (ROOM_LOCKED) until it is unlocked, or closes. ROOM_NOT_FOUND when there is no such room.</summary>
    Task<ActResult> Lock(bool locked);

    /// <summary>
    /// The room goes to another node, with everyone in it: they are told to come again (NODE_CHANGED), and keep their places for 30 s.
    /// Refused by NO_NODE, REGION_REFUSED or ROOM_ON_ONE_NODE, and then nothing changes. A room that is there already stays.
    /// </summary>
    Task<RoomMoved> Relocate(RoomMove move);

    /// <summary>Everyone leaves with <paramref name="reason"/>, and the room is gone, but for bans with time left. False when there was none.</summary>
    Task<bool> Close(string reason);
}

/// <summary>One person in one room: sessions (legs), grants, published tracks, wishes, grace. Key: <see cref="Keys.Participant"/>.</summary>
public interface IParticipantGrain : IOnNodes
{
    /// <summary>Joins with one leg. A leg of the same kind that was there leaves with DUPLICATE_IDENTITY; a Duplex leg replaces all. LIMIT_EXCEEDED when it says too much of itself.</summary>
    Task<JoinResult> Join(JoinRequest request);

    /// <summary>ICE restart of one session.</summary>
    Task<RestartResult> RestartIce(string session, IceRestart restart);

    /// <summary>A further offer of a duplex session, with all that it publishes. A refused one changes nothing.</summary>
    Task<SessionResult> Negotiate(string session, SdpOffer offer, ImmutableArray<Publication> publications);

    /// <summary>The client's answer to an offer of the node (<see cref="SessionActual.Offer"/>). One that is late or comes again changes nothing.</summary>
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

    /// <summary>
    /// The client's connection stands, at that gateway: said when a gateway is asked for its client, or something was lost. False when there
    /// is no such session, or another gateway has it.
    /// </summary>
    Task<bool> Hold(string session, SessionHolder holder);

    /// <summary>From the silo's list of gateways: that one is gone, and its clients' time of grace begins.</summary>
    [OneWay]
    Task OnGatewayLost(string gateway);

    /// <summary>The client's connection was lost: its time of grace begins. Done when the participant has taken note of it.</summary>
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

    /// <summary>
    /// Is in another room of the tenant as well, with all that it publishes, until its session here ends or it is removed there. Only
    /// this room can change it. BAD_REQUEST when that identity is there already; ROOM_ELSEWHERE when another node
    /// serves that room.
    /// </summary>
    /// <param name="room">The name of the room.</param>
    Task<ActResult> Forward(string room, TenantRules rules);

    /// <summary>From the participant of the same identity in another room, which is to be here as well.</summary>
    Task<ActResult> Accept(Forwarding forwarding);

    /// <summary>
    /// From a forward of this participant, which is told of changes (<see cref="OnSourceChanged"/>) for 30 s from now: say it again in
    /// time. How the participant is now, without tracks; null when the session is not known here.
    /// </summary>
    /// <param name="follower">Key of the forward's participant grain.</param>
    [AlwaysInterleave]
    Task<ParticipantView?> Follow(string session, string follower);

    /// <summary>From the participant that this one is forwarded from: what is told of it has changed.</summary>
    [OneWay]
    Task OnSourceChanged();

    /// <summary>As Remove, for the room's use: it waits for nobody. Late, it must not hit who joined since: hence the sid.</summary>
    [OneWay]
    Task Evict(string participantSid, string reason);

    /// <summary>From the room, which is on another node: the sessions on this one end with <paramref name="reason"/>. Waits for nobody; said twice it does nothing.</summary>
    [OneWay]
    Task LeaveNode(string node, string reason);

    /// <summary>
    /// From the grain of the node that has the session: it is so now. False when the session is not known here, or is on another node: a
    /// participant that lost its memory is to be told of it anew (<see cref="Adopt"/>).
    /// </summary>
    Task<bool> OnActual(string session, NodePlace node, SessionActual actual);

    /// <summary>A node has this session, and its grain does not know that it is known here. False when it is not wanted: it is to end.</summary>
    Task<bool> Adopt(AdoptedSession session);
}

/// <summary>
/// One media node, and all that is desired on it: liveness, load, drain, its sessions. Key: <see cref="Keys.MediaNode"/>. Lives on the
/// silo that holds the node's link. Calls interleave, else one slow session would hold up all others; those of one session do not.
/// </summary>
public interface IMediaNodeGrain : IGrainWithStringKey
{
    /// <summary>
    /// A link to the node is up; commands go through <paramref name="port"/>. Said again every few seconds, so that a grain that
    /// lost its memory knows its node again.
    /// </summary>
    /// <param name="link">Names this connection, so that the end of an older one does not end a newer.</param>
    Task Attach(string link, NodeView node, INodePort port);

    /// <summary>
    /// That link is down. The node's sessions are lost unless it is attached again: within 0.3 s when it was closed or cut, because the
    /// process of a node that lives dials at once; within 1 s when nothing was heard over it.
    /// </summary>
    Task Detach(string link, string reason, bool wasSilent = false);

    /// <summary>From its silo's list of nodes: nothing is heard of the node any more, so that the holder of its link is gone with it. As <see cref="Detach"/>.</summary>
    [OneWay]
    Task OnUnheard(string bootId);

    /// <returns>False when the grain does not know of a link to the node: it is to be attached.</returns>
    Task<bool> OnLoad(string bootId, double load, int sessions, int tracks, int subscriptions);

    /// <summary>A session is not as it was. Done when its participant knows, or could not be told now.</summary>
    Task OnReport(SessionReport report);

    /// <summary>
    /// A room asks whether the people that it takes to be on this node are: of those who are, each says so to the room again when the two
    /// differ, as after a loss of memory on either side. Null when the node cannot be reached.
    /// </summary>
    /// <param name="known">The sum (<see cref="RoomCensus.SumOf"/>) of those whom the room takes to be here.</param>
    Task<RoomCensus?> Count(string roomKey, RoomCensusSum known);

    /// <summary>What the node has, part by part. Done when what differed is as it should be, or could not be made so now.</summary>
    Task OnDigest(Digest digest);

    /// <summary>Makes a session so. Waits for the node at most 9 s, when nobody answers at all; NODE_TIMEOUT after that.</summary>
    /// <param name="mustExist">The session was made before: if the node does not have it now, it is lost and must not be made again.</param>
    Task<SessionApplied> Apply(string session, SessionDesired desired, bool mustExist);

    /// <summary>Ends a session; waits for the node's word as Apply does, and goes on trying after that.</summary>
    Task<SessionApplied> Close(string session, string reason);

    [ReadOnly]
    Task<NodeView?> Describe();

    /// <summary>Null while the node has no link. To be called by <see cref="NodeLine"/> only.</summary>
    [ResponseTimeout(NodeLine.Deadline)]
    Task<INodePort?> Port();

    /// <summary>
    /// The node takes no new sessions from now on, and its rooms go to other nodes, each as a whole and a few at once; those for which
    /// there is none stay, and are asked again. Until it is taken back, or the node restarts.
    /// </summary>
    [OperatorOnly]
    Task<ActResult> Drain();

    /// <summary>The node takes new sessions again. What has gone does not come back. SERVER_SHUTDOWN when its process is about to end.</summary>
    [OperatorOnly]
    Task<ActResult> Undrain();

    /// <summary>The node's process was told to end: as <see cref="Drain"/>, and the node hears when nothing is left that could go. May be said often.</summary>
    Task OnLeaving(string bootId);
}

/// <summary>
/// The list of media nodes as the silo has it that is asked: the caller's own, or the one that a client sends calls for this key to. Key:
/// any number; calls for another one go to another silo, by chance.
/// </summary>
public interface INodeListGrain : IGrainWithIntegerKey
{
    [ReadOnly, ResponseTimeout("00:00:01")]
    Task<ImmutableArray<NodeView>> List();
}

/// <summary>
/// The list of gateways as the silo has it that is asked; it tells the other silos. Key: any number, as that of <see cref="INodeListGrain"/>.
/// </summary>
public interface IGatewayListGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// The gateway is there, with all clients that it serves: to be said again within 30 s, or they have lost it. It is asked for those
    /// sessions of which nobody knows who has them (<see cref="IGatewayObserver.OnSought"/>).
    /// </summary>
    [ResponseTimeout("00:00:01")]
    Task Renew(SessionHolder gateway);

    /// <summary>The gateway stops: its clients' time of grace begins at once.</summary>
    [ResponseTimeout("00:00:01")]
    Task Leave(string gateway);
}

/// <summary>The tenant's rooms. Key: <see cref="Keys.Tenant"/>.</summary>
public interface ITenantGrain : IGrainWithStringKey
{
    /// <summary>Counts a room in, or refuses it by quota. One that is counted is brought up to date, and never refused.</summary>
    [ResponseTimeout("00:00:02")]
    Task<ActResult> OpenRoom(RoomHeadline room, TenantRules rules);

    /// <summary>From a room that is open: counted in if it was not, whatever the quota.</summary>
    [OneWay]
    Task UpdateRoom(RoomHeadline room);

    [OneWay]
    Task CloseRoom(string room);

    /// <summary>A page of the rooms that are there. Numbers that it is sorted by may be a second old.</summary>
    [ReadOnly, ResponseTimeout("00:00:05")]
    Task<RoomNames> Rooms(RoomQuery query);
}

/// <summary>One gateway process, as grains see it: what it is told of the rooms and sessions it serves.</summary>
public interface IGatewayObserver : IGrainObserver
{
    /// <summary>At most once in 50 ms for each room. One-way, and so neither sure nor in order: the numbers tell what lacks (<see cref="IRoomGrain.Watch"/>).</summary>
    [OneWay]
    Task OnDelta(string roomKey, RoomDelta delta);

    /// <summary>The room's grain has lost its memory, and does not know who watches it.</summary>
    [OneWay]
    Task OnRoomWoke(string roomKey);

    [OneWay]
    Task OnSession(SessionNews news);

    /// <summary>Grains that have lost their memory look for the gateway of these sessions: it says <see cref="IParticipantGrain.Hold"/>.</summary>
    [OneWay]
    Task OnSought(ImmutableArray<string> sessions);

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
    /// <summary>As <see cref="ClaimNode"/>: to be called by the node's grain only.</summary>
    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<NodeClaim> Claim();

    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<SessionFound> DescribeSession(string session);

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

    /// <summary>Whether the node is being emptied. The whole of it each time, and again with each attachment while it is: what is lost does no harm.</summary>
    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task Drain(DrainNode drain);

    /// <summary>
    /// Levels and connections of a room on this node go to the gateway's observer for so many seconds from now, past all grains:
    /// say it again in time. Each time all that holds is told again.
    /// </summary>
    [AlwaysInterleave, ResponseTimeout(NodeLine.Deadline)]
    Task<ActResult> Listen(string roomKey, SessionHolder gateway, int leaseSeconds);
}
