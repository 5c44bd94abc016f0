using System.Net;
using Microsoft.AspNetCore.Http;

namespace Nexus.Gateway.Http;

/// <summary>Tells what this machine asks for itself from what others ask by way of it.</summary>
internal static class LocalRequest
{
    private static readonly string[] OfProxies = ["Forwarded", "Via", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"];

    private static readonly string[] FamiliesOfProxies = ["X-Forwarded-", "X-Original-"];

    /// <summary>
    /// The connection comes from loopback; the client was told a loopback name, so that no foreign page gets here by rebinding its own;
    /// the page that asks, where one does, is from a loopback name too; and no proxy says that it asks for somebody else. A proxy that
    /// says nothing cannot be told from a local client: hence the code of <c>/dev/token</c>.
    /// </summary>
    public static bool IsLocal(this HttpRequest request) =>
        request.HttpContext.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && IsLoopbackName(request.Host.Host)
        && request.Headers.Origin.All(o => Uri.TryCreate(o, UriKind.Absolute, out Uri? origin) && IsLoopbackName(origin.Host))
        && !request.Headers.Keys.Any(IsOfProxy);

    private static bool IsOfProxy(string header) =>
        OfProxies.Contains(header, StringComparer.OrdinalIgnoreCase) || FamiliesOfProxies.Any(f => header.StartsWith(f, StringComparison.OrdinalIgnoreCase));

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
