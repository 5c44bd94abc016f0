using Nexus.Gateway.Adapters.LiveKit;
using Nexus.TestKit.Net;

namespace Nexus.Gateway.Tests.LiveKit;

public sealed class IntroductionsTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly HashSet<string> _known = [];
    private readonly List<string> _said = [];
    private readonly Introductions _introductions;

    public IntroductionsTests() => _introductions = new(_known.Contains, _time);

    public void Dispose() => _introductions.Dispose();

    [Fact]
    public void What_names_nobody_or_people_who_are_known_is_said_at_once()
    {
        Say("a");
        _known.Add("PA_1");
        Say("b", "PA_1");
        Assert.Equal(["a", "b"], _said);
    }

    [Fact]
    public void What_names_somebody_else_waits_until_he_is_known_and_what_comes_after_it_too()
    {
        _known.Add("PA_1");
        Say("a", "PA_1", "PA_2");
        Say("b", "PA_1");
        Say("c", "PA_3");
        _introductions.Release();
        Assert.Empty(_said);
        _known.Add("PA_2");
        _introductions.Release();
        Assert.Equal(["a", "b"], _said);
        _known.Add("PA_3");
        _introductions.Release();
        Assert.Equal(["a", "b", "c"], _said);
    }

    [Fact]
    public void Nothing_waits_for_longer_than_the_longest_and_later_words_wait_anew()
    {
        Say("a", "PA_1");
        _time.Advance(Introductions.Longest);
        Assert.Equal(["a"], _said);
        Say("b", "PA_2");
        _time.Advance(Introductions.Longest / 2);
        Assert.Equal(["a"], _said);
        _time.Advance(Introductions.Longest);
        Assert.Equal(["a", "b"], _said);
    }

    [Fact]
    public void Nothing_is_said_any_more_after_the_end()
    {
        Say("a", "PA_1");
        _introductions.Dispose();
        _known.Add("PA_1");
        _introductions.Release();
        _time.Advance(Introductions.Longest);
        Assert.Empty(_said);
    }

    private void Say(string what, params string[] names) => _introductions.Say(() => _said.Add(what), [.. names]);
}
