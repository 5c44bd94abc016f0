using System.Net;
using Nexus.Gateway.Auth;
using Nexus.Silo.Settings;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Hosting;

/// <summary>Orleans' dashboard shows grain keys, and grain keys hold identities.</summary>
public sealed class DashboardTests
{
    [Fact]
    public async Task It_is_off_unless_it_is_asked_for()
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await host.Get("/dashboard/", admin: true)).Status);
    }

    [Fact]
    public async Task It_opens_to_operators_alone_by_header_or_by_a_cookie_that_no_script_reads()
    {
        await using TestHost host = await TestHost.StartAsync("--dashboard");
        (HttpStatusCode status, string body) = await host.Get("/dashboard/");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("TOKEN_MISSING", body);
        string participant = TokenMinter.ForRoom(NexusOptions.Development.Keys[0], "r", "ada", false, TimeSpan.FromMinutes(1), DateTimeOffset.UtcNow);
        foreach (string path in new[] { "/dashboard/", "/dashboard/ClusterStats", "/dashboard/index.min.js" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await host.Get(path)).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await host.Get($"{path}?access_token={participant}")).Status);
            Assert.Equal(HttpStatusCode.OK, (await host.Get(path, admin: true)).Status);
        }

        using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = host.Http.BaseAddress };
        using HttpResponseMessage opened = await browser.GetAsync(new Uri($"/dashboard/?access_token={TestHost.AdminToken}", UriKind.Relative));
        Assert.Equal((HttpStatusCode.Redirect, "/dashboard/"), (opened.StatusCode, opened.Headers.Location!.ToString()));
        string cookie = Assert.Single(opened.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/dashboard", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("<html", await browser.GetStringAsync(new Uri("/dashboard/", UriKind.Relative)), StringComparison.OrdinalIgnoreCase);
    }
}
