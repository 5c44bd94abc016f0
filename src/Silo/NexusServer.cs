using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Core;
using Nexus.Gateway;
using Nexus.Gateway.Adapters.LiveKit.Webhooks;
using Nexus.Gateway.Health;
using Nexus.Grains;
using Nexus.Grains.Placement;
using Nexus.Link;
using Nexus.Silo.Control;
using Nexus.Silo.Engine;
using Nexus.Silo.Settings;

namespace Nexus.Silo;

/// <summary>Everything that one process serves, by its roles. Started once, stopped once.</summary>
public sealed class NexusServer(NexusOptions options, ILoggerFactory logs) : IAsyncDisposable
{
    private static readonly TimeSpan AttachWithin = TimeSpan.FromSeconds(20);

    /// <summary>Media nodes dial again within seconds, and tell what they have.</summary>
    private static readonly TimeSpan Rebuilding = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<MediaRole> _media = [];
    private readonly ILogger _log = logs.CreateLogger<NexusServer>();
    private IGrainEngine? _engine;
    private WebhookDispatcher? _webhooks;
    private NodeLinkHost? _links;
    private Socket? _listener;
    private WebApplication? _web;
    private bool _stopped;

    /// <summary>Where clients reach it; for a pure media node, where its media is.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Ends with an error when a part fails that the process cannot go on without.</summary>
    public Task Failed => _failed.Task;

    /// <summary>The grains of this process, for tests that compare.</summary>
    public IGrainFactory Grains => _engine?.Client ?? throw new InvalidOperationException("this process has no control role");

    /// <exception cref="SettingsException">An address or port cannot be had.</exception>
    public async Task StartAsync()
    {
        if (options.Roles.HasFlag(Roles.Control))
        {
            await StartControlAsync();
        }

        if (options.Roles.HasFlag(Roles.Media))
        {
            await StartMediaAsync();
        }

        Address = $"udp://{options.MediaIp}:{options.MediaPort}";
        if (options.Roles.HasFlag(Roles.Gateway))
        {
            await StartGatewayAsync();
        }
    }

    /// <summary>No new sessions, everyone told, everything closed.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        _web?.Services.GetRequiredService<GatewayState>().BeginDrain();
        await Task.WhenAll(_media.Select(m => m.DisposeAsync().AsTask()));
        if (_web is not null)
        {
            await _web.StopAsync();
        }

        await _stopping.CancelAsync();
        _listener?.Dispose();
        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }

        if (_webhooks is not null)
        {
            await _webhooks.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_web is not null)
        {
            await _web.DisposeAsync();
        }

        _stopping.Dispose();
    }

    private async Task StartControlAsync()
    {
        var zones = new ZoneMap(options.EffectiveTenants
            .Where(t => t.Residency is not null)
            .GroupBy(t => t.Residency!.Zone)
            .ToDictionary(g => g.Key, g => (IReadOnlyCollection<string>)g.SelectMany(t => t.Residency!.Regions).ToHashSet()));
        _webhooks = new WebhookDispatcher(options.EffectiveTenants, new SocketsHttpHandler { AllowAutoRedirect = false }, TimeProvider.System, logs.CreateLogger<WebhookDispatcher>());
        _engine = await GrainEngine.StartAsync(
            new GrainEngineOptions
            {
                Regions = options.Regions,
                Storages = [StorageNames.Rooms],
                DataFolder = options.DataFolder,
                Redis = options.Redis,
                Address = options.Silo.Address,
                SiloPort = options.Silo.Port,
                ConfigureSilo = (_, silo) => silo.AddZonePlacement(zones).ConfigureServices(AddListeners),
            },
            logs);
        _links = new NodeLinkHost(_engine.Client, options.EffectiveLinkSecret, new LinkTiming(), TimeProvider.System, logs.CreateLogger<NodeLinkHost>());
        if (options.ControlListen is { } listen)
        {
            try
            {
                _listener = listen.Listen();
            }
            catch (SocketException e)
            {
                throw new SettingsException($"control-listen: {listen} cannot be bound: {e.Message}");
            }

            _ = _links.ListenAsync(_listener, _stopping.Token);
        }
    }

    /// <summary>Who hears of what happens in rooms.</summary>
    private void AddListeners(IServiceCollection services)
    {
        if (_webhooks is { HasReceivers: true })
        {
            services.AddSingleton<IRoomEvents>(_webhooks);
        }
    }

    private async Task StartMediaAsync()
    {
        for (int i = 0; i < options.Regions.Length; i++)
        {
            _media.Add(new MediaRole(options, i, Dial, logs.CreateLogger<MediaRole>()));
        }

        if (_links is null)
        {
            _media.ForEach(m => m.Start()); // they may have to wait for their control side
            return;
        }

        var attached = _media.ToDictionary(m => m.NodeId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _links.Attached += node => attached.GetValueOrDefault(node)?.TrySetResult();
        _media.ForEach(m => m.Start());
        try
        {
            await Task.WhenAll(attached.Values.Select(a => a.Task)).WaitAsync(AttachWithin);
        }
        catch (TimeoutException)
        {
            throw new SettingsException($"the media nodes of this process could not be attached within {AttachWithin.TotalSeconds:F0} s: the log says why");
        }
    }

    /// <summary>Dials the control side: over the network, or in process when it is this one.</summary>
    private async Task<LinkConnection> Dial(CancellationToken cancellation)
    {
        if (_links is null)
        {
            return await options.Control!.ConnectAsync(cancellation);
        }

        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        _ = _links.ServeAsync(control, _stopping.Token);
        return node;
    }

    private async Task StartGatewayAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseKestrel(k =>
        {
            k.Listen(options.Http);
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = 1024 * 1024;
            k.Limits.MaxRequestLineSize = 32 * 1024; // LiveKit clients put their join request there
        });
        builder.Services.AddSingleton<IGrainFactory>(_engine!.Client);
        builder.Services.AddNexusGateway(new GatewayOptions
        {
            Tenants = options.EffectiveTenants,
            Region = options.Regions[0],
            DevelopmentKey = options.IsDevelopment ? NexusOptions.Development.Keys[0].Key : null,
            IceServers = options.IceServers,
            SocketsPerAddress = options.SocketsPerAddress,
            Rebuilding = options.ControlListen is null ? TimeSpan.Zero : Rebuilding,
        });
        builder.Services.AddSingleton<IMetricsSource>(_webhooks!);
        _web = builder.Build();
        _web.MapNexusGateway();
        try
        {
            await _web.StartAsync();
        }
        catch (IOException e)
        {
            throw new SettingsException($"http: {options.Http} cannot be bound: {e.Message}");
        }

        Address = _web.Urls.First();
        _log.LogInformation("serving {Address}, engine {Engine}", Address, _engine.Name);
    }
}
