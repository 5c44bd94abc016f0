using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>Where clients send media to and where the sockets bind, found out once at the start.</summary>
/// <param name="Told">What clients are told, as it was said.</param>
/// <param name="Bind">One socket takes both families when it binds to <c>::</c>.</param>
internal sealed record MediaAddresses(ImmutableArray<IPAddress> Told, IPAddress Bind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <exception cref="SettingsException">A name does not resolve, a STUN server does not answer, or the addresses do not go together.</exception>
    public static async Task<MediaAddresses> FindAsync(NexusOptions options, CancellationToken cancellation)
    {
        var told = new List<IPAddress>();
        foreach (MediaAddress said in options.MediaIp)
        {
            told.AddRange(said switch
            {
                { Ip: { } ip } => [ip],
                { StunPort: { } port } => await AskAsync(said, port, cancellation),
                _ => await ResolveAsync(said, cancellation),
            });
        }

        ImmutableArray<IPAddress> distinct = [.. told.Distinct()];
        OptionsValidator.CheckMedia(options, distinct);
        return new(distinct, options.MediaBind ?? BindFor(options, distinct));
    }

    /// <summary>The one address that was named; every address of the machine where there are more, or where it was found out (a router may hold it).</summary>
    private static IPAddress BindFor(NexusOptions options, ImmutableArray<IPAddress> told) =>
        options.MediaIp is [{ Ip: { } only }] ? only
        : told.Any(a => a.AddressFamily == AddressFamily.InterNetworkV6) ? IPAddress.IPv6Any
        : IPAddress.Any;

    private static async Task<IReadOnlyList<IPAddress>> ResolveAsync(MediaAddress said, CancellationToken cancellation)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(Patience);
            IPAddress[] found = [.. (await Dns.GetHostAddressesAsync(said.Host, patience.Token)).Where(a => MediaAddress.Fault(a) is null)];
            return found.Length > 0 ? found : throw new SettingsException($"media-ip: {said.Host} has no address that clients could send to: name the address itself");
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new SettingsException($"media-ip: {said.Host} does not resolve ({e.Message.TrimEnd('.')}): mend the name, or name the address itself");
        }
    }

    /// <summary>As the server sees us by IPv4, by IPv6, or by both.</summary>
    private static async Task<IReadOnlyList<IPAddress>> AskAsync(MediaAddress said, int port, CancellationToken cancellation)
    {
        IEnumerable<IPAddress> servers = (await ResolveAsync(said, cancellation)).DistinctBy(a => a.AddressFamily);
        IPAddress?[] answers = await Task.WhenAll(servers.Select(s => StunQuery.AskAsync(new(s, port), cancellation)));
        IPAddress[] seen = [.. answers.OfType<IPAddress>()];
        return seen.Length > 0 ? seen : throw new SettingsException($"media-ip: {said} gives no answer: check the server and that UDP may go out to it, or name the address itself");
    }
}
