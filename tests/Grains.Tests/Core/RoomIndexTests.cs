using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Grains.Tests.Core;

/// <summary>The list of a tenant's rooms: searched, sorted, in pages.</summary>
public sealed class RoomIndexTests
{
    private readonly RoomIndex _index = new();

    public RoomIndexTests()
    {
        for (int i = 0; i < 100; i++)
        {
            _index.Put(new($"{(i % 2 == 0 ? "Lesson" : "office")}-{i:D3}", DateTimeOffset.UnixEpoch.AddSeconds(100 - i), Participants: i % 7, Publishers: i % 3));
        }
    }

    [Theory]
    [InlineData(RoomOrder.Name, false)]
    [InlineData(RoomOrder.Name, true)]
    [InlineData(RoomOrder.Participants, true)]
    [InlineData(RoomOrder.Participants, false)]
    [InlineData(RoomOrder.Publishers, true)]
    [InlineData(RoomOrder.CreatedAt, false)]
    [InlineData(RoomOrder.CreatedAt, true)]
    public void Pages_in_any_order_hold_each_room_once_and_end(RoomOrder order, bool descending)
    {
        var all = _index.Find(new() { Order = order, Descending = descending }).Names;
        Assert.Equal(100, all.Distinct().Count());
        var paged = new List<string>();
        for (string? after = ""; after is not null;)
        {
            RoomNames page = _index.Find(new() { Order = order, Descending = descending, After = after, Limit = 7 });
            Assert.InRange(page.Names.Length, page.Next is null ? 0 : 7, 7);
            paged.AddRange(page.Names);
            after = page.Next;
        }

        Assert.Equal(all, paged);
    }

    [Fact]
    public void The_fullest_rooms_come_first_and_equals_by_name()
    {
        RoomNames found = _index.Find(new() { Order = RoomOrder.Participants, Descending = true, Limit = 3 });
        Assert.Equal(["Lesson-006", "Lesson-020", "Lesson-034"], found.Names);
        Assert.Equal((100, 100, Enumerable.Range(0, 100).Sum(i => i % 7)), (found.Total, found.Matching, found.Participants));
    }

    [Fact]
    public void Search_finds_part_of_a_name_in_any_case_and_counts()
    {
        RoomNames found = _index.Find(new() { Search = "lesson-0", Limit = 5 });
        Assert.Equal((100, 50), (found.Total, found.Matching));
        Assert.Equal("Lesson-000", found.Names[0]);
        Assert.Equal(0, _index.Find(new() { Search = "nowhere" }).Matching);
    }

    [Fact]
    public void A_page_goes_on_after_the_last_room_when_that_one_has_gone()
    {
        string next = _index.Find(new() { Order = RoomOrder.Participants, Descending = true, Limit = 1 }).Next!;
        _index.Remove("Lesson-006");
        Assert.Equal("Lesson-020", _index.Find(new() { Order = RoomOrder.Participants, Descending = true, Limit = 1, After = next }).Names.Single());
    }

    [Theory]
    [InlineData(RoomOrder.Name, false)]
    [InlineData(RoomOrder.Name, true)]
    [InlineData(RoomOrder.Participants, true)]
    [InlineData(RoomOrder.CreatedAt, false)]
    public void Pages_of_several_regions_join_to_the_list_of_all(RoomOrder order, bool descending)
    {
        RoomIndex[] regions = [new(), new(), new()];
        for (int i = 0; i < 100; i++)
        {
            regions[i % 10 == 0 ? 0 : i % 3].Put(new($"{(i % 2 == 0 ? "Lesson" : "office")}-{i:D3}", DateTimeOffset.UnixEpoch.AddSeconds(100 - i), Participants: i % 7, Publishers: i % 3));
        }

        var paged = new List<string>();
        for (string? after = ""; after is not null;)
        {
            var query = new RoomQuery { Order = order, Descending = descending, After = after, Limit = 7 };
            (var page, after) = RoomIndex.Merge(query, [.. regions.Select((r, i) => ($"{i}", r.Find(query)))]);
            Assert.InRange(page.Length, after is null ? 0 : 7, 7);
            Assert.All(page, p => Assert.True(regions[int.Parse(p.Region)].Contains(p.Name)));
            paged.AddRange(page.Select(p => p.Name));
        }

        Assert.Equal(_index.Find(new() { Order = order, Descending = descending }).Names, paged);
    }

    [Fact]
    public void What_changed_is_found_in_its_new_place()
    {
        _index.Put(new("office-001", DateTimeOffset.UnixEpoch, Participants: 900, Publishers: 0));
        Assert.Equal("office-001", _index.Find(new() { Order = RoomOrder.Participants, Descending = true, Limit = 1 }).Names.Single());
        Assert.Equal(100, _index.Count);
    }
}
