using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Nexus.Gateway.Http;

/// <summary>What reverse proxies say of a request: who makes it, and under which address. Said by anyone else, it is not believed.</summary>
internal static class Proxies
{
    /// <param name="known">Their addresses. Of a chain, those at its end that are among them are believed, each for the one before it.</param>
    public static void UseProxies(this IApplicationBuilder app, ImmutableArray<IPNetwork> known)
    {
        if (known.IsEmpty)
        {
            return;
        }

        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (IPNetwork network in known)
        {
            options.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(options);
    }
}
