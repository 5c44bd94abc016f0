using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Gateway.Sessions;

/// <summary>A region that gave no answer: what is there is not in the list.</summary>
/// <param name="Since">It was heard of last then; null when that was never, since this process started.</param>
public sealed record SilentRegion(string Region, DateTimeOffset? Since);

/// <summary>What the regions said that were asked, each for itself.</summary>
public sealed record RegionAnswers<T>(ImmutableArray<(string Region, T Answer)> Heard, ImmutableArray<SilentRegion> Silent);

/// <summary>A page of a tenant's rooms of all regions. As <see cref="RoomNames"/>.</summary>
public sealed record RoomList(int Total, int Matching, int Participants, ImmutableArray<RoomSite> Rooms, string? Next, ImmutableArray<SilentRegion> Silent)
{
    /// <param name="at">A room of a region.</param>
    public static RoomList Of(RoomQuery query, RegionAnswers<RoomNames> answers, Func<string, string, RoomSite> at)
    {
        (ImmutableArray<(string Region, string Name)> names, string? next) = RoomIndex.Merge(query, answers.Heard);
        return new(
            answers.Heard.Sum(a => a.Answer.Total),
            answers.Heard.Sum(a => a.Answer.Matching),
            answers.Heard.Sum(a => a.Answer.Participants),
            [.. names.Select(n => at(n.Region, n.Name))],
            next,
            answers.Silent);
    }
}
