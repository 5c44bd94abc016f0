using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>One participant's calls, on either side. States only move forward; what is over is remembered for a while. Pure.</summary>
public sealed class CallBook(string identity)
{
    public const int MostAtOnce = 8;

    /// <summary>The called side says when a call has timed out; the caller waits this much longer for its word.</summary>
    private static readonly TimeSpan CallerWaits = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, CallView> _calls = new(StringComparer.Ordinal);

    public bool IsEmpty => _calls.Count == 0;

    public ImmutableArray<CallView> Live => [.. _calls.Values.Where(c => !c.IsOver)];

    /// <summary>The other one's identity.</summary>
    public string Other(CallView call) => call.From == identity ? call.To : call.From;

    /// <summary>A new call. RATE_LIMITED when there are too many at once.</summary>
    public LinkError? Add(CallView call)
    {
        if (Live.Length >= MostAtOnce && !_calls.ContainsKey(call.CallId))
        {
            return new LinkError(ReasonCodes.RateLimited, $"'{identity}' has {MostAtOnce} calls at once: end one first");
        }

        _calls.TryAdd(call.CallId, call);
        return null;
    }

    /// <summary>What this side does; the call as it is then, or why it cannot be.</summary>
    public (CallView? Call, LinkError? Error) Act(string callId, CallAction action, string? reason)
    {
        if (!_calls.TryGetValue(callId, out CallView? call))
        {
            return (null, new LinkError(ReasonCodes.CallNotFound, "there is no such call"));
        }

        if ((action == CallAction.Cancel) != (call.From == identity))
        {
            return (null, new LinkError(ReasonCodes.Permission, "the caller cancels; the one who is called rings, accepts and rejects"));
        }

        CallView next = call with
        {
            Reason = reason,
            State = action switch
            {
                CallAction.Ringing => CallState.Ringing,
                CallAction.Accept => CallState.Accepted,
                CallAction.Reject => CallState.Rejected,
                _ => CallState.Cancelled,
            },
        };
        return call.IsOver || next.State < call.State
            ? (null, new LinkError(ReasonCodes.CallEnded, $"the call is {call.State} already"))
            : (_calls[callId] = next, null);
    }

    /// <summary>The other side's word. Null when it is news to nobody.</summary>
    public CallView? Take(CallView call)
    {
        if (!_calls.TryGetValue(call.CallId, out CallView? known) || known.IsOver || call.State <= known.State)
        {
            return null;
        }

        return _calls[call.CallId] = call;
    }

    public void Forget(string callId) => _calls.Remove(callId);

    /// <summary>Calls whose time is over now; forgets those that have been over for long.</summary>
    public ImmutableArray<CallView> Expire(DateTimeOffset now)
    {
        foreach (CallView old in _calls.Values.Where(c => c.IsOver && c.ExpiresAt + Remembered < now).ToList())
        {
            _calls.Remove(old.CallId);
        }

        ImmutableArray<CallView> expired =
        [
            .. Live.Where(c => c.ExpiresAt + (c.From == identity ? CallerWaits : TimeSpan.Zero) <= now).Select(c => c with { State = CallState.TimedOut }),
        ];
        foreach (CallView call in expired)
        {
            _calls[call.CallId] = call;
        }

        return expired;
    }
}
