using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Grains.Gateways;

/// <summary>
/// The gateways of the cluster as this silo has heard of them. A gateway says at one silo, by chance, that it is there; that one tells the
/// others. So its clients cost nothing while nothing happens; when it is gone, each silo tells those of its participants whom that
/// concerns. Who lost its memory finds its gateway by this list too. Thread-safe.
/// </summary>
public sealed class GatewayList : IDisposable
{
    /// <summary>Sessions that are asked for in one message.</summary>
    private const int MostSought = 500;

    /// <summary>A timer that is later than this tells of a process that stood still.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly GatewayBook<IGatewayObserver> _book = new();
    private readonly TimeProvider _time;
    private readonly IGrainFactory _grains;
    private readonly ILocalSiloDetails _here;
    private readonly IClusterMembershipService _members;
    private readonly GatewayNewsClient _others;
    private readonly ITimer _timer;
    private DateTimeOffset? _due;

    public GatewayList(
        [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time, IGrainFactory grains, ILocalSiloDetails here, IClusterMembershipService members, GatewayNewsClient others)
    {
        (_time, _grains, _here, _members, _others) = (time, grains, here, members, others);
        _timer = time.CreateTimer(_ => EndLeases(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>From a gateway: it is there. Waits for nobody.</summary>
    public void Renew(SessionHolder gateway)
    {
        Hear(gateway);
        foreach (SiloAddress silo in Others)
        {
            _others.Of(silo).Renew(gateway).Ignore();
        }
    }

    /// <summary>From a gateway: it stops. Waits for nobody.</summary>
    public void Leave(string gateway)
    {
        Lose(gateway);
        foreach (SiloAddress silo in Others)
        {
            _others.Of(silo).Leave(gateway).Ignore();
        }
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>By way of another silo, or at this one.</summary>
    internal void Hear(SessionHolder gateway)
    {
        ImmutableArray<string> sought;
        lock (_gate)
        {
            _book.Hear(gateway.Gateway, gateway.Observer, _time.GetUtcNow(), gateway.Lease);
            sought = _book.Sought;
            KeepTime();
        }

        Ask(gateway.Observer, sought);
    }

    internal void Lose(string gateway)
    {
        lock (_gate)
        {
            Tell(gateway, _book.Remove(gateway));
        }
    }

    /// <summary>A participant that is active on this silo: by whom its sessions are held from now on, and which of them have nobody.</summary>
    internal void Note(string participant, IEnumerable<SessionHolder> holders, ImmutableArray<string> sought)
    {
        lock (_gate)
        {
            ImmutableArray<SessionHolder> all = [.. holders];
            foreach (SessionHolder holder in all)
            {
                _book.Meet(holder.Gateway, holder.Observer, _time.GetUtcNow(), holder.Lease); // for as long as it asks for, from its first client on
            }

            _book.Note(participant, all.Select(h => (h.Gateway, h.Observer)), sought, _time.GetUtcNow());
            KeepTime();
        }
    }

    /// <summary>Whether that gateway is there, as far as is known here.</summary>
    internal bool Knows(string gateway)
    {
        lock (_gate)
        {
            return _book.Knows(gateway);
        }
    }

    /// <summary>A gateway that says something: one that was not heard of yet is taken to be there.</summary>
    internal void Meet(SessionHolder gateway)
    {
        lock (_gate)
        {
            _book.Meet(gateway.Gateway, gateway.Observer, _time.GetUtcNow(), gateway.Lease);
            KeepTime();
        }
    }

    /// <summary>A room on this silo has lost its memory: who watches it is to say so again.</summary>
    internal void TellWoke(string roomKey)
    {
        foreach (IGatewayObserver gateway in All())
        {
            gateway.OnRoomWoke(roomKey).Ignore();
        }
    }

    /// <summary>Asks all gateways at once which of them has the session, instead of when each is heard of next.</summary>
    internal void Seek(string session)
    {
        foreach (IGatewayObserver gateway in All())
        {
            Ask(gateway, [session]);
        }
    }

    private ImmutableArray<IGatewayObserver> All()
    {
        lock (_gate)
        {
            return [.. _book.All];
        }
    }

    private IEnumerable<SiloAddress> Others => _members.OthersThan(_here);

    private static void Ask(IGatewayObserver gateway, ImmutableArray<string> sought)
    {
        foreach (string[] part in sought.Chunk(MostSought))
        {
            gateway.OnSought([.. part]).Ignore();
        }
    }

    private void Tell(string gateway, ImmutableArray<string> participants)
    {
        foreach (string participant in participants)
        {
            _grains.GetGrain<IParticipantGrain>(participant).OnGatewayLost(gateway).Ignore();
        }
    }

    private void EndLeases()
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            if (now - _due is { } late && late > Late)
            {
                _book.Extend(late);
            }

            foreach ((string gateway, ImmutableArray<string> participants) in _book.Expire(now))
            {
                Tell(gateway, participants);
            }

            _due = null;
            KeepTime();
        }
    }

    /// <summary>The timer is for the end of a lease as it was when the timer was set: renewals do not move it.</summary>
    private void KeepTime()
    {
        if (_due is null)
        {
            _due = _book.NextEnd;
            TimeSpan wait = _due - _time.GetUtcNow() ?? Timeout.InfiniteTimeSpan;
            _timer.Change(wait < TimeSpan.Zero && _due is not null ? TimeSpan.Zero : wait, Timeout.InfiniteTimeSpan);
        }
    }
}
