using System.Text.RegularExpressions;

namespace Nexus.Engine.Tests;

public sealed partial class DialectTests
{
    [Fact]
    public void The_contracts_stay_inside_the_dialect()
        => Assert.Empty(Dialect.ViolationsIn(typeof(Nexus.Contracts.IRoomGrain).Assembly.GetTypes()));

    [Fact]
    public void The_test_grains_leave_the_dialect_only_on_purpose()
        => Assert.Equal(
            ["Box.Secret has no [Id]: it does not cross"],
            Dialect.ViolationsIn([typeof(ITurnGrain), typeof(ILedgerGrain), typeof(IListener), typeof(ISpeakerGrain), typeof(IPinnedGrain)]));

    [Fact]
    public void Grain_source_never_leaves_its_scheduler()
    {
        var grains = Path.Combine(RepositoryRoot(), "src", "Grains");
        var offenders =
            from file in Directory.EnumerateFiles(grains, "*.cs", SearchOption.AllDirectories)
            from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
            where LeavesScheduler().IsMatch(line.Text)
            select $"{Path.GetFileName(file)}:{line.Number}: {line.Text.Trim()}";
        Assert.Empty(offenders);
    }

    [GeneratedRegex(@"ConfigureAwait\s*\(\s*false|Task\.Run\s*\(|Task\.Factory\.StartNew|new\s+Thread\s*\(|\.Wait\s*\(|GetResult\s*\(\s*\)")]
    private static partial Regex LeavesScheduler();

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Nexus.Orleans.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        }

        return folder;
    }

#if !ORLEANS_ENGINE
    public interface IBad : IGrain
    {
        Task Generic<T>(T value);

        Task Twice(int a);

        Task Twice(string a);

        Task Default() => Task.CompletedTask;

        IAsyncEnumerable<int> Stream();

        Task Cancel(CancellationToken token);

        Task Foreign(Stranger stranger);

        Task<Forgetful> Forgets();

        void Void();

        Task Out(ref int a);
    }

    [GenerateSerializer]
    public sealed class Forgetful
    {
        [Id(0)]
        public int First { get; set; }

        [Id(0)]
        public int Second { get; set; }

        public int Third { get; set; }
    }

    [Theory]
    [InlineData("IBad is not IGrainWithStringKey")]
    [InlineData("IBad.Generic is generic")]
    [InlineData("IBad.Twice is overloaded")]
    [InlineData("IBad.Default has a default implementation")]
    [InlineData("IBad.Stream returns IAsyncEnumerable`1")]
    [InlineData("IBad.Cancel takes a CancellationToken: pass a deadline")]
    [InlineData("stranger of IBad.Foreign: Nexus.Engine.Tests.Stranger is not [GenerateSerializer]")]
    [InlineData("Forgetful.Second has the same id as another member: 0")]
    [InlineData("Forgetful.Third has no [Id]: it does not cross")]
    [InlineData("IBad.Void returns Void")]
    [InlineData("IBad.Out takes a by reference")]
    public void What_is_outside_the_dialect_is_named(string violation)
        => Assert.Contains(violation, Dialect.ViolationsIn([typeof(IBad)]));
#endif
}
