using Nexus.TestKit.Congestion;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Congestion;

/// <summary>The scripted lines of <c>docs/congestion.md</c>: each is drawn, and has its bounds in <see cref="CongestionCaseTests"/>.</summary>
internal static class CongestionCases
{
    public static readonly IReadOnlyDictionary<string, Func<CongestedCall>> All = new Dictionary<string, Func<CongestedCall>>
    {
        ["fast-start"] = FastStart,
        ["narrow"] = Narrow,
        ["simulcast"] = Simulcast,
        ["drop"] = Drop,
        ["steps"] = Steps,
        ["jitter"] = Jitter,
        ["tcp"] = Tcp,
        ["policer"] = Policer,
        ["loss-2"] = () => Lossy(0.02),
        ["loss-6"] = () => Lossy(0.06),
        ["loss-15"] = () => Lossy(0.15),
        ["loss-bursts"] = LossBursts,
        ["reordering"] = Reordering,
        ["application-limited"] = ApplicationLimited,
        ["stalls"] = Stalls,
        ["camera"] = () => Camera(Link(2_000_000)),
        ["camera-loss-6"] = () => Camera(Link(0) with { Loss = 0.06 }),
        ["camera-jitter"] = () => Camera(Link(3_000_000) with { Delay = TimeSpan.FromMilliseconds(150), Jitter = TimeSpan.FromMilliseconds(100) }),
        ["longer-way"] = LongerWay,
    };

    private static CongestedCall FastStart() => Run(Call(CallSource.Elastic(6_000_000), Link(5_000_000)), 20);

    private static CongestedCall Narrow() =>
        Run(Call(CallSource.Elastic(2_500_000), Link(300_000) with { QueueLimit = TimeSpan.FromSeconds(3) }), 40);

    private static CongestedCall Simulcast() => Run(Call(CallSource.Simulcast with { KeyFrameEvery = 90 }, Link(4_000_000)), 30);

    private static CongestedCall Drop()
    {
        var call = Call(CallSource.Elastic(6_000_000), Link(5_000_000) with { QueueLimit = TimeSpan.FromSeconds(2) });
        call.At(15, () => call.Line = call.Line with { Bandwidth = 1_000_000 });
        call.At(35, () => call.Line = call.Line with { Bandwidth = 4_000_000 });
        return Run(call, 60);
    }

    private static CongestedCall Steps()
    {
        var call = Call(CallSource.Elastic(4_000_000), Link(1_000_000));
        foreach (var (second, bandwidth) in new[] { (20, 2_500_000), (40, 600_000), (60, 1_000_000), (80, 300_000), (100, 3_000_000) })
        {
            call.At(second, () => call.Line = call.Line with { Bandwidth = bandwidth });
        }

        return Run(call, 120);
    }

    private static CongestedCall Jitter() =>
        Run(Call(CallSource.Elastic(3_000_000), Link(2_000_000) with { Jitter = TimeSpan.FromMilliseconds(30) }), 40);

    private static CongestedCall Tcp()
    {
        var call = Call(CallSource.Elastic(6_000_000), Link(5_000_000));
        call.At(15, call.Other.Start);
        call.At(75, call.Other.Stop);
        return Run(call, 90);
    }

    private static CongestedCall Policer() =>
        Run(Call(CallSource.Elastic(3_000_000), Link(0) with { PolicedTo = 1_000_000 }), 60);

    private static CongestedCall Lossy(double loss) => Run(Call(CallSource.Elastic(2_000_000), Link(4_000_000) with { Loss = loss }), 60);

    private static CongestedCall LossBursts() =>
        Run(Call(CallSource.Elastic(2_000_000), Link(4_000_000) with { Bursts = new(0.002, 0.1, 0.8) }), 60);

    private static CongestedCall Reordering() =>
        Run(Call(CallSource.Elastic(2_000_000), Link(3_000_000) with { Reorder = 0.05, ReorderBy = TimeSpan.FromMilliseconds(30) }), 30);

    private static CongestedCall ApplicationLimited()
    {
        var call = Call(CallSource.Voice, Link(3_000_000));
        call.At(30, () => call.Source = CallSource.Elastic(4_000_000));
        return Run(call, 50);
    }

    private static CongestedCall Stalls()
    {
        var call = Call(CallSource.Elastic(2_000_000), Link(4_000_000));
        call.At(10, () => call.HoldFeedback(TimeSpan.FromMilliseconds(500)));
        call.At(15, () => call.StopReceiver(TimeSpan.FromMilliseconds(300)));
        call.At(20, () => call.StopReceiver(TimeSpan.FromMilliseconds(500)));
        call.At(25, () => call.StopNode(TimeSpan.FromMilliseconds(500)));
        call.At(30, () => call.ReceiverClockSteps = 24);
        call.At(35, () => call.ReceiverClockSteps = -16);
        return Run(call, 40);
    }

    private static CongestedCall Camera(LinkConditions line) => Run(Call(new SimulcastCamera().Source, line), 30);

    private static CongestedCall LongerWay()
    {
        var call = Call(new SimulcastCamera().Source, Link(5_000_000));
        call.At(8, () => call.Line = call.Line with { Delay = TimeSpan.FromMilliseconds(145) });
        return Run(call, 30);
    }

    private static LinkConditions Link(long bandwidth) =>
        new() { Bandwidth = bandwidth, Delay = TimeSpan.FromMilliseconds(25) };

    private static CongestedCall Call(CallSource source, LinkConditions line) => new(source) { Line = line };

    private static CongestedCall Run(CongestedCall call, double seconds)
    {
        call.Run(seconds);
        return call;
    }
}
