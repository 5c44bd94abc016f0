using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Link.Metering;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Link;

/// <summary>
/// A running media node: its loops and handshakes on their threads, and the thread that drives <see cref="NodeCore"/> for whatever
/// link comes and goes. Media flows on while there is no link. It measures itself by the meter <see cref="NodeMeter.Name"/>.
/// </summary>
/// <remarks>A host ends it in two steps: <see cref="CloseSessionsAsync"/> while the rest of the house still stands, then <see cref="DisposeAsync"/>.</remarks>
public sealed class NodeAgent : INodeLinkHandler, IAsyncDisposable
{
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestAfterFault = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<Action<Instant>> _mailbox = new();
    private readonly WakeSignal _wake = new();
    private readonly Faults _faults = new();
    private readonly NodeOptions _options;
    private readonly ILogger _log;
    private readonly NodeMeter _meter;
    private readonly OpenSslDtlsEngine _engine;
    private readonly LoopGroup _loops;
    private readonly NodeCore _core;
    private readonly Thread _thread;
    private readonly Lazy<Task> _closing;
    private Action<LinkMessage>? _send;
    private volatile bool _stopping;
    private int _disposed;

    /// <param name="loggers">Where it speaks; nowhere when null.</param>
    /// <exception cref="System.Net.Sockets.SocketException">A media port is taken or the address is not this machine's.</exception>
    /// <exception cref="DllNotFoundException">No OpenSSL 3; the message says what to install.</exception>
    public NodeAgent(NodeOptions options, ILoggerFactory? loggers = null)
    {
        _options = options;
        _log = (loggers ?? NullLoggerFactory.Instance).CreateLogger<NodeAgent>();
        var certificate = DtlsCertificate.Create(DateTimeOffset.UtcNow);
        _engine = new OpenSslDtlsEngine(certificate);
        try
        {
            _loops = new LoopGroup(options.Loops, _engine, _faults);
        }
        catch
        {
            _engine.Dispose();
            throw;
        }

        _meter = new NodeMeter(options.NodeId);
        _core = new NodeCore(
            options, _loops.Loops, certificate.Fingerprint, _loops.TakeLoad, new NodeDiagnostics(_faults, _log, _meter), message => _send?.Invoke(message))
        {
            DrainTold = drain => DrainTold?.Invoke(drain),
        };
        _meter.Observe(new NodeSources(_loops.Loops, _loops.Handshakes, _loops.LoadOf, _core, _faults));
        _faults.Waiting = _wake.Set;
        foreach (var loop in _loops.Loops)
        {
            loop.EventsWaiting = _wake.Set;
        }

        _thread = new Thread(Run) { Name = "node control", IsBackground = true };
        _closing = new Lazy<Task>(CloseAllAsync);
    }

    /// <summary>New with each start of the process.</summary>
    public string BootId => _core.BootId;

    /// <summary>The control side says whether the node is being emptied; on the node's thread, whenever it is linked and whenever that changes.</summary>
    public event Action<DrainNode>? DrainTold;

    /// <summary>Counters may be read from any thread.</summary>
    public IReadOnlyList<ForwardingLoop> Loops => _loops.Loops;

    public void Start()
    {
        _loops.Start();
        _thread.Start();
        _log.NodeStarted(_options.NodeId, string.Join(", ", Loops.Select(l => l.LocalEndPoint)), string.Join(", ", _options.PublicAddresses));
    }

    public void OnLinked(Action<LinkMessage> send) => Post(now =>
    {
        _send = send;
        _core.HandleLinkUp(now);
    });

    public void OnMessage(LinkMessage message) => Post(now => _core.Handle(now, message));

    /// <summary>The process was told to end: the control side is told, and moves the node's rooms. The node goes on meanwhile.</summary>
    public void Leave() => Post(_ => _core.Leave());

    public void OnUnlinked() => Post(_ => _send = null);

    /// <summary>
    /// Ends all sessions and tells their clients by close_notify; from then on sessions are refused by name. The node goes on
    /// otherwise, and says so to its control side. At most a second; the second call waits for the first.
    /// </summary>
    public Task CloseSessionsAsync() => _closing.Value;

    /// <summary>Closes the sessions if that was not done, then ends the threads. Whoever posts later is not heard.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await CloseSessionsAsync();
        _stopping = true;
        _wake.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _meter.Dispose();
        _loops.Dispose();
        _engine.Dispose();
        _log.NodeStopped(_options.NodeId);
    }

    private async Task CloseAllAsync()
    {
        if (!_thread.IsAlive)
        {
            return;
        }

        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(now => _core.CloseAll(now, () => told.TrySetResult()));
        if (await Task.WhenAny(told.Task, Task.Delay(CloseLimit)) != told.Task)
        {
            _log.NodeNotTold(_options.NodeId, CloseLimit);
        }
    }

    /// <summary>Any thread, at any time.</summary>
    private void Post(Action<Instant> action)
    {
        if (!_stopping)
        {
            _mailbox.Enqueue(action);
            _wake.Set();
        }
    }

    private void Run()
    {
        while (!_stopping)
        {
            if (!_faults.Try(FaultPlace.Control, null, this, static node => node.RunOnce()))
            {
                Thread.Sleep(RestAfterFault);
            }

            var left = (_core.NextTimeout - MonotonicClock.Now).TotalMilliseconds;
            _wake.Wait((int)Math.Clamp(Math.Ceiling(left), 0, 1000));
        }
    }

    private void RunOnce()
    {
        var now = MonotonicClock.Now;
        while (_mailbox.TryDequeue(out var action))
        {
            action(now);
        }

        _core.HandleEvents(now);
        if (now >= _core.NextTimeout)
        {
            _core.HandleTimeout(now);
        }
    }
}
