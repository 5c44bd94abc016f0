using System.Collections.Immutable;
using Nexus.Core;

namespace Nexus.Grains.Tests.Core;

public sealed class GatewayBookTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly GatewayBook<int> _book = new();

    [Fact]
    public void A_gateway_that_is_not_heard_of_for_its_lease_is_gone_with_those_it_held()
    {
        _book.Hear("GW_1", 1, Start);
        _book.Hear("GW_2", 2, Start);
        _book.Note("ada", [("GW_1", 1), ("GW_1", 1)], [], Start);
        _book.Note("bob", [("GW_2", 2)], [], Start);
        _book.Hear("GW_2", 2, Start + TimeSpan.FromSeconds(10));
        Assert.Equal(Start + GatewayBook<int>.Lease, _book.NextEnd);
        Assert.Empty(_book.Expire(Start + GatewayBook<int>.Lease - TimeSpan.FromTicks(1)));

        (string gone, ImmutableArray<string> held) = Assert.Single(_book.Expire(Start + GatewayBook<int>.Lease));
        Assert.Equal(("GW_1", "ada"), (gone, Assert.Single(held)));
        Assert.Equal([2], _book.All);
    }

    [Fact]
    public void A_gateway_of_another_region_may_be_unheard_of_for_longer_and_none_for_ever()
    {
        _book.Hear("GW_far", 1, Start, TimeSpan.FromMinutes(2));
        Assert.Equal(Start + TimeSpan.FromMinutes(2), _book.NextEnd);
        _book.Hear("GW_far", 1, Start, TimeSpan.FromDays(2));
        Assert.Equal(Start + GatewayBook<int>.LongestLease, _book.NextEnd);
        _book.Hear("GW_far", 1, Start, TimeSpan.FromSeconds(1));
        Assert.Equal(Start + GatewayBook<int>.Lease, _book.NextEnd);
        _book.Remove("GW_far");
        _book.Meet("GW_far", 1, Start, TimeSpan.FromMinutes(3));
        _book.Note("ada", [("GW_far", 1)], [], Start);
        Assert.Equal(Start + TimeSpan.FromMinutes(3), _book.NextEnd);
    }

    [Fact]
    public void Who_holds_a_participant_is_as_it_was_noted_last()
    {
        _book.Note("ada", [("GW_1", 1)], ["SE_b"], Start);
        _book.Note("ada", [("GW_2", 2)], [], Start);
        Assert.Empty(_book.Sought);
        Assert.Empty(_book.Remove("GW_1"));
        Assert.Equal(["ada"], _book.Remove("GW_2"));
        _book.Note("ada", [], ["SE_a"], Start);
        Assert.Empty(_book.Remove("GW_2"));
        Assert.Equal(["SE_a"], _book.Sought);
        _book.Note("ada", [], [], Start);
        Assert.Empty(_book.Sought);
    }

    [Fact]
    public void A_gateway_that_brings_a_client_before_it_was_heard_of_is_there_for_a_lease()
    {
        _book.Note("ada", [("GW_1", 1)], [], Start);
        Assert.Equal(Start + GatewayBook<int>.Lease, _book.NextEnd);
        _book.Note("bob", [("GW_1", 1)], [], Start + TimeSpan.FromSeconds(10)); // its own word alone renews
        Assert.Equal(Start + GatewayBook<int>.Lease, _book.NextEnd);
    }

    [Fact]
    public void While_we_stood_still_no_lease_ended()
    {
        _book.Hear("GW_1", 1, Start);
        _book.Extend(TimeSpan.FromSeconds(50));
        Assert.Empty(_book.Expire(Start + TimeSpan.FromSeconds(60)));
        Assert.Single(_book.Expire(Start + TimeSpan.FromSeconds(80)));
    }
}
