using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Grains.Tests.Core;

public sealed class RoomJournalTests
{
    private readonly RoomJournal _journal = new(7);

    [Fact]
    public void What_was_told_since_a_version_is_known_delta_by_delta()
    {
        Tell("a");
        Tell("b");
        Assert.Equal([1, 2], _journal.Since(new(7, 0))!.Value.Select(d => d.To));
        Assert.Equal([2], _journal.Since(new(7, 1))!.Value.Select(d => d.To));
        Assert.Empty(_journal.Since(new(7, 2))!.Value);
        _journal.Changed(Person("c", "")); // not told yet
        Assert.Empty(_journal.Since(new(7, 2))!.Value);
    }

    [Fact]
    public void A_version_of_another_epoch_or_of_the_future_is_not_known()
    {
        Tell("a");
        Assert.Null(_journal.Since(RoomVersion.None));
        Assert.Null(_journal.Since(new(6, 1)));
        Assert.Null(_journal.Since(new(7, 2)));
        Assert.Empty(new RoomJournal(7).Since(new(7, 0))!.Value);
    }

    [Fact]
    public void A_version_in_the_middle_of_a_delta_gets_that_delta()
    {
        _journal.Changed(Person("a", ""));
        _journal.Changed(Person("b", ""));
        _journal.Take();
        Assert.Equal((0, 2), (_journal.Since(new(7, 1))!.Value.Single().From, _journal.Since(new(7, 1))!.Value.Single().To));
    }

    [Fact]
    public void What_is_kept_is_bounded_in_number()
    {
        for (int i = 0; i < RoomJournal.MostKept + 5; i++)
        {
            Tell($"p{i}");
        }

        Assert.Null(_journal.Since(new(7, 4)));
        Assert.Equal(RoomJournal.MostKept, _journal.Since(new(7, 5))!.Value.Length);
    }

    [Fact]
    public void What_is_kept_is_bounded_in_octets()
    {
        string much = new('m', RosterPages.MostOctets / 3);
        for (int i = 0; i < 5; i++)
        {
            Tell($"p{i}", much);
        }

        Assert.Null(_journal.Since(new(7, 2)));
        Assert.Equal(2, _journal.Since(new(7, 3))!.Value.Length);
        Tell("giant", new('m', RosterPages.MostOctets));
        Assert.Null(_journal.Since(new(7, 5)));
        Assert.Empty(_journal.Since(new(7, 6))!.Value);
    }

    private void Tell(string identity, string metadata = "")
    {
        _journal.Changed(Person(identity, metadata));
        _journal.Take();
    }

    private static ParticipantView Person(string identity, string metadata) =>
        new() { Sid = $"PA_{identity}", Identity = identity, State = ParticipantState.Active, Metadata = metadata };
}
