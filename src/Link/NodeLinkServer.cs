using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Link;

/// <summary>
/// The control side's end of one node's link: checks who it is, sends commands and pairs them with their answers.
/// Commands may come from any thread; each ends with an answer, a <see cref="TimeoutException"/> after
/// <see cref="LinkTiming.Command"/>, or a <see cref="LinkException"/> when the link is cut.
/// </summary>
public sealed class NodeLinkServer(LinkConnection connection, string secret, LinkTiming timing, TimeProvider time)
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<LinkMessage>> _waiting = new();
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
                Hello { Version: < 1 } h => new Rejected("VERSION", $"version {h.Version} of the node link does not exist"),
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

            int version = Math.Min(((Hello)first!).Version, LinkConnection.Version);
            await connection.SendAsync(
                new Welcome(version, (int)timing.Heartbeat.TotalMilliseconds, (int)timing.Digest.TotalMilliseconds), deadline.Token);
            return (Hello)first;
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
        var pulse = new LinkPulse(connection, timing.Heartbeat, timing.Lost, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await LinkTasks.UntilFirstEnds([ReceiveAsync(handler, pulse, ending.Token), pulse.RunAsync(ending.Token)], ending);
        }
        finally
        {
            await _ended.CancelAsync();
        }
    }

    public async Task<SessionClaim> Claim(string session) =>
        ((SessionClaimed)await Ask(id => new ClaimSession(id, session))).Claim;

    public async Task<SessionApplied> Apply(string session, long epoch, long seq, bool mustExist, SessionDesired desired) =>
        ((SessionReply)await Ask(id => new ApplySession(id, session, epoch, seq, mustExist, desired))).Result;

    public async Task<SessionApplied> Close(string session, long epoch, long seq, string reason) =>
        ((SessionReply)await Ask(id => new CloseSession(id, session, epoch, seq, reason))).Result;

    public async Task<DataDelivery> SendData(string roomKey, bool reliable, byte[] packet) =>
        ((DataSent)await Ask(id => new SendData(id, roomKey, reliable, packet))).Delivery;

    public async Task<NodeInspection> Inspect() =>
        ((NodeInspected)await Ask(id => new InspectNode(id))).Inspection;

    /// <summary>Has the node tell of a room, or not any more. Not answered.</summary>
    /// <exception cref="LinkException">The link is cut.</exception>
    public Task ListenRoom(string room, bool on) => connection.SendAsync(new ListenRoom(room, on), _ended.Token);

    private async Task<LinkMessage> Ask(Func<long, LinkMessage> command)
    {
        long id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<LinkMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            await connection.SendAsync(command(id), _ended.Token);
            return await answer.Task.WaitAsync(timing.Command, time, _ended.Token);
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

    private async Task ReceiveAsync(IControlLinkHandler handler, LinkPulse pulse, CancellationToken cancellation)
    {
        while (await connection.ReceiveAsync(cancellation) is { } message)
        {
            pulse.Heard();
            switch (message)
            {
                case SessionClaimed m: Answer(m.Id, m); break;
                case SessionReply m: Answer(m.Id, m); break;
                case DataSent m: Answer(m.Id, m); break;
                case NodeInspected m: Answer(m.Id, m); break;
                case SessionChanged m: await handler.OnReport(m.Report); break;
                case Digest m: await handler.OnDigest(m); break;
                case LoadReport m: await handler.OnLoad(m); break;
                case RoomLevels m: await handler.OnLevels(m); break;
                case RoomConnections m: await handler.OnConnections(m); break;
                default: break; // heartbeats, and what a newer node may say
            }
        }
    }

    private void Answer(long id, LinkMessage message)
    {
        if (_waiting.TryRemove(id, out TaskCompletionSource<LinkMessage>? waiting))
        {
            waiting.TrySetResult(message);
        }
    }

    private bool SecretMatches(string? given) =>
        CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(given ?? "")), SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
