using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>Commands whose replies have a place among the news. Each gives null, or why it was refused.</summary>
internal sealed partial class ConnectedSession
{
    /// <summary>A further offer of the client's.</summary>
    /// <param name="reply">Queues the answer.</param>
    public async Task<LinkError?> Offer(int id, string sdp, ImmutableArray<Publication> publications, Action<SdpAnswer, SessionView> reply)
    {
        SessionResult result = await Main.Negotiate(id, sdp, publications);
        if (result is not { Error: null, Answer: { } answer, Session: { } view })
        {
            return result.Error ?? new(ReasonCodes.NodeTimeout, "The media node gave no answer: send the offer again.");
        }

        lock (_gate)
        {
            reply(answer, view);
            Answered = Math.Max(Answered, answer.OfferId);
            Tell(view, isPlayers: false);
            Replay();
        }

        return null;
    }

    /// <summary>The client's answer to the node's offer of what it plays. What has changed since is in the next one.</summary>
    public async Task<LinkError?> Answer(int offerId, string sdp) => Told(await Player.Answer(offerId, sdp), () => { });

    /// <summary>Other wishes of what it plays.</summary>
    public async Task<LinkError?> Subscribe(ImmutableArray<SubscriptionChange> changes, Action reply) => Told(await Player.Subscribe(changes), reply);

    /// <summary>Calls someone. What the called one does is told after the reply.</summary>
    public async Task<LinkError?> Invite(CallView call, Action reply)
    {
        lock (_gate)
        {
            _heldCall = call.CallId;
        }

        LinkError? error = new(ReasonCodes.Internal, "The call was not placed.");
        try
        {
            error = (await Main.Invite(call)).Error;
        }
        finally
        {
            lock (_gate)
            {
                _heldCall = null;
                if (error is null)
                {
                    reply();
                }
                else
                {
                    _early.RemoveAll(n => n.Call?.CallId == call.CallId);
                }

                Replay();
            }
        }

        return error;
    }

    /// <summary>The client leaves; that it has left is said by the reply alone.</summary>
    public async Task Leave(Action reply)
    {
        lock (_gate)
        {
            _isLeaving = true;
        }

        await Main.Leave();
        _isHeld = false;
        End(reply);
    }

    private LinkError? Told(SessionResult result, Action reply)
    {
        if (result.Session is not { } view)
        {
            return result.Error;
        }

        lock (_gate)
        {
            reply();
            Tell(view, isPlayers: Player.Id != Main.Id);
        }

        return null;
    }
}
