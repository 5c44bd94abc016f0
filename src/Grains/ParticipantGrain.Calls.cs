using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Calls of apps that ring: each side keeps its own book, and tells the other one-way.</summary>
public sealed partial class ParticipantGrain
{
    private CallBook? _book;

    private CallBook Calls => _book ??= new CallBook(Identity);

    public Task<ActResult> PlaceCall(CallView call) => Task.FromResult(Enter(call));

    public async Task<ActResult> Ring(CallView call)
    {
        if (!_legs.All.Any(l => l.Holder is not null))
        {
            return ActResult.Refused(ReasonCodes.ParticipantNotFound, $"'{Identity}' is not in the room");
        }

        ActResult entered = Enter(call);
        if (entered.Error is null)
        {
            await TellClients(call);
        }

        return entered;
    }

    public async Task<ActResult> ActOnCall(string callId, CallAction action, string? reason)
    {
        (CallView? call, LinkError? error) = Calls.Act(callId, action, reason);
        if (call is not null)
        {
            await TellClients(call);
            await Other(call).OnCall(call);
        }

        return new ActResult(error);
    }

    public async Task OnCall(CallView call)
    {
        if (Calls.Take(call) is { } news)
        {
            await TellClients(news);
        }
    }

    private ActResult Enter(CallView call)
    {
        LinkError? error = Calls.Add(call);
        KeepTime();
        return new ActResult(error);
    }

    private async Task ExpireCalls()
    {
        foreach (CallView call in Calls.Expire(time.GetUtcNow()))
        {
            await TellClients(call);
            await Other(call).OnCall(call);
        }
    }

    /// <summary>Who leaves ends his calls.</summary>
    private async Task HangUp(string reason)
    {
        if (!_legs.All.Any(l => l.Desired.Leg == SessionLeg.Duplex))
        {
            foreach (CallView call in Calls.Live)
            {
                CallView over = call with { State = call.From == Identity ? CallState.Cancelled : CallState.Rejected, Reason = reason };
                Calls.Take(over);
                await Other(call).OnCall(over);
            }
        }
    }

    private async Task TellClients(CallView call)
    {
        foreach (Leg leg in _legs.All)
        {
            if (leg.Holder is { } holder)
            {
                await holder.Observer.OnSession(new SessionNews { Session = leg.Session, Call = call });
            }
        }
    }

    private IParticipantGrain Other(CallView call) => GrainFactory.GetGrain<IParticipantGrain>(Keys.Participant(RoomKey, Calls.Other(call)));
}
