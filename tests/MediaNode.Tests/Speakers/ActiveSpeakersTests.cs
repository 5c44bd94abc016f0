using Nexus.MediaNode.Speakers;

namespace Nexus.MediaNode.Tests.Speakers;

public sealed class ActiveSpeakersTests
{
    private static readonly AudioLevelReading Silent = AudioLevelReading.Silence;
    private static readonly AudioLevelReading Speech = new(0.1f, 35, 0.9f);
    private static readonly AudioLevelReading Shout = new(0.4f, 50, 1);
    private static readonly AudioLevelReading Click = new(0.3f, 8, 0.2f);
    private static readonly AudioLevelReading Hum = new(0.003f, 10, 0);

    private const ushort Never = ushort.MaxValue;

    private readonly ActiveSpeakers _room = new();

    [Fact]
    public void Speech_is_told_at_the_end_of_its_first_window_and_its_end_after_a_second()
    {
        Assert.True(Step(("a", Speech), ("b", Silent)));
        Assert.Equal(["a"], Named());
        Steps(3, ("a", Speech), ("b", Silent));
        Step(("a", Silent), ("b", Silent));
        Step(("a", Silent), ("b", Silent));
        Assert.Equal(["a"], Named());
        Assert.True(Step(("a", Silent), ("b", Silent)));
        Assert.Empty(Named());
    }

    [Fact]
    public void A_click_is_no_speech_nor_is_a_hum()
    {
        Assert.False(Step(("a", Click), ("b", Hum)));
        Assert.False(Step(("a", Silent), ("b", Hum)));
        Assert.False(Step(("a", Click), ("b", Hum)));
        Assert.Empty(Named());
    }

    [Fact]
    public void Levels_are_told_when_they_change_by_steps_that_one_sees()
    {
        Steps(5, ("a", Speech));
        Assert.InRange(_room.Speakers.Single().Level, 0.08, 0.12);
        Assert.False(Step(("a", Speech with { Level = 0.105f })));
        Assert.True(Step(("a", Shout)));
        Assert.InRange(_room.Speakers.Single().Level, 0.25, 0.36);
        Steps(5, ("a", Shout with { Level = 3 }));
        Assert.Equal(1, _room.Speakers.Single().Level);
    }

    [Fact]
    public void Who_is_muted_or_gone_is_silent_at_once()
    {
        Steps(5, ("a", Speech), ("b", Speech));
        Assert.True(Step(("b", Speech)));
        Assert.Equal(["b"], Named());
        Step(("a", Silent), ("b", Speech));
        Assert.Equal(["b"], Named());
    }

    [Fact]
    public void Who_dominates_is_named_first_then_who_did_before_then_the_others_as_they_came()
    {
        Ranked(("a", Speech, Never), ("b", Speech, Never));
        Assert.Equal(["a", "b"], Named());
        Ranked(("a", Speech, Never), ("b", Speech, Never), ("c", Speech, 0));
        Assert.Equal(["c", "a", "b"], Named());
        Ranked(("a", Speech, Never), ("b", Speech, 0), ("c", Speech, 1));
        Assert.Equal(["b", "c", "a"], Named());
        Ranked(("a", Speech, Never), ("b", Silent, 1), ("c", Speech, 0));
        Assert.Equal(["c", "b", "a"], Named());
    }

    [Fact]
    public void No_more_than_sixteen_are_named()
    {
        Step([.. Enumerable.Range(0, 40).Select(i => ($"p{i}", Speech))]);
        Assert.Equal(ActiveSpeakers.MostSpeakers, _room.Speakers.Length);
    }

    private bool Step(params (string Sid, AudioLevelReading Level)[] heard) => Ranked([.. heard.Select(h => (h.Sid, h.Level, Never))]);

    private bool Ranked(params (string Sid, AudioLevelReading Level, ushort Rank)[] heard) =>
        _room.Step(heard.ToDictionary(h => h.Sid, h => new VoiceReading(h.Level, h.Rank)));

    private void Steps(int windows, params (string Sid, AudioLevelReading Reading)[] heard)
    {
        for (var i = 0; i < windows; i++)
        {
            Step(heard);
        }
    }

    private string[] Named() => [.. _room.Speakers.Select(s => s.ParticipantSid)];
}
