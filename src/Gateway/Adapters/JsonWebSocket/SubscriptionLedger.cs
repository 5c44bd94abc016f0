using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>What a client was told of its subscriptions, so that it is told of changes only. Pure; one caller at a time.</summary>
internal sealed class SubscriptionLedger
{
    private readonly Dictionary<string, SubscriptionBody> _told = new(StringComparer.Ordinal);

    /// <summary>All of them, as they were told last.</summary>
    public ImmutableArray<SubscriptionBody> All => [.. _told.Values];

    /// <summary>What is to be told now. What neither flows nor is held nor refused yet is not told: it will change by itself.</summary>
    public ImmutableArray<SubscriptionBody> Update(ImmutableArray<SubscriptionDescription> actual)
    {
        var changes = ImmutableArray.CreateBuilder<SubscriptionBody>();
        foreach (SubscriptionBody known in _told.Values.Where(k => actual.All(a => a.TrackSid != k.TrackSid || a.Reason == ReasonCodes.TrackNotFound)).ToList())
        {
            _told.Remove(known.TrackSid);
            changes.Add(new(known.TrackSid, known.ParticipantSid, "ended") { Mid = known.Mid });
        }

        foreach (SubscriptionDescription subscription in actual)
        {
            if (Body(subscription) is { } body && _told.GetValueOrDefault(body.TrackSid) != body)
            {
                _told[body.TrackSid] = body;
                changes.Add(body);
            }
        }

        return changes.ToImmutable();
    }

    private static SubscriptionBody? Body(SubscriptionDescription s)
    {
        var body = new SubscriptionBody(s.TrackSid, s.ParticipantSid, "active") { Mid = s.Mid.Length == 0 ? null : s.Mid };
        return (s.State, s.Reason) switch
        {
            ("active", _) => body with { Layer = s.Layer is "low" or "middle" or "high" ? s.Layer : null },
            ("paused", ReasonCodes.NotAcked) => body with { State = "offered" },
            ("refused", ReasonCodes.TrackNotFound) => null,
            ("refused", ReasonCodes.Codec) => body with { State = "refused", Reason = ReasonCodes.Codec, Message = "No receiving section decodes the track's codec." },
            ("refused", { } reason) => body with { State = "refused", Reason = reason },
            (_, ReasonCodes.Muted) => body, // a mute is in the roster
            (_, ReasonCodes.NoIce or ReasonCodes.NoDtls or ReasonCodes.NoSection or null) => null,
            (_, { } reason) => body with { State = "paused", Reason = reason },
        };
    }
}
