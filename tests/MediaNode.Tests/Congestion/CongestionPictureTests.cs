using Nexus.TestKit.Congestion;

namespace Nexus.MediaNode.Tests.Congestion;

/// <summary>
/// The pictures of <c>docs/congestion.md</c> are those of the runs that are tested. <c>NEXUS_DRAW=1</c> draws them anew.
/// </summary>
public sealed class CongestionPictureTests
{
    private static readonly bool Draws = Environment.GetEnvironmentVariable("NEXUS_DRAW") == "1";

    public static TheoryData<string> Cases => [.. CongestionCases.All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_documented_picture_is_what_happens(string name)
    {
        var root = FindRoot();
        var file = Path.Combine(root, "docs", "images", $"congestion-{name}.svg");
        var drawn = CallPicture.Draw(name, CongestionCaseTests.Run(name).Samples);
        if (Draws)
        {
            File.WriteAllText(file, drawn);
        }

        Assert.True(File.Exists(file) && File.ReadAllText(file) == drawn, $"{file} is not what happens now: NEXUS_DRAW=1 draws it anew. Look at it before it is committed.");
        Assert.Contains($"congestion-{name}.svg", File.ReadAllText(Path.Combine(root, "docs", "congestion.md")), StringComparison.Ordinal);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Nexus.Orleans.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
