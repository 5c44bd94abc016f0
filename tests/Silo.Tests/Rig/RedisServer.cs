using System.Diagnostics;
using System.Net;
using StackExchange.Redis;

namespace Nexus.Silo.Tests.Rig;

/// <summary>A real Redis on a free loopback port, without a disk.</summary>
public sealed class RedisServer : IAsyncLifetime
{
    private readonly Process _process;
    private ConnectionMultiplexer? _client;

    public RedisServer()
    {
        Address = new(IPAddress.Loopback, TestHost.FreePort());
        _process = Process.Start(new ProcessStartInfo("redis-server", ["--port", $"{Address.Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        {
            RedirectStandardOutput = true,
        })!;
    }

    public IPEndPoint Address { get; }

    public IDatabase Database => _client!.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Ready to accept connections", StringComparison.Ordinal))
        {
        }

        _client = await ConnectionMultiplexer.ConnectAsync($"{Address},allowAdmin=true");
    }

    /// <summary>As if it had lost its data.</summary>
    public Task Empty() => _client!.GetServer(Address).FlushAllDatabasesAsync();

    public async ValueTask DisposeAsync()
    {
        await (_client?.DisposeAsync() ?? default);
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
