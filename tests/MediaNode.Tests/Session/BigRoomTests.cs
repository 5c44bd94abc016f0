using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Speakers;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>In rooms of over 50 people only the loudest few are heard, on virtual time.</summary>
public class BigRoomTests : NodeTest
{
    public BigRoomTests()
        : this(null)
    {
    }

    private protected BigRoomTests(Func<LoopOptions, LoopOptions>? change)
        : base(change: change)
    {
    }

    private const int Voices = 6;
    private const byte Loud = 0x80 | 20;
    private const byte Silent = 127;

    private static readonly TimeSpan PacketTime = TimeSpan.FromMilliseconds(20);

    private readonly List<TestStream> _voices = [];

    [Fact]
    public void Who_is_silent_costs_nothing_and_a_first_word_is_whole()
    {
        var viewer = Fill(people: 55);
        Say(50);
        var heardBefore = viewer.Packets.Count;
        Say(50);
        Assert.Equal(heardBefore, viewer.Packets.Count);
        Assert.Equal(100 * Voices, Node.Dropped(DropReason.NotAmongLoudest));

        // Two speak at once: every packet of theirs comes, from the first.
        var from = _voices.Select(v => v.Sequence).ToArray();
        Say(100, 0, 1);
        Assert.Equal(Numbers(from[0], 100).Concat(Numbers(from[1], 100)).Order(), Heard(viewer).Skip(heardBefore).Order());
        Say(100, 1, 2);
        for (var section = 0; section < Voices; section++)
        {
            var stream = viewer.PacketsOf(viewer.AnsweredSsrc(section)).ToList();
            if (stream.Count != 0)
            {
                AssertContinuous(stream); // what was left out is no loss
            }
        }
    }

    [Fact]
    public void Of_more_voices_than_seats_the_first_are_heard()
    {
        var viewer = Fill(people: 55);
        Say(100, 0, 1, 2, 3, 4, 5);
        Assert.Equal(AudioSelection.DefaultSeats, Enumerable.Range(0, Voices).Count(i => viewer.PacketsOf(viewer.AnsweredSsrc(i)).Any()));
    }

    [Fact]
    public void In_a_smaller_room_everybody_is_heard()
    {
        var viewer = Fill(people: 20);
        Say(10);
        Assert.Equal(10 * Voices, viewer.Packets.Count);
        Assert.Equal(0, Node.Dropped(DropReason.NotAmongLoudest));
    }

    private TestPeer Fill(int people)
    {
        for (var i = 0; i < Voices; i++)
        {
            var peer = Node.Peer($"voice{i}");
            Connect(peer, SessionLeg.Publish, AudioOut);
            var stream = new TestStream(peer, "0", (uint)(100 + i));
            stream.Extensions.Add((HeaderExtensionKind.AudioLevel, [Silent]));
            _voices.Add(stream);
        }

        for (var i = Voices + 1; i < people; i++)
        {
            Connect(Node.Peer($"guest{i}"), SessionLeg.Play, AudioIn);
        }

        var viewer = Node.Peer("viewer");
        Connect(viewer, SessionLeg.Play, [.. Enumerable.Repeat(AudioIn, Voices)]);
        return viewer;
    }

    /// <summary>Packets of all, loud ones of those who speak.</summary>
    private void Say(int packets, params int[] speakers)
    {
        for (var i = 0; i < packets; i++)
        {
            for (var v = 0; v < Voices; v++)
            {
                _voices[v].Extensions[0] = (HeaderExtensionKind.AudioLevel, [speakers.Contains(v) ? Loud : Silent]);
                _voices[v].SendOpus();
            }

            Node.Run(PacketTime);
        }
    }

    private static IEnumerable<long> Numbers(long from, int count) => Enumerable.Range(0, count).Select(i => from + i);

    private static IEnumerable<long> Heard(TestPeer viewer) => viewer.Packets.Select(p => TestStream.MarkOf(p.Payload));
}
