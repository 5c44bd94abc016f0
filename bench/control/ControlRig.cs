using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;
using Nexus.Link;
using Nexus.Silo.Hosting;
using Nexus.Silo.Settings;
using Nexus.TestKit.Net;
using Nexus.TestKit.Nodes;

namespace Nexus.Bench.Control;

/// <summary>
/// A silo as <c>./nexus up --roles silo</c> runs it, with a gateway where one is wanted, and a node without media that is linked to it over
/// TCP, in this process.
/// </summary>
internal sealed class ControlRig : IAsyncDisposable
{
    private const string Tenant = "bench";
    private const string Offer = "audio,video";
    private const int DigestEntries = 500; // of one message, as NodeReporter's

    private readonly WebApplication _silo;
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeNode _node = new("ND_bench", "local");
    private readonly TenantRules _rules = new() { DefaultPolicy = new RoomPolicy { EmptyTimeoutSeconds = 600, GraceSeconds = 30 } };
    private Task _linked = Task.CompletedTask;
    private Task _reporting = Task.CompletedTask;
    private int _sessions;

    private ControlRig(NexusOptions options) => _silo = NexusHost.Build(options, builder =>
    {
        builder.Services.AddSingleton<CallMeter>();
        builder.Services.AddSingleton<IIncomingGrainCallFilter>(s => s.GetRequiredService<CallMeter>());
    });

    /// <summary>Where the gateway listens.</summary>
    public string Http { get; private init; } = "";

    public CallMeter Calls => _silo.Services.GetRequiredService<CallMeter>();

    public static async Task<ControlRig> StartAsync(bool gateway = false)
    {
        var (control, http) = ($"127.0.0.1:{FreePort.Tcp()}", $"127.0.0.1:{FreePort.Tcp()}");
        var rig = new ControlRig(SettingsReader.Read(
            [
                "--roles", gateway ? "silo,gateway" : "silo", "--http", http, "--control-listen", control, "--log-level", "none",
                "--sockets-per-address", "100000",
            ],
            new Dictionary<string, string>())) { Http = http };
        await rig._silo.StartNexusAsync();
        await rig.LinkAsync(LinkEndpoint.Parse(control));
        return rig;
    }

    /// <summary>Joins by an offer, connects, and is active.</summary>
    public async Task JoinAsync(string room, string identity)
    {
        var session = $"SE_{Interlocked.Increment(ref _sessions)}";
        var joined = await Participant(room, identity).Join(new JoinRequest
        {
            Session = session,
            Leg = SessionLeg.Publish,
            Name = identity,
            Grants = new Grants(),
            Region = "local",
            Offer = new SdpOffer(1, Offer),
            Tenant = _rules,
        });
        if (joined.Error is { } error)
        {
            throw new InvalidOperationException($"{identity} was not let into {room}: {error.Code} {error.Message}");
        }

        _node.SetState(session, SessionState.Connected);
    }

    /// <summary>Waits until the room's roster has them all active.</summary>
    public async Task SettledAsync(string room, int people)
    {
        while (true)
        {
            var view = await Room(room).Describe();
            if (view?.Participants.Count(p => p.State == ParticipantState.Active) == people)
            {
                return;
            }

            await Task.Delay(20 + (people / 20)); // such a read is not free itself
        }
    }

    /// <summary>Octets on the managed heap that are in use.</summary>
    public static long Settled()
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_linked, _reporting);
        await _silo.StopAsync();
        await _silo.DisposeAsync();
        _stop.Dispose();
    }

    private async Task LinkAsync(LinkEndpoint control)
    {
        var dialer = new NodeLinkDialer(
            control.ConnectAsync,
            new NodeLinkOptions { NodeId = _node.Id, BootId = _node.BootId, Region = _node.Region, Secret = "development" },
            _node,
            new LinkTiming(),
            TimeProvider.System);
        _linked = dialer.RunAsync(_stop.Token);
        _reporting = ReportAsync();
        var plane = new ControlPlane(new LoneRegion("local", _silo.Services.GetRequiredService<IGrainFactory>), TimeProvider.System);
        while ((await plane.Nodes(plane.Region)).All(n => n.State != NodeState.Ready))
        {
            await Task.Delay(20);
        }
    }

    /// <summary>What a node says without being asked: its load every second, its sessions every five.</summary>
    private async Task ReportAsync()
    {
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
        for (var i = 0; !_stop.IsCancellationRequested; i++)
        {
            _node.Tell(new LoadReport(0.1, _sessions, 2 * _sessions, 0));
            var parts = i % 5 == 0 ? _node.Digest().Chunk(DigestEntries).ToList() : [];
            for (var part = 0; part < parts.Count; part++)
            {
                _node.Tell(new Digest(_node.BootId, [.. parts[part]], part == parts.Count - 1));
            }

            try
            {
                await second.WaitForNextTickAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private IRoomGrain Room(string room) => _silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IRoomGrain>(Keys.Room(Keys.AnyZone, Tenant, room));

    private IParticipantGrain Participant(string room, string identity) =>
        _silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IParticipantGrain>(Keys.Participant(Keys.Room(Keys.AnyZone, Tenant, room), identity));
}
