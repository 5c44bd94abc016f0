using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains.Tests.Core;

/// <summary>How much people may say of themselves, and how a roster of such people is cut.</summary>
public sealed class ProfileLimitsTests
{
    private static readonly ImmutableDictionary<string, string> None = ImmutableDictionary<string, string>.Empty;

    /// <summary>A profile that is as long as may be, and one that is longer by one.</summary>
    public static TheoryData<string, Func<int, LinkError?>> Profiles => new()
    {
        { "name", more => ProfileLimits.Refusal(Text(256 + more), "", None) },
        { "metadata", more => ProfileLimits.Refusal("", Text(65536 + more), None) },
        { "metadata, in octets", more => ProfileLimits.Refusal("", new string('ä', 32768) + Text(more), None) },
        { "attributes together", more => ProfileLimits.Refusal("", "", None.Add("a", Text(32767)).Add("b", Text(32767 + more))) },
        { "attributes together, in octets", more => ProfileLimits.Refusal("", "", None.Add("ä", new string('ä', 32767) + Text(more))) },
        { "number of attributes", more => ProfileLimits.Refusal("", "", Enumerable.Range(0, 64 + more).ToImmutableDictionary(i => $"{i}", _ => "")) },
        { "key", more => ProfileLimits.Refusal("", "", None.Add(Text(256 + more), "")) },
        { "client", more => ProfileLimits.Refusal("", "", None, Text(8192 + more)) },
        { "name of a track", more => ProfileLimits.Refusal([Track(Text(256 + more), "")]) },
        { "details of a track", more => ProfileLimits.Refusal([Track("", ""), Track("", Text(8192 + more))]) },
        { "metadata of a room", more => ProfileLimits.RefusalOfMetadata(Text(65536 + more)) },
    };

    [Theory]
    [MemberData(nameof(Profiles), DisableDiscoveryEnumeration = true)]
    public void What_is_as_long_as_may_be_is_taken_and_one_more_is_refused_by_name(string what, Func<int, LinkError?> refusal)
    {
        Assert.Null(refusal(0));
        LinkError refused = refusal(1)!;
        Assert.True(refused.Code == ReasonCodes.LimitExceeded, what);
    }

    [Fact]
    public void A_key_without_a_name_is_none() =>
        Assert.Equal(ReasonCodes.LimitExceeded, ProfileLimits.Refusal("", "", None.Add("", "v"))!.Code);

    [Theory]
    [InlineData(1000, 'x', 0, new[] { 200, 200, 200, 200, 200 })] // by people
    [InlineData(7, 'x', 65536, new[] { 3, 3, 1 })] // by octets
    [InlineData(3, '"', 65536, new[] { 1, 1, 1 })] // as JSON escapes them: one alone may be longer
    [InlineData(0, 'x', 0, new int[0])]
    public void A_roster_is_cut_by_people_and_by_octets_and_nobody_is_left_out(int people, char letter, int metadata, int[] expected)
    {
        ImmutableArray<ParticipantView> everyone =
        [
            .. Enumerable.Range(0, people).Select(i => new ParticipantView { Sid = $"PA_{i}", Identity = $"{i}", State = ParticipantState.Active, Metadata = new string(letter, metadata) }),
        ];
        ImmutableArray<ParticipantView>[] pages = [.. RosterPages.Cut(everyone)];
        Assert.Equal(expected, pages.Select(p => p.Length));
        Assert.Equal(everyone, pages.SelectMany(p => p));
        (ImmutableArray<ParticipantView> first, bool hasMore) = RosterPages.First(everyone);
        Assert.Equal((pages.FirstOrDefault([]).Length, pages.Length > 1), (first.Length, hasMore));
    }

    private static string Text(int length) => new('x', length);

    private static Publication Track(string name, string details) => new() { Mid = "0", Source = "camera", Name = name, Details = details };
}
