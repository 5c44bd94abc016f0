using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Link;
using Nexus.Silo.Control;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>One media node of this process, and the dialer that keeps it linked.</summary>
internal sealed partial class MediaNodeService : IHostedLifecycleService, IReadiness, IAsyncDisposable
{
    /// <summary>A control side that stays away is news once a minute.</summary>
    private static readonly TimeSpan SayAgain = TimeSpan.FromMinutes(1);

    /// <summary>Nobody moves rooms without it; within what an end may take that moves none.</summary>
    private static readonly TimeSpan ControlStaysAway = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan AttachWithin = TimeSpan.FromSeconds(20);

    private readonly NexusOptions _options;
    private readonly NodeLinkHost? _links;
    private readonly ControlList? _control;
    private readonly ILoggerFactory _logs;
    private readonly ILogger _log;
    private NodeOptions _node;
    private readonly CancellationTokenSource _stopping = new();
    private NodeAgent? _agent;
    private Task _dialing = Task.CompletedTask;
    private Task _serving = Task.CompletedTask;
    private readonly TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _linked;
    private volatile bool _draining;
    private volatile bool _leaving;
    private (string Reason, long At) _said;

    /// <param name="index">Which of the process's regions it serves: its ports start 10 higher for each.</param>
    /// <param name="links">The control side, when it is in this process; otherwise one of the silos is dialled.</param>
    public MediaNodeService(NexusOptions options, int index, NodeLinkHost? links, ILoggerFactory logs)
    {
        (_options, _links, _logs, _log) = (options, links, logs, logs.CreateLogger<MediaNodeService>());
        int port = options.MediaPort + (10 * index);
        _node = new NodeOptions
        {
            NodeId = options.NodeId ?? Ids.Node($"{Environment.MachineName} {string.Join(',', options.MediaIp)} {port}"),
            Region = options.Regions[index],
            Loops = new LoopOptions { Port = port, Loops = options.Loops, Limits = new(options.MaxReceiverBitrate, options.MaxVideos) },
        };
        _control = links is null ? new ControlList(options.Control, _node.NodeId) : null;
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
            _draining = false; // unless the new link says so
            _said = default;
            LogLinked(_links is null ? LogLevel.Information : LogLevel.Debug, _node.NodeId, peer); // within a process, the control side says it
        };
        _agent.DrainTold += TakeDrain;
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

    /// <summary>
    /// The process was told to end: nobody new comes, and the node's rooms go to others. Completes when nothing is left that could go, the
    /// control side is away for too long to say so, or after <paramref name="within"/>.
    /// </summary>
    public async Task DrainAsync(TimeSpan within, CancellationToken cancellation)
    {
        if (_agent is not { } agent)
        {
            return;
        }

        _leaving = true;
        agent.Leave();
        long unlinkedAt = Stopwatch.GetTimestamp();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(within);
        try
        {
            using var look = new PeriodicTimer(TimeSpan.FromSeconds(0.5));
            Task<bool> tick = look.WaitForNextTickAsync(deadline.Token).AsTask();
            while (await Task.WhenAny(_emptied.Task, tick) == tick && await tick)
            {
                unlinkedAt = _linked ? Stopwatch.GetTimestamp() : unlinkedAt;
                if (Stopwatch.GetElapsedTime(unlinkedAt) > ControlStaysAway)
                {
                    LogNobodyMoves(_node.NodeId);
                    return;
                }

                tick = look.WaitForNextTickAsync(deadline.Token).AsTask();
            }
        }
        catch (OperationCanceledException)
        {
            LogNotEmptied(_node.NodeId);
        }
    }

    /// <summary>Without a link nobody can be sent here, and while it is emptied nobody is to be.</summary>
    public ValueTask<Problem?> Check() => new(
        _leaving ? new Problem(ReasonCodes.ServerShutdown, $"Media node {_node.NodeId} is about to end: its rooms go to others.")
        : _draining ? new Problem("DRAINING", $"Media node {_node.NodeId} is drained by an operator: DELETE /api/v1/nodes/{_node.NodeId}/drain takes that back.")
        : _linked ? null : new Problem(ReasonCodes.LinkDown, $"Media node {_node.NodeId} has no link to its control side."));

    public async ValueTask DisposeAsync()
    {
        await (_agent?.DisposeAsync() ?? default);
        _stopping.Dispose();
    }

    private void TakeDrain(DrainNode drain)
    {
        _draining = drain.On;
        if (_leaving && drain.IsOver)
        {
            _emptied.TrySetResult();
        }
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
            return await _control!.ConnectAsync(cancellation);
        }

        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        _serving = _links.ServeAsync(control, CancellationToken.None); // ends with the node's end
        return node;
    }

    [LoggerMessage(EventId = 1101, Message = "media node {Node} is linked to {Peer}")]
    private partial void LogLinked(LogLevel level, string node, string peer);

    [LoggerMessage(1104, LogLevel.Warning, "media node {Node} ends with people on it: its control side is away, and nobody moves them")]
    private partial void LogNobodyMoves(string node);

    [LoggerMessage(1105, LogLevel.Warning, "media node {Node} ends with people on it: not all rooms went in time, or it was told to end at once")]
    private partial void LogNotEmptied(string node);

    [LoggerMessage(1103, LogLevel.Warning, "media node {Node} did not tell something that is too long: {Reason}")]
    private partial void LogTooLong(string node, string reason);

    [LoggerMessage(1102, LogLevel.Warning, "media node {Node} is not linked: {Reason}")]
    private partial void LogUnlinked(string node, string reason);
}
