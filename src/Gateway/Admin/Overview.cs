using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Nexus.Gateway.Auth;

namespace Nexus.Gateway.Admin;

/// <summary>
/// What the admin page shows, in one request: nodes, a page of rooms, and of the room that is open a page of its people. Each caller
/// sees what is its: nodes are an operator's, rooms the tenant's, and a token for one room has that room alone.
/// </summary>
internal sealed class Overview(RoomReads reads, RoomWhy why, OperatorEndpoints operators)
{
    /// <summary>Where more are in, finding out what one of them does not get means going through all of them: not every two seconds.</summary>
    private const int MostForFindings = 500;

    /// <summary>Query: that of the list of rooms; <c>room</c>, of it <c>people</c> (search) and <c>peopleAfter</c>, and <c>identity</c>, whose findings are told.</summary>
    public async Task<IResult> Read(Caller caller, HttpContext http)
    {
        if (PageQuery.Read(http, out var refusal) is not { } page || ListQueries.Rooms(http, page, out refusal) is not { } query)
        {
            return refusal!;
        }

        if (ListQueries.Search(http, "people") is not { } people)
        {
            return ListQueries.TooLong("people");
        }

        string only = caller.Grants.Room ?? "", open = http.Request.Query["room"].ToString();
        Task<RoomsJson> rooms = caller.Grants.RoomList ? Listed(reads.Rooms(caller, query)) : Alone(caller, only);
        Task<OpenRoomJson?> opened = Open(caller, open, new(http.Request.Query["peopleAfter"].ToString(), page.Limit), people, http.Request.Query["identity"].ToString());
        NodesJson? nodes = caller.MayOperate ? Value<NodesJson>(await operators.Nodes()) : null;
        return Results.Json(new OverviewJson(caller.Tenant.Name, nodes?.Nodes, await rooms, await opened) { UnheardRegions = nodes?.UnheardRegions ?? (await rooms).UnheardRegions });
    }

    private static async Task<RoomsJson> Listed(Task<IResult> list) => Value<RoomsJson>(await list)!;

    private async Task<RoomsJson> Alone(Caller caller, string room) =>
        Value<RoomJson>(await reads.Room(caller, room)) is { } one ? new([one], null, 1, 1, one.NumParticipants) : new([], null, 0, 0, 0);

    /// <summary>Null when none is asked for, it has ended, or it is not the caller's.</summary>
    private async Task<OpenRoomJson?> Open(Caller caller, string room, PageQuery page, string search, string identity)
    {
        if (room.Length == 0
            || Permit.Administer.Refusal(caller, room) is not null
            || Value<RoomJson>(await reads.Room(caller, room)) is not { } summary
            || Value<ParticipantsJson>(await reads.Participants(caller, room, page, search)) is not { } people)
        {
            return null;
        }

        WhyJson? findings = identity.Length > 0 && summary.NumParticipants <= MostForFindings ? Value<WhyJson>(await why.Why(caller, room, identity, null)) : null;
        return new(summary, people.Participants, people.Next, people.Unanswered, findings?.Findings);
    }

    private static T? Value<T>(IResult result) where T : class => (result as JsonHttpResult<T>)?.Value;
}

/// <param name="Nodes">Null for who is no operator.</param>
/// <param name="Open">The room that was asked for; null when there is none of that name.</param>
public sealed record OverviewJson(string Tenant, IReadOnlyList<NodeJson>? Nodes, RoomsJson Rooms, OpenRoomJson? Open)
{
    /// <inheritdoc cref="NodesJson.UnheardRegions"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SilentRegionJson>? UnheardRegions { get; init; }
}

/// <param name="Next">What <c>?peopleAfter=</c> takes for the next part; null after the last.</param>
/// <param name="Findings">What the one who was asked for receives, and why not; null when nobody was asked for, or in rooms of more than 500.</param>
public sealed record OpenRoomJson(
    RoomJson Room, IReadOnlyList<ParticipantJson> Participants, string? Next, IReadOnlyList<string> Unanswered, IReadOnlyList<WhyFindingJson>? Findings);
