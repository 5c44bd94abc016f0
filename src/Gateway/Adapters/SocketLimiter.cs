using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Adapters;

/// <summary>
/// Bounds how many WebSockets one source address has open: an IPv4 address, or an IPv6 network of 64 bits, which is what one
/// customer has. Thread-safe; its memory is bounded by the open sockets.
/// </summary>
public sealed class SocketLimiter(GatewayOptions options)
{
    private readonly Dictionary<IPAddress, int> _open = [];

    /// <summary>Addresses that have sockets open now.</summary>
    public int Sources
    {
        get
        {
            lock (_open)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>An endpoint filter: runs the endpoint while it counts as an open socket, or refuses with 429.</summary>
    public async ValueTask<object?> Serve(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        IPAddress source = SourceOf(context.HttpContext.Connection.RemoteIpAddress);
        if (!TryEnter(source))
        {
            return new ProblemResult(StatusCodes.Status429TooManyRequests, ReasonCodes.RateLimited, $"{options.SocketsPerAddress} connections of this address are open: close one, or raise sockets-per-address.")
                .With("Retry-After", "5");
        }

        try
        {
            return await next(context);
        }
        finally
        {
            Leave(source);
        }
    }

    /// <summary>The address, or the network, that a limit is counted by.</summary>
    public static IPAddress SourceOf(IPAddress? address)
    {
        if (address is null or { AddressFamily: AddressFamily.InterNetwork })
        {
            return address ?? IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    private bool TryEnter(IPAddress source)
    {
        lock (_open)
        {
            int open = _open.GetValueOrDefault(source);
            if (open >= options.SocketsPerAddress)
            {
                return false;
            }

            _open[source] = open + 1;
            return true;
        }
    }

    private void Leave(IPAddress source)
    {
        lock (_open)
        {
            if (--_open[source] == 0)
            {
                _open.Remove(source);
            }
        }
    }
}

internal static class SocketLimits
{
    /// <summary>For endpoints that open WebSockets: 429 for an address that has too many.</summary>
    public static RouteHandlerBuilder WithSocketLimit(this RouteHandlerBuilder endpoint) => endpoint.WithProblems(429)
        .AddEndpointFilter((context, next) => context.HttpContext.RequestServices.GetRequiredService<SocketLimiter>().Serve(context, next));
}
