using System.Net;

namespace Nexus.Gateway.Tests;

/// <summary>The pages as the gateway serves them.</summary>
public sealed class PageServingTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/admin", "text/html")]
    [InlineData("/admin/admin.js", "text/javascript")]
    [InlineData("/admin/admin.css", "text/css")]
    [InlineData("/meet/meet.css", "text/css")]
    [InlineData("/nexus-sdk.js", "text/javascript")]
    public async Task Files_have_their_type_a_policy_without_inline_scripts_and_a_tag(string path, string type)
    {
        using var response = await host.Send("GET", path);
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotContain("unsafe-inline", response.Headers.GetValues("Content-Security-Policy").Single());

        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await host.Http.SendAsync(again)).StatusCode);
    }
}
