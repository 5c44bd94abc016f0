using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Speakers;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Speakers;

public sealed class DominantSpeakerTests
{
    private const byte Silent = 127;
    private const byte Speech = 22;
    private const byte Hum = 45;

    private readonly DominantSpeaker _room = new();
    private readonly SpeakerActivity[] _people = [new("a"), new("b"), new("c")];
    private readonly List<(int At, string? Sid)> _changes = [];
    private Instant _now = Instant.Zero.AddMilliseconds(100_000);
    private int _milliseconds;

    [Fact]
    public void Who_speaks_first_is_told_at_the_next_decision_and_stays_when_all_are_silent()
    {
        Run(200, Silent, Silent);
        Run(200, Silent, Speech);
        Assert.Equal([(300, "b")], _changes);
        Run(5000, Silent, Silent);
        Assert.Single(_changes);
    }

    [Fact]
    public void A_click_is_no_speech()
    {
        Run(260, Silent);
        Run(40, 3);
        Run(2000, Silent);
        Assert.Empty(_changes);
    }

    [Fact]
    public void Who_talks_into_a_talk_takes_over_when_that_ends()
    {
        Run(3000, Speech, Silent);
        Run(3000, Speech, Speech);
        Assert.Equal([(300, "a")], _changes);
        Run(1000, Silent, Speech);
        Assert.Equal("b", _changes[^1].Sid);
        Assert.InRange(_changes[^1].At, 6100, 7000);
        Assert.Equal(2, _changes.Count);
    }

    [Fact]
    public void A_cough_in_a_pause_for_breath_takes_over_nothing()
    {
        for (var i = 0; i < 10; i++)
        {
            Run(1500, Speech, Silent);
            Run(200, Silent, 5);
            Run(200, Silent, Silent);
        }

        Assert.Equal(["a"], _changes.Select(c => c.Sid));
    }

    [Fact]
    public void People_who_take_turns_are_each_told()
    {
        Run(3000, Speech, Silent, Silent);
        Run(3000, Silent, Speech, Silent);
        Run(3000, Silent, Silent, Speech);
        Run(3000, Speech, Silent, Silent);
        Assert.Equal(["a", "b", "c", "a"], _changes.Select(c => c.Sid));
        Assert.All(_changes.Skip(1), c => Assert.InRange(c.At % 3000, 0, 1200));
    }

    [Fact]
    public void Noise_is_no_speech_whether_a_voice_detector_says_so_or_it_never_ends()
    {
        Run(20_000, Hum);
        Assert.Empty(_changes);
        Send(_people[1], Speech, voice: true);
        _now = _now.AddMilliseconds(2000);
        _room.Decide(_now);
        for (var i = 0; i < 100; i++, _now = _now.AddMilliseconds(20))
        {
            Send(_people[1], Speech, voice: false);
            _room.Decide(_now);
        }

        Assert.Null(_room.Current);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(60)]
    public void Packets_of_any_length_count_alike(int milliseconds)
    {
        for (var i = 0; i < 1200; i += milliseconds, _now = _now.AddMilliseconds(milliseconds))
        {
            Send(_people[0], Speech);
        }

        var score = _people[0].Score(_now.AddMilliseconds(-milliseconds));
        Assert.True(_room.Decide(_now.AddMilliseconds(-milliseconds)));
        Assert.Equal("a", _room.Current!.Sid);
        Assert.True(score.Long > 6); // nine or all ten parts of the second
    }

    [Fact]
    public void Who_leaves_or_is_muted_is_dominant_no_more()
    {
        Run(400, Speech, Silent);
        Run(600, Speech, Speech);
        Assert.Equal("a", _room.Current!.Sid);
        _room.Leave(_people[0]);
        Assert.Null(_room.Current);
        Run(600, Silent, Speech);
        Assert.Equal("b", _room.Current!.Sid);
    }

    [Fact]
    public void Observing_and_deciding_allocate_nothing()
    {
        Run(1000, Speech, Speech, Hum);
        Assert.Equal(0, Allocations.Least(_ =>
        {
            for (var i = 0; i < 1000; i++, _now = _now.AddMilliseconds(20))
            {
                foreach (var person in _people)
                {
                    Send(person, (byte)(i % 128));
                }

                _room.Decide(_now);
            }
        }));
    }

    /// <summary>Everybody sends a packet of 20 ms at these levels.</summary>
    private void Run(int milliseconds, params byte[] levels)
    {
        for (var end = _milliseconds + milliseconds; _milliseconds < end; _milliseconds += 20, _now = _now.AddMilliseconds(20))
        {
            if (_milliseconds % 300 == 0 && _room.Decide(_now))
            {
                _changes.Add((_milliseconds, _room.Current?.Sid));
            }

            for (var i = 0; i < levels.Length; i++)
            {
                Send(_people[i], levels[i]);
            }
        }
    }

    private void Send(SpeakerActivity person, byte level, bool voice = false) => _room.Observe(_now, person, new AudioLevel(voice, level));
}
