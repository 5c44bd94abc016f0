using System.IO.Compression;
using System.Net;
using Nexus.Gateway.Page;

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
    public async Task Files_have_their_type_a_policy_without_inline_scripts_and_a_tag(string path, string type)
    {
        using var response = await host.Send("GET", path);
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotContain("unsafe-inline", response.Headers.GetValues("Content-Security-Policy").Single());

        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await host.Http.SendAsync(again)).StatusCode);
    }

    [Theory]
    [InlineData("br, gzip;q=0.8", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("br;q=0, GZIP", "gzip")]
    [InlineData("identity", null)]
    [InlineData(null, null)]
    public async Task Files_are_packed_as_the_client_takes_them(string? accepted, string? encoding)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sdk/nexus-sdk.js");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(encoding, response.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal("Accept-Encoding", response.Headers.Vary.Single());
        Assert.Equal(encoding is not null, response.Headers.ETag!.Tag.EndsWith($"-{encoding}\"", StringComparison.Ordinal));
        byte[] octets = await response.Content.ReadAsByteArrayAsync();
        using Stream unpacked = encoding switch
        {
            "br" => new BrotliStream(new MemoryStream(octets), CompressionMode.Decompress),
            "gzip" => new GZipStream(new MemoryStream(octets), CompressionMode.Decompress),
            _ => new MemoryStream(octets),
        };
        string text = await new StreamReader(unpacked).ReadToEndAsync();
        Assert.Equal(PageFile.All().Single(f => f.Path == "/sdk/nexus-sdk.js").Text, text);
        Assert.True(encoding is null || octets.Length < text.Length / 3, $"{octets.Length} octets");
    }

    [Fact]
    public async Task The_SDK_may_be_loaded_by_anybodys_page_and_under_its_version_it_never_changes()
    {
        using var latest = await host.Send("GET", "/sdk/nexus-sdk.js");
        using var versioned = await host.Send("GET", $"/sdk/{PageFile.Version}/nexus-sdk.js");
        foreach (var response in new[] { latest, versioned })
        {
            Assert.Equal("text/javascript", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
            Assert.Equal("cross-origin", response.Headers.GetValues("Cross-Origin-Resource-Policy").Single());
        }

        Assert.Equal(latest.Headers.ETag, versioned.Headers.ETag);
        Assert.True(latest.Headers.CacheControl!.NoCache);
        Assert.Equal(TimeSpan.FromDays(365), versioned.Headers.CacheControl!.MaxAge);
        Assert.Contains(versioned.Headers.CacheControl.Extensions, e => e.Name == "immutable");
        using var old = await host.Send("GET", "/sdk/0.0.1/nexus-sdk.js");
        Assert.Equal(HttpStatusCode.NotFound, old.StatusCode);
    }
}
