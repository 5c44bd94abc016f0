using Nexus.MediaNode;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.Fuzz.Congestion;

/// <summary>
/// Feedback of a hostile receiver to an estimator that has sent and goes on sending: whatever it says, the estimate stays in its bounds,
/// memory too, and nothing is proven that was not sent. The packets of one input come 50 ms apart, each a feedback packet of its own.
/// </summary>
public sealed class TransportWideFeedbackTarget : IFuzzTarget
{
    private const ushort FirstSequence = 65_500;
    private const int PacketsEach = 20;
    private const int Octets = 1200;
    private const int StartReference = 15_625;

    private static readonly Instant Start = Instant.Zero.AddMilliseconds(1_000_000);

    public static IEnumerable<byte[]> Seeds
    {
        get
        {
            // What a receiver says of everything that is sent below, over the wrap of the numbers; lost, late and overtaken ones too.
            yield return Feedback((FirstSequence, StartReference, 20, 10), ((ushort)(FirstSequence + 20), StartReference + 1, 20, 10), (4, StartReference + 2, 40, 10));
            yield return Feedback((FirstSequence, -1, 40, 200), ((ushort)(FirstSequence + 10), 0, 20, -5));
            yield return Feedback((FirstSequence, 0x7FFFFF, 36, 4), (0, -0x800000, 36, 4));
            yield return Feedback((FirstSequence, StartReference, 100, 0), (300, StartReference, 3, 1));
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        var estimator = new BandwidthEstimator(CongestionOptions.Default);
        estimator.SetWanted(5_000_000);
        var now = Start;
        var next = FirstSequence;
        Send(estimator, ref now, ref next);
        var reader = new RtcpReader(input);
        while (reader.MoveNext(out var packet))
        {
            if (!TransportWideReader.TryRead(packet, out _, out var feedback))
            {
                continue;
            }

            estimator.HandleFeedback(now, feedback);
            Check(estimator);
            Send(estimator, ref now, ref next);
            estimator.HandleTimeout(now);
            Check(estimator);
        }
    }

    private static void Send(BandwidthEstimator estimator, ref Instant now, ref ushort next)
    {
        for (var i = 0; i < PacketsEach; i++)
        {
            now = now.AddMilliseconds(2);
            estimator.Sent(now, next++, Octets, SentKind.Video);
            if (estimator.TryGetProbe(now, out var due))
            {
                Assert.True(due is > 0 and < 200_000);
                estimator.Sent(now, next++, Math.Min(due, Octets), SentKind.Padding);
            }
        }

        now = now.AddMilliseconds(10);
    }

    private static void Check(BandwidthEstimator estimator)
    {
        var options = CongestionOptions.Default;
        Assert.InRange(estimator.Bitrate!.Value, options.MinBitrate, options.MaxBitrate);
        Assert.InRange(estimator.LossRatio, 0, 1);
        Assert.True(estimator.AcknowledgedRate >= 0 && estimator.QueueDelay >= TimeSpan.Zero);
        Assert.InRange(estimator.MemoryOctets, 512, 32 * 1024);
    }

    private static byte[] Feedback(params (ushort First, int Reference, int Count, short Delta)[] packets)
    {
        var buffer = new byte[2000];
        var position = 0;
        for (var i = 0; i < packets.Length; i++)
        {
            var (first, reference, count, delta) = packets[i];
            var symbols = Enumerable.Range(0, count).Select(n => (byte)(n % 7 == 3 ? 0 : delta is >= 0 and <= 255 ? 1 : 2)).ToArray();
            var deltas = symbols.Where(s => s != 0).Select(_ => delta).ToArray();
            position += TransportWideWriter.Write(buffer.AsSpan(position), new FeedbackHeader(1, 2), reference, (byte)i, first, symbols, deltas);
        }

        return buffer[..position];
    }
}
