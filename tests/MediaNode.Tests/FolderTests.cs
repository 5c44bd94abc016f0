using System.Text.RegularExpressions;

namespace Nexus.MediaNode.Tests;

/// <summary>The folders of the media node build on each other in one direction, so that each can be read and tested without those above it.</summary>
public sealed partial class FolderTests
{
    private static readonly string Source = Path.Combine(DocumentedTestsTests.Root, "src/MediaNode");

    private readonly Dictionary<string, SortedSet<string>> _uses = Uses();

    [Fact]
    public void No_folder_needs_one_that_needs_it()
    {
        Assert.Contains("Engine", _uses.Keys);
        foreach (var folder in _uses.Keys)
        {
            Assert.False(Reaches(folder, folder, []) is { } circle, $"{folder} is part of a circle of folders: see the using lines of {folder}/");
        }
    }

    /// <summary>What the packets pass knows nothing of what decides over it.</summary>
    [Theory]
    [InlineData("Protocol")]
    [InlineData("Receiving")]
    [InlineData("Forwarding")]
    [InlineData("Tracks")]
    [InlineData("Io")]
    public void The_lower_folders_know_neither_sessions_nor_the_engine_nor_the_link(string folder) =>
        Assert.Empty(_uses[folder].Intersect(["Session", "Engine", "Link", "Data"]));

    [Fact]
    public void A_session_knows_its_loop_by_its_context_only() => Assert.DoesNotContain("Engine", _uses["Session"]);

    private string? Reaches(string from, string goal, HashSet<string> seen)
    {
        foreach (var next in _uses.GetValueOrDefault(from, []))
        {
            if (next == goal || (seen.Add(next) && Reaches(next, goal, seen) is not null))
            {
                return next;
            }
        }

        return null;
    }

    private static Dictionary<string, SortedSet<string>> Uses()
    {
        var uses = new Dictionary<string, SortedSet<string>>();
        foreach (var file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar);
            if (path.Length == 1 || path[0] == "obj")
            {
                continue;
            }

            var own = uses.TryGetValue(path[0], out var known) ? known : uses[path[0]] = [];
            own.UnionWith(Namespace().Matches(File.ReadAllText(file)).Select(m => m.Groups["folder"].Value).Where(f => f != path[0]));
        }

        return uses;
    }

    [GeneratedRegex(@"(?<![""\w.])Nexus\.MediaNode\.(?<folder>[A-Z]\w+)")]
    private static partial Regex Namespace();
}
