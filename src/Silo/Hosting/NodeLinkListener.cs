using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Nexus.Silo.Control;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>Takes the links of media nodes of other processes (<c>--control-listen</c>).</summary>
internal sealed class NodeLinkListener(NexusOptions options, NodeLinkHost links, HostFailure failure) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Socket? _listener;
    private Task _listening = Task.CompletedTask;

    /// <exception cref="SettingsException">The address cannot be bound.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            _listener = options.ControlListen!.Listen();
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"control-listen: {options.ControlListen} cannot be bound: {e.Message}");
        }

        _listening = Listen();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        _listener?.Dispose();
        await _listening.WaitAsync(cancellationToken);
        await links.StopAsync().WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _listener?.Dispose();
        _stopping.Dispose();
    }

    private async Task Listen()
    {
        try
        {
            await links.ListenAsync(_listener!, _stopping.Token);
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            failure.Fail($"control-listen: {options.ControlListen} takes no more links: {e.Message}", e);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the process stops
        }
    }
}
