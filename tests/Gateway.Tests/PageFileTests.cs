using System.Net;
using System.Text.RegularExpressions;
using Nexus.Gateway.Page;

namespace Nexus.Gateway.Tests;

/// <summary>The files of the pages: types, policy, and that they refer to nothing that is not served.</summary>
public sealed partial class PageFileTests
{
    private static readonly Dictionary<string, PageFile> Files = PageFile.All().ToDictionary(f => f.Path);

    [Theory]
    [InlineData("/")]
    [InlineData("/meet/app.js")]
    [InlineData("/meet/meet.css")]
    [InlineData("/nexus-sdk.js")]
    public void The_meeting_page_is_there(string path) => Assert.Contains(path, Files.Keys);

    [Fact]
    public void The_admin_page_refers_to_its_own_files_only_and_writes_no_markup()
    {
        Assert.All(Reference().Matches(Files["/admin"].Text), m => Assert.StartsWith("/admin/", m.Groups["url"].Value));
        Assert.Equal(2, Reference().Count(Files["/admin"].Text));
        Assert.Empty(Reference().Matches(Files["/admin/admin.js"].Text));
        Assert.DoesNotMatch("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|srcdoc", Files["/admin/admin.js"].Text);
    }

    [Fact]
    public void What_a_page_or_module_loads_is_served()
    {
        foreach (var (path, file) in Files)
        {
            foreach (Match match in Reference().Matches(file.Text))
            {
                string target = new Uri(new Uri("http://page" + path), match.Groups["url"].Value).AbsolutePath;
                Assert.True(Files.ContainsKey(target), $"{path} loads {target}");
            }
        }
    }

    [Fact]
    public void Nothing_comes_from_elsewhere() =>
        Assert.All(Files.Values, f => Assert.DoesNotMatch("(src|href|from) ?=? ?[\"']https?:", f.Text));

    [GeneratedRegex("""(?:from |import\(|<script[^>]* src=|<link rel="(?:stylesheet|modulepreload)" href=)["'](?<url>[./][^"']*)["']""")]
    private static partial Regex Reference();
}

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
