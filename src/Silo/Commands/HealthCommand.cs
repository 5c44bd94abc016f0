using System.Net;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Commands;

/// <summary><c>./nexus health</c>: what a container's health check runs.</summary>
public static class HealthCommand
{
    public const string Help = """
        usage: ./nexus health [--ready] [options of up]

        Asks the server that these settings start on this machine whether it is alive, or with --ready whether it takes new
        sessions. Exit code 0 when it is, 1 when it is not.
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <returns>0 when the server says yes, 1 when it says no or nothing.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        bool ready = args.Contains("--ready");
        NexusOptions options = SettingsReader.ReadForCommand([.. args.Where(a => a != "--ready")], Environment.GetEnvironmentVariables());
        var address = new Uri($"http://{Reachable(options.Http)}/{(ready ? "readyz" : "healthz")}");
        using var http = new HttpClient { Timeout = Patience };
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(address);
            Console.WriteLine((await answer.Content.ReadAsStringAsync()).Trim());
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"nexus: {address} gives no answer: {e.Message}");
            return 1;
        }
    }

    /// <summary>Where a server that listens on all addresses is found.</summary>
    public static IPEndPoint Reachable(IPEndPoint bound) =>
        bound.Address.Equals(IPAddress.Any) ? new(IPAddress.Loopback, bound.Port)
        : bound.Address.Equals(IPAddress.IPv6Any) ? new(IPAddress.IPv6Loopback, bound.Port)
        : bound;
}
