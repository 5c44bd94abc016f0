using System.Collections.Immutable;
using Orleans.Serialization;

namespace Nexus.Engine.Tests;

public sealed class CopyContractTests : EngineTest
{
    private IEchoGrain Echo => Grain<IEchoGrain>("e");

    [Fact]
    public async Task Members_with_ids_cross_and_others_do_not()
    {
        var back = await Echo.Box(new Box { Text = "t", Numbers = [1, 2], Secret = "s", Inner = new Box { Text = "i" } });
        Assert.Equal("t", back.Text);
        Assert.Equal([1, 2], back.Numbers);
        Assert.Equal("i", back.Inner!.Text);
        Assert.Equal("", back.Secret);
    }

    [Fact]
    public async Task A_grain_does_not_see_what_the_caller_changes_after_the_call()
    {
        var box = new Box { Text = "before", Numbers = [1] };
        await Echo.Keep(box);
        box.Text = "after";
        box.Numbers.Add(2);
        var kept = await Echo.Kept();
        Assert.Equal("before", kept.Text);
        Assert.Equal([1], kept.Numbers);
    }

    [Fact]
    public async Task A_caller_cannot_change_the_grain_through_a_result()
    {
        await Echo.Keep(new Box { Numbers = [1] });
        (await Echo.Kept()).Numbers.Add(2);
        Assert.Equal([1], (await Echo.Kept()).Numbers);
    }

    [Fact]
    public async Task Positional_records_cross_without_ids_on_their_parameters()
    {
        var pair = new Pair("l", ["a", "b"]) { Extra = 7 };
        var back = await Echo.Pair(pair);
        Assert.NotSame(pair, back);
        Assert.Equal("l", back.Left);
        Assert.Equal(["a", "b"], back.Right.AsEnumerable());
        Assert.Equal(7, back.Extra);
    }

    [Fact]
    public async Task Derived_types_keep_their_type()
        => Assert.Equal(new Circle(2.5), await Echo.Shape(new Circle(2.5)));

    public static TheoryData<object> Values => new(
        1, 2L, 3.5, 'c', true, "text", Guid.Parse("11111111-2222-3333-4444-555555555555"), DayOfWeek.Friday,
        new DateTimeOffset(2026, 11, 21, 1, 2, 3, TimeSpan.FromHours(1)), TimeSpan.FromSeconds(5), new byte[] { 1, 2, 3 },
        new List<string> { "a" }, new Dictionary<string, int> { ["a"] = 1 }, new HashSet<int> { 1 }, ImmutableArray.Create(1, 2),
        ImmutableList.Create("x"), ImmutableDictionary<string, string>.Empty.Add("k", "v"), new[] { "a", "b" }, (1, "two"));

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Values_of_the_dialect_cross(object value)
    {
        var back = await Echo.Object(value);
        Assert.IsType(value.GetType(), back);
        Assert.Equal(value, back);
    }

    [Fact]
    public async Task A_type_without_GenerateSerializer_is_refused()
        => await Assert.ThrowsAsync<CodecNotFoundException>(() => Echo.Object(new Stranger()));

    [Fact]
    public async Task One_object_passed_twice_arrives_as_one_object()
    {
        var box = new Box();
        Assert.True(await Echo.SameTwice(box, box));
        Assert.False(await Echo.SameTwice(box, new Box()));
    }

    [Fact]
    public async Task A_cycle_of_objects_crosses()
    {
        var box = new Box { Text = "self" };
        box.Inner = box;
        var back = await Echo.Box(box);
        Assert.NotSame(box, back);
        Assert.Same(back, back.Inner);
    }

    [Fact]
    public async Task Nulls_cross()
    {
        Assert.Null(await Echo.Box(null!));
        Assert.Null(await Echo.Object(null!));
        Assert.Null((await Echo.Box(new Box { Text = null! })).Text);
    }

    [Fact]
    public async Task Exceptions_cross_with_their_type_and_message()
    {
        var failure = await Assert.ThrowsAsync<TestFailureException>(() => Echo.Fail("why"));
        Assert.Equal("why", failure.Message);
    }

    [Fact]
    public async Task References_to_one_grain_are_equal_and_can_be_passed()
    {
        var self = await Echo.Self();
        Assert.Equal(Echo, self);
        Assert.Equal("e", await self.Key());
        Assert.Equal(self, await Echo.Object(self));
        Assert.NotEqual(Echo, Grain<IEchoGrain>("other"));
    }
}
