using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Link;

/// <summary>
/// The control side's end of one node's link: checks who it is, sends commands and pairs them with their answers.
/// Commands may come from any thread; each ends with an answer, a <see cref="TimeoutException"/> after
/// <see cref="LinkTiming.Command"/>, or a <see cref="LinkException"/> when the link is cut. One that is too long, or whose answer
/// would be, is refused by name: in its answer where that has a place for an error, else by a <see cref="LinkRefusedException"/>.
/// </summary>
/// <param name="faulted">Told of what went wrong with one message and ended nothing else.</param>
public sealed class NodeLinkServer(LinkConnection connection, string secret, LinkTiming timing, TimeProvider time, Action<Exception>? faulted = null)
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<LinkAnswer>> _waiting = new();
    private readonly CancellationTokenSource _ended = new();
    private long _lastId;

    /// <summary>Takes the node's hello, or tells it why not.</summary>
    /// <exception cref="LinkException">It is no node, another version, or has a wrong secret.</exception>
    public async Task<Hello> AcceptAsync(CancellationToken cancellation = default)
    {
        using var timeout = new CancellationTokenSource(timing.Opening, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            LinkMessage? first = await connection.ReceiveAsync(deadline.Token);
            Rejected? refusal = first switch
            {
                Hello { Version: < LinkConnection.Version } h => new Rejected(
                    "VERSION", $"the node speaks version {h.Version} of the node link, this control side {LinkConnection.Version} and later ones: update the node"),
                Hello h when !SecretMatches(h.Secret) => new Rejected("SECRET", "the link secret is wrong: set linkSecret (NEXUS_LINK_SECRET) to the same value on both sides"),
                Hello { NodeId: "" or null } or Hello { BootId: "" or null } or Hello { Region: "" or null } => new Rejected("HELLO", "hello lacks nodeId, bootId or region"),
                Hello => null,
                _ => new Rejected("HELLO", "the first message must be hello"),
            };
            if (refusal is not null)
            {
                await connection.SendAsync(refusal, deadline.Token);
                throw new LinkException($"{connection.Peer} was refused: {refusal.Code}: {refusal.Message}");
            }

            await connection.SendAsync(
                new Welcome(LinkConnection.Version, (int)timing.Heartbeat.TotalMilliseconds, (int)timing.Digest.TotalMilliseconds), deadline.Token);
            return (Hello)first!;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LinkException($"{connection.Peer} did not say hello within {timing.Opening.TotalSeconds:F0} s");
        }
    }

    /// <summary>Serves until the link ends; returns when the node closed it. Every command still waiting then fails.</summary>
    /// <exception cref="LinkException">The link was cut or silent for too long.</exception>
    public async Task RunAsync(IControlLinkHandler handler, CancellationToken cancellation = default)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            List<Task> parts = [ReceiveAsync(handler, ending.Token)];
            if (!connection.IsInProcess)
            {
                parts.Add(new LinkPulse(connection, timing.Heartbeat, timing.Lost, time).RunAsync(ending.Token));
            }

            await LinkTasks.UntilFirstEnds(parts, ending);
        }
        finally
        {
            await _ended.CancelAsync();
        }
    }

    public async Task<NodeClaim> Claim() => Expect<NodeClaimed>(await Ask(id => new ClaimNode(id))).Claim;

    public async Task<SessionFound> Describe(string session) =>
        Expect<SessionDescribed>(await Ask(id => new DescribeSession(id, session))).Found;

    public async Task<SessionApplied> Apply(string session, long epoch, long seq, bool mustExist, SessionDesired desired) =>
        ResultOf(await Ask(id => new ApplySession(id, session, epoch, seq, mustExist, desired)), epoch, seq);

    public async Task<SessionApplied> Close(string session, long epoch, long seq, string reason) =>
        ResultOf(await Ask(id => new CloseSession(id, session, epoch, seq, reason)), epoch, seq);

    public async Task<DataDelivery> SendData(string roomKey, bool reliable, byte[] packet) =>
        await Ask(id => new SendData(id, roomKey, reliable, packet)) switch
        {
            CommandRefused refused => new DataDelivery(refused.Error, 0),
            LinkAnswer answer => Expect<DataSent>(answer).Delivery,
        };

    public async Task<RoomInspection> InspectRoom(RoomQuestion question) =>
        Expect<RoomInspected>(await Ask(id => new InspectRoom(id, question))).Inspection;

    /// <summary>Has the node tell of a room, or not any more. Not answered.</summary>
    /// <exception cref="LinkException">The link is cut.</exception>
    public Task ListenRoom(string room, bool on) => connection.SendAsync(new ListenRoom(room, on), _ended.Token);

    /// <summary>Tells the node whether it is being emptied. Not answered.</summary>
    /// <exception cref="LinkException">The link is cut.</exception>
    public Task Drain(DrainNode drain) => connection.SendAsync(drain, _ended.Token);

    private static SessionApplied ResultOf(LinkAnswer answer, long epoch, long seq) => answer is CommandRefused refused
        ? new SessionApplied { Status = ApplyStatus.Refused, Epoch = epoch, Seq = seq, Error = refused.Error }
        : Expect<SessionReply>(answer).Result;

    private static T Expect<T>(LinkAnswer answer) where T : LinkAnswer => answer switch
    {
        T wanted => wanted,
        CommandRefused refused => throw new LinkRefusedException(refused.Error),
        _ => throw new LinkException($"the node answered with a {answer.GetType().Name}, not a {typeof(T).Name}"),
    };

    private async Task<LinkAnswer> Ask(Func<long, LinkCommand> command)
    {
        long id = Interlocked.Increment(ref _lastId);
        LinkCommand asked = command(id);
        using System.Diagnostics.Activity? activity = LinkTracing.StartAsking(asked);
        var answer = new TaskCompletionSource<LinkAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            await connection.SendAsync(LinkTracing.Traced(asked), _ended.Token);
            return await answer.Task.WaitAsync(timing.Command, time, _ended.Token);
        }
        catch (LinkRefusedException e)
        {
            LinkMeter.CountRefused(asked);
            faulted?.Invoke(e);
            return new CommandRefused(id, new LinkError(ReasonCodes.BadRequest, e.Error.Message)); // what was asked for was too much
        }
        catch (OperationCanceledException)
        {
            throw new LinkException($"the link to {connection.Peer} ended before it answered");
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    private async Task ReceiveAsync(IControlLinkHandler handler, CancellationToken cancellation)
    {
        while (await connection.ReceiveAsync(cancellation) is { } message)
        {
            try
            {
                Take(handler, message);
            }
            catch (Exception e)
            {
                LinkMeter.CountFault(message); // one message that cannot be handled must not end the link
                faulted?.Invoke(e);
            }
        }
    }

    private void Take(IControlLinkHandler handler, LinkMessage message)
    {
        switch (message)
        {
            case LinkAnswer m: Answer(m); break;
            case SessionChanged m: handler.OnReport(m.Report); break;
            case Digest m: handler.OnDigest(m); break;
            case LoadReport m: handler.OnLoad(m); break;
            case RoomLevels m: handler.OnLevels(m); break;
            case RoomConnections m: handler.OnConnections(m); break;
            default: break; // heartbeats, and what a newer node may say
        }
    }

    private void Answer(LinkAnswer answer)
    {
        if (_waiting.TryRemove(answer.Id, out TaskCompletionSource<LinkAnswer>? waiting))
        {
            waiting.TrySetResult(answer);
        }
    }

    private bool SecretMatches(string? given) =>
        CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(given ?? "")), SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
