using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Nexus.Gateway.Auth;
using Nexus.Silo.Settings;

namespace Nexus.Bench.Control;

/// <param name="Clients">Of one room at one gateway.</param>
/// <param name="MedianMs">From the request until the last of them has it.</param>
/// <param name="CpuMicrosecondsPerClient">Of a core, for each client and change; clients are in the process too.</param>
internal sealed record RosterChange(int Clients, double MedianMs, double MostMs, double CpuMicrosecondsPerClient);

/// <summary>
/// How long a change of the roster takes to reach all of a room's clients, over real WebSockets: one person changes an attribute, the others
/// watch. They are hidden, so that their coming is told to nobody, which would take longer than all that is measured.
/// </summary>
internal sealed class RosterChanges : IAsyncDisposable
{
    private const int Changes = 20;
    private const int JoinsPerSecond = 400; // a key may 500

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);

    private readonly List<Watcher> _watchers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _door;
    private Task _pinging = Task.CompletedTask;
    private int _requests = 1;

    private RosterChanges(ControlRig rig) => _door = new Uri($"ws://{rig.Http}/ws");

    /// <summary>For 10 clients, 100 and so on up to <paramref name="most"/>.</summary>
    public static async Task<IReadOnlyList<RosterChange>> MeasureAsync(int most)
    {
        await using var rig = await ControlRig.StartAsync(gateway: true);
        await using var changes = new RosterChanges(rig);
        var results = new List<RosterChange>();
        for (var clients = 10; clients <= most; clients *= 10)
        {
            await changes.GrowAsync(clients);
            results.Add(await changes.MeasureAsync());
        }

        return results;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _pinging;
        foreach (var watcher in _watchers)
        {
            watcher.Dispose();
        }

        _stop.Dispose();
    }

    private async Task GrowAsync(int clients)
    {
        var began = Stopwatch.GetTimestamp();
        for (var i = _watchers.Count; i < clients; i++)
        {
            var watcher = await Watcher.JoinAsync(_door, $"p{i}", hidden: i > 0);
            lock (_watchers)
            {
                _watchers.Add(watcher);
            }

            var ahead = TimeSpan.FromSeconds((i + 1.0) / JoinsPerSecond) - Stopwatch.GetElapsedTime(began);
            if (ahead > TimeSpan.FromMilliseconds(20))
            {
                await Task.Delay(ahead);
            }
        }

        if (_pinging.IsCompleted)
        {
            _pinging = PingAsync();
        }
    }

    private async Task<RosterChange> MeasureAsync()
    {
        var times = new List<double>();
        var cpu = TimeSpan.Zero;
        for (var change = 0; change < Changes; change++)
        {
            var mark = $"mark-{Guid.NewGuid():N}";
            var seen = Task.WhenAll(_watchers.Select(w => w.Sees(mark)));
            var (began, before) = (Stopwatch.GetTimestamp(), Process.GetCurrentProcess().TotalProcessorTime);
            await _watchers[0].SendAsync(new { type = "update", requestId = ++_requests, attributes = new { mark } });
            await seen.WaitAsync(Patience);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            cpu += Process.GetCurrentProcess().TotalProcessorTime - before;
        }

        times.Sort();
        return new(
            _watchers.Count, Math.Round(times[times.Count / 2], 1), Math.Round(times[^1], 1),
            Math.Round(cpu.TotalMicroseconds / Changes / _watchers.Count, 1));
    }

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(PingInterval);
        while (!_stop.IsCancellationRequested)
        {
            Watcher[] all;
            lock (_watchers)
            {
                all = [.. _watchers];
            }

            foreach (var watcher in all)
            {
                await watcher.SendAsync(new { type = "ping", t = 0 });
            }

            try
            {
                await timer.WaitForNextTickAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>One client, which looks for a mark in what it is told. Sends may come from any thread.</summary>
    private sealed class Watcher : IDisposable
    {
        private readonly ClientWebSocket _socket = new();
        private readonly SemaphoreSlim _sending = new(1);
        private readonly byte[] _buffer = new byte[8 * 1024];
        private byte[] _mark = "\"joined\""u8.ToArray();
        private TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public static async Task<Watcher> JoinAsync(Uri door, string identity, bool hidden)
        {
            var watcher = new Watcher();
            watcher._socket.Options.AddSubProtocol("nexus.v1");
            await watcher._socket.ConnectAsync(door, CancellationToken.None);
            var receiving = watcher.ReceiveAsync();
            await watcher.SendAsync(new { type = "join", requestId = 1, room = "change", token = Token(identity, hidden) });
            await await Task.WhenAny(watcher._seen.Task, receiving).WaitAsync(Patience);
            return watcher;
        }

        public Task Sees(string mark)
        {
            _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _mark, Encoding.ASCII.GetBytes(mark));
            return _seen.Task;
        }

        public async Task SendAsync(object message)
        {
            await _sending.WaitAsync();
            try
            {
                await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, CancellationToken.None);
            }
            finally
            {
                _sending.Release();
            }
        }

        public void Dispose()
        {
            _socket.Abort();
            _socket.Dispose();
            _sending.Dispose();
        }

        private async Task ReceiveAsync()
        {
            var length = 0;
            try
            {
                while (true)
                {
                    var got = await _socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
                    if (got.MessageType == WebSocketMessageType.Close)
                    {
                        throw new InvalidOperationException($"a client was closed: {_socket.CloseStatus} {_socket.CloseStatusDescription}");
                    }

                    length += got.Count;
                    if (_buffer.AsSpan(0, length).IndexOf(Volatile.Read(ref _mark)) >= 0)
                    {
                        _seen.TrySetResult();
                    }

                    length = got.EndOfMessage || length == _buffer.Length ? 0 : length; // a page of a roster may be longer; no mark is in it
                }
            }
            catch (Exception e)
            {
                _seen.TrySetException(e);
            }
        }

        private static string Token(string identity, bool hidden)
        {
            var now = TimeProvider.System.GetUtcNow();
            return TokenMinter.Sign(
                new AccessToken
                {
                    Issuer = NexusOptions.Development.Keys[0].Key,
                    Identity = identity,
                    Expires = (now + TimeSpan.FromHours(1)).ToUnixTimeSeconds(),
                    Video = new() { Room = "change", RoomJoin = true, Hidden = hidden, CanUpdateOwnMetadata = true },
                },
                NexusOptions.Development.Keys[0].Secret);
        }
    }
}
