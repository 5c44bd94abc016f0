using System.Text.RegularExpressions;

namespace Nexus.MediaNode.Tests;

/// <summary>What the documents name as proof is there.</summary>
public sealed partial class DocumentedTestsTests
{
    internal static readonly string Root = FindRoot();

    public static TheoryData<string> Documents => ["docs/browsers.md", "docs/status.md"];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_test_that_a_document_names_exists(string document)
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("node_modules", StringComparison.Ordinal))
            .ToLookup(f => Path.GetFileNameWithoutExtension(f), File.ReadAllText);
        var named = TestName().Matches(File.ReadAllText(Path.Combine(Root, document)));
        Assert.NotEmpty(named);
        foreach (Match name in named)
        {
            var (type, method) = (name.Groups["type"].Value, name.Groups["method"].Value);
            Assert.True(
                sources[type].Any(source => source.Contains($" {method}", StringComparison.Ordinal)), $"{document} names {name.Value}, which is not there");
        }
    }

    [Theory]
    [InlineData("docs/browsers.md")]
    [InlineData("docs/media.md")]
    public void Every_file_that_a_document_names_exists(string document)
    {
        var named = FileName().Matches(File.ReadAllText(Path.Combine(Root, document)));
        Assert.NotEmpty(named);
        Assert.All(named, m => Assert.True(File.Exists(Path.Combine(Root, "src/MediaNode", m.Groups["file"].Value)), m.Value));
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Nexus.Orleans.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("not below the repository");
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"`(?<type>[A-Z]\w+Tests)(\.(?<method>\w+)\*?)?`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"`(?<file>[A-Z]\w+/[\w/]+\.cs)`")]
    private static partial Regex FileName();
}
