using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Nexus.Fuzz;

/// <summary>
/// Runs every <see cref="IFuzzTarget"/> over its seeds and then over their mutations, bounded by count and time.
/// <c>./nexus test --long</c> runs each for 30 s; <c>NEXUS_FUZZ_SECONDS</c> and <c>NEXUS_FUZZ_SEED</c> make a longer or another run; a finding prints seed and input.
/// </summary>
public class FuzzRunner
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("NEXUS_LONG") == "1";
    private static readonly int MaxMutations = IsLong ? int.MaxValue : 200_000;
    private static readonly TimeSpan HangAfter = TimeSpan.FromSeconds(20);

    private delegate void Body(ReadOnlySpan<byte> input);

    public static TheoryData<string> Targets => [.. TargetTypes().Select(t => t.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void No_input_makes_the_parser_throw_or_hang(string target)
    {
        var seed = (int)FromEnvironment("NEXUS_FUZZ_SEED", 20261121);
        var seconds = FromEnvironment("NEXUS_FUZZ_SECONDS", IsLong ? 30 : 3);
        var type = TargetTypes().Single(t => t.Name == target);
        var run = new Run(BodyOf(type), [.. SeedsOf(type)], seed, TimeSpan.FromSeconds(seconds));

        var thread = new Thread(run.Go) { IsBackground = true, Name = $"fuzz {target}" };
        thread.Start();
        var ended = thread.Join(TimeSpan.FromSeconds(seconds) + HangAfter);

        if (!ended)
        {
            Assert.Fail($"{target} hangs (seed {seed}, input {run.Executed}): {Convert.ToHexString(run.Current)}");
        }

        if (run.Finding is { } finding)
        {
            Assert.Fail($"{target} (seed {seed}, input {run.Executed}) on {Convert.ToHexString(run.Current)}:{Environment.NewLine}{finding}");
        }

        Assert.True(run.Executed > 0);
    }

    private static IEnumerable<Type> TargetTypes() =>
        typeof(FuzzRunner).Assembly.GetTypes().Where(t => t.IsClass && t.IsAssignableTo(typeof(IFuzzTarget)));

    private static Body BodyOf(Type type) =>
        type.GetMethod(nameof(IFuzzTarget.Run), BindingFlags.Public | BindingFlags.Static, [typeof(ReadOnlySpan<byte>)])!.CreateDelegate<Body>();

    private static IEnumerable<byte[]> SeedsOf(Type type)
    {
        var own = (IEnumerable<byte[]>)type.GetProperty(nameof(IFuzzTarget.Seeds), BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        var corpus = Path.Combine(AppContext.BaseDirectory, "Corpora", type.Name);
        var files = Directory.Exists(corpus) ? Directory.GetFiles(corpus).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];
        return own.Concat(files);
    }

    private static double FromEnvironment(string name, double otherwise) =>
        double.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    private sealed class Run(Body body, byte[][] seeds, int seed, TimeSpan budget)
    {
        private readonly byte[] _current = new byte[Math.Max(Mutator.MaxLength, seeds.Max(s => s.Length))];
        private int _length;

        public int Executed { get; private set; }

        public Exception? Finding { get; private set; }

        public ReadOnlySpan<byte> Current => _current.AsSpan(0, _length);

        public void Go()
        {
            try
            {
                foreach (var input in seeds)
                {
                    Feed(input);
                    for (var length = 0; length < Math.Min(input.Length, 256); length++)
                    {
                        Feed(input.AsSpan(0, length));
                    }
                }

                var mutator = new Mutator(seeds, seed);
                for (var started = Stopwatch.GetTimestamp(); Executed < MaxMutations && Stopwatch.GetElapsedTime(started) < budget;)
                {
                    Feed(mutator.Next());
                }
            }
#pragma warning disable CA1031 // any exception is the finding
            catch (Exception e)
#pragma warning restore CA1031
            {
                Finding = e;
            }
        }

        private void Feed(ReadOnlySpan<byte> input)
        {
            input.CopyTo(_current);
            _length = input.Length;
            Executed++;
            body(Current);
        }
    }
}
