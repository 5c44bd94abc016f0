using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Link;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Loop;
using Nexus.Silo.Control;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>The media role.</summary>
internal static class MediaHosting
{
    public static void AddMediaNodes(this IServiceCollection services, NexusOptions options)
    {
        for (int i = 0; i < options.Regions.Length; i++)
        {
            int index = i;
            services.AddSingleton(s => new MediaNodeService(options, index, s.GetService<NodeLinkHost>(), s.GetRequiredService<ILoggerFactory>()));
        }

        // one registration each: a factory is asked once for each of them
        for (int i = 0; i < options.Regions.Length; i++)
        {
            int index = i;
            services.AddSingleton<IHostedService>(s => s.GetServices<MediaNodeService>().ElementAt(index));
            services.AddSingleton<IReadiness>(s => s.GetServices<MediaNodeService>().ElementAt(index));
        }
    }
}

/// <summary>One media node of this process, and the dialer that keeps it linked.</summary>
internal sealed partial class MediaNodeService : IHostedLifecycleService, IReadiness, IAsyncDisposable
{
    /// <summary>A control side that stays away is news once a minute.</summary>
    private static readonly TimeSpan SayAgain = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan AttachWithin = TimeSpan.FromSeconds(20);

    private readonly NexusOptions _options;
    private readonly NodeLinkHost? _links;
    private readonly ILoggerFactory _logs;
    private readonly ILogger _log;
    private NodeOptions _node;
    private readonly CancellationTokenSource _stopping = new();
    private NodeAgent? _agent;
    private Task _dialing = Task.CompletedTask;
    private Task _serving = Task.CompletedTask;
    private volatile bool _linked;
    private (string Reason, long At) _said;

    /// <param name="index">Which of the process's regions it serves: its ports start 10 higher for each.</param>
    /// <param name="links">The control side, when it is in this process; otherwise it is dialled.</param>
    public MediaNodeService(NexusOptions options, int index, NodeLinkHost? links, ILoggerFactory logs)
    {
        (_options, _links, _logs, _log) = (options, links, logs, logs.CreateLogger<MediaNodeService>());
        int port = options.MediaPort + (10 * index);
        _node = new NodeOptions
        {
            NodeId = options.NodeId ?? Ids.Node($"{Environment.MachineName} {string.Join(',', options.MediaIp)} {port}"),
            Region = options.Regions[index],
            Loops = new LoopOptions { Port = port, Loops = options.Loops },
        };
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Returns when the node is attached, where its control side is this process; elsewhere it may yet have to wait for it.</summary>
    /// <exception cref="SettingsException">A port is taken, an address is not this machine's or cannot be found out.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        MediaAddresses addresses = await MediaAddresses.FindAsync(_options, cancellationToken);
        _node = _node with { PublicAddresses = addresses.Told, Loops = _node.Loops with { Bind = addresses.Bind } };
        _agent = Open();
        var dialer = new NodeLinkDialer(
            Dial,
            new NodeLinkOptions { NodeId = _node.NodeId, BootId = _agent.BootId, Region = _node.Region, Secret = _options.EffectiveLinkSecret, Loops = _options.Loops },
            _agent,
            new LinkTiming(),
            TimeProvider.System);
        dialer.Linked += peer =>
        {
            _linked = true;
            _said = default;
            LogLinked(_links is null ? LogLevel.Information : LogLevel.Debug, _node.NodeId, peer); // within a process, the control side says it
        };
        dialer.Refused += what => LogTooLong(_node.NodeId, what);
        dialer.Unlinked += reason =>
        {
            _linked = false;
            if (!_stopping.IsCancellationRequested && (reason != _said.Reason || Stopwatch.GetElapsedTime(_said.At) > SayAgain))
            {
                _said = (reason, Stopwatch.GetTimestamp());
                LogUnlinked(_node.NodeId, reason);
            }
        };
        Task attached = _links?.WhenAttached(_node.NodeId) ?? Task.CompletedTask;
        _agent.Start();
        _dialing = Task.Run(() => dialer.RunAsync(_stopping.Token), CancellationToken.None);
        try
        {
            await attached.WaitAsync(AttachWithin, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new SettingsException($"media node {_node.NodeId} could not be attached within {AttachWithin.TotalSeconds:F0} s: the log says why");
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Tells every client that it is over, before anything of the process ends.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => _agent?.CloseSessionsAsync() ?? Task.CompletedTask;

    /// <summary>Lets go of the link, then of the sockets.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _dialing.WaitAsync(cancellationToken);
        await _serving.WaitAsync(cancellationToken); // so that the node's grain knows before the silo stops
        await (_agent?.DisposeAsync() ?? default);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Without a link nobody can be sent here.</summary>
    public ValueTask<Problem?> Check() => new(_linked ? null : new Problem(ReasonCodes.LinkDown, $"Media node {_node.NodeId} has no link to its control side."));

    public async ValueTask DisposeAsync()
    {
        await (_agent?.DisposeAsync() ?? default);
        _stopping.Dispose();
    }

    private NodeAgent Open()
    {
        try
        {
            return new NodeAgent(_node, _logs);
        }
        catch (DllNotFoundException e)
        {
            throw new SettingsException(e.Message);
        }
        catch (SocketException e)
        {
            throw new SettingsException(
                $"media sockets cannot bind to {new IPEndPoint(_node.Loops.Bind, _node.Loops.Port)} and the {_options.Loops - 1} ports after it: {e.Message}: choose another media-port or media-bind");
        }
    }

    /// <summary>Dials the control side: over the network, or in process when it is this one.</summary>
    private async Task<LinkConnection> Dial(CancellationToken cancellation)
    {
        if (_links is null)
        {
            return await _options.Control!.ConnectAsync(cancellation);
        }

        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        _serving = _links.ServeAsync(control, CancellationToken.None); // ends with the node's end
        return node;
    }

    [LoggerMessage(EventId = 1101, Message = "media node {Node} is linked to {Peer}")]
    private partial void LogLinked(LogLevel level, string node, string peer);

    [LoggerMessage(1103, LogLevel.Warning, "media node {Node} did not tell something that is too long: {Reason}")]
    private partial void LogTooLong(string node, string reason);

    [LoggerMessage(1102, LogLevel.Warning, "media node {Node} is not linked: {Reason}")]
    private partial void LogUnlinked(string node, string reason);
}
