using System.Collections.Concurrent;
using Nexus.Link;
using Nexus.MediaNode.Loop;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Link;

/// <summary>
/// A running media node: its loops and handshakes on their threads, and the thread that drives <see cref="NodeCore"/> for whatever
/// link comes and goes. Media flows on while there is no link.
/// </summary>
public sealed class NodeAgent : INodeLinkHandler, IAsyncDisposable
{
    private readonly ConcurrentQueue<Action<Instant>> _mailbox = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly OpenSslDtlsEngine _engine;
    private readonly LoopGroup _loops;
    private readonly NodeCore _core;
    private readonly Thread _thread;
    private Action<LinkMessage>? _send;
    private volatile bool _stopping;

    /// <exception cref="System.Net.Sockets.SocketException">A media port is taken or the address is not this machine's.</exception>
    /// <exception cref="DllNotFoundException">No OpenSSL 3; the message says what to install.</exception>
    public NodeAgent(NodeOptions options)
    {
        var certificate = DtlsCertificate.Create(DateTimeOffset.UtcNow);
        _engine = new OpenSslDtlsEngine(certificate);
        try
        {
            _loops = new LoopGroup(options.Loops, _engine);
        }
        catch
        {
            _engine.Dispose();
            throw;
        }

        _core = new NodeCore(options, _loops.Loops, certificate.Fingerprint, _loops.TakeLoad, message => _send?.Invoke(message));
        foreach (var loop in _loops.Loops)
        {
            loop.EventsWaiting = () => _wake.Set();
        }

        _thread = new Thread(Run) { Name = "node control", IsBackground = true };
    }

    /// <summary>New with each start of the process.</summary>
    public string BootId => _core.BootId;

    /// <summary>For metrics: counters may be read from any thread.</summary>
    public IReadOnlyList<ForwardingLoop> Loops => _loops.Loops;

    public void Start()
    {
        _loops.Start();
        _thread.Start();
    }

    public void OnLinked(Action<LinkMessage> send) => Post(now =>
    {
        _send = send;
        _core.HandleLinkUp(now);
    });

    public void OnMessage(LinkMessage message) => Post(now => _core.Handle(now, message));

    public void OnUnlinked() => Post(_ => _send = null);

    /// <summary>Tells all clients by close_notify. At most a second.</summary>
    public async Task CloseAllAsync()
    {
        if (_thread.IsAlive && !_stopping)
        {
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Post(now => _core.CloseAll(now, () => told.TrySetResult()));
            await Task.WhenAny(told.Task, Task.Delay(TimeSpan.FromSeconds(1)));
        }
    }

    /// <summary>Tells all clients by close_notify, then ends the threads. At most a second.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping)
        {
            return;
        }

        await CloseAllAsync();
        _stopping = true;
        _wake.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _loops.Dispose();
        _engine.Dispose();
        _wake.Dispose();
    }

    private void Post(Action<Instant> action)
    {
        _mailbox.Enqueue(action);
        _wake.Set();
    }

    private void Run()
    {
        while (!_stopping)
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

            var left = (_core.NextTimeout - MonotonicClock.Now).TotalMilliseconds;
            _wake.WaitOne((int)Math.Clamp(Math.Ceiling(left), 0, 1000));
        }
    }
}
