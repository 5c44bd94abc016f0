using System.Net;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>What the upgrade request said.</summary>
/// <param name="IsLocal">As <see cref="Http.LocalRequest"/> says.</param>
internal sealed record HttpRequestFacts(string? Token, string? Region, IPAddress? Source, bool IsLocal);
