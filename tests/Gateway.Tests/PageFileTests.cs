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
    [InlineData("/sdk/nexus-sdk.js")]
    public void The_meeting_page_is_there(string path) => Assert.Contains(path, Files.Keys);

    [Fact]
    public void The_admin_page_refers_to_its_own_files_only_and_writes_no_markup()
    {
        Assert.All(Reference().Matches(Files["/admin"].Text), m => Assert.StartsWith("admin/", m.Groups["url"].Value));
        Assert.Equal(2, Reference().Count(Files["/admin"].Text));
        foreach (PageFile script in Files.Values.Where(f => f.Path.StartsWith("/admin/", StringComparison.Ordinal) && f.Path.EndsWith(".js", StringComparison.Ordinal)))
        {
            Assert.All(Reference().Matches(script.Text), m => Assert.StartsWith("./", m.Groups["url"].Value));
            Assert.DoesNotMatch("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|srcdoc", script.Text);
        }
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

    /// <summary>A proxy may serve all of it below a path.</summary>
    [Fact]
    public void Pages_and_modules_ask_for_nothing_by_an_absolute_path() =>
        Assert.All(Files.Values, f => Assert.DoesNotMatch("""(?:(?:src|href|action)=|from |import\(|fetch\(|new URL\()["'`]/""", f.Text));

    [Fact]
    public void Nothing_comes_from_elsewhere() =>
        Assert.All(Files.Values, f => Assert.DoesNotMatch("(src|href|from) ?=? ?[\"']https?:", f.Text));

    [GeneratedRegex("""(?:from |import\(|<script[^>]* src=|<link rel="(?:stylesheet|modulepreload)" href=)["'](?<url>[\w./][^"':]*)["']""")]
    private static partial Regex Reference();
}
