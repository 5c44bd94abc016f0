using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;

namespace Nexus.Gateway.Admin;

internal static class AdminEndpoints
{
    private const int MaxBody = 128 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("api/v1").WithTags("Admin").AddEndpointFilter(LogAct);
        MapRooms(api);
        MapActs(api);
        MapInvites(api);
        Get<OperatorEndpoints, NodesJson>(api, "nodes", "Media nodes.", Permit.Operate, (operators, _) => operators.Nodes());
        Get<OperatorEndpoints, LinksJson>(api, "links", "Relay links between nodes.", Permit.Operate, (_, _) => Task.FromResult(OperatorEndpoints.Links()));
        Get<OperatorEndpoints, TenantsJson>(api, "tenants", "Tenants of the configuration.", Permit.Operate, (operators, _) => operators.Tenants());
        Describe(
            api.MapPost("nodes/{id}/drain", (string id, HttpContext http, OperatorEndpoints operators) => operators.Drain(http.Caller(), http.Segment("id"), on: true)),
            "Has a node take no new sessions, and its rooms go to other nodes.", 202, Permit.Operate).Produces(202);
        Describe(
            api.MapDelete("nodes/{id}/drain", (string id, HttpContext http, OperatorEndpoints operators) => operators.Drain(http.Caller(), http.Segment("id"), on: false)),
            "Has a node take new sessions again.", 204, Permit.Operate);
        api.MapFallback("{**path}", () => new ProblemResult(StatusCodes.Status404NotFound, "NOT_FOUND", "There is no such path: /openapi/v1.json lists them.")).ExcludeFromDescription();
    }

    private static void MapRooms(RouteGroupBuilder api)
    {
        Get<Overview, OverviewJson>(api, "overview", "What the admin page shows, in one request.", Permit.Oversee, (overview, http) => overview.Read(http.Caller(), http));
        List<RoomsJson>(
            api, "rooms", "Rooms of the tenant, by name; ?search= part of a name, ?sort=name, participants, publishers or createdAt, ?order=asc or desc.", Permit.ListRooms,
            async (reads, page, http) => ListQueries.Rooms(http, page, out var refusal) is { } query ? await reads.Rooms(http.Caller(), query) : refusal!);
        List<TracksJson>(api, "tracks", "Tracks of all rooms.", Permit.Administer, (reads, page, http) => reads.AllTracks(http.Caller(), page));
        Get<RoomReads, RoomJson>(api, "rooms/{room}", "One room.", Permit.Administer, (reads, http) => reads.Room(http.Caller(), Room(http)));
        List<ParticipantsJson>(
            api, "rooms/{room}/participants", "Who is in the room, by identity; ?search= part of an identity or name.", Permit.Administer,
            async (reads, page, http) => ListQueries.Search(http, "search") is { } search
                ? await reads.Participants(http.Caller(), Room(http), page, search)
                : ListQueries.TooLong("search"));
        Get<RoomReads, ParticipantJson>(
            api, "rooms/{room}/participants/{identity}", "One participant.", Permit.Administer, (reads, http) => reads.Participant(http.Caller(), Room(http), Identity(http)));
        List<TracksJson>(
            api, "rooms/{room}/tracks", "What is published in the room, by publisher.", Permit.Administer, (reads, page, http) => reads.Tracks(http.Caller(), Room(http), page));
        Get<RoomWhy, WhyJson>(api, "rooms/{room}/why", "Why something does not flow; ?identity= and ?track= narrow it.", Permit.Administer, (why, http) =>
            why.Why(http.Caller(), Room(http), Query(http, "identity"), Query(http, "track")));
    }

    private static void MapActs(RouteGroupBuilder api)
    {
        Describe(
            api.MapPost("rooms", (HttpContext http, RoomActs acts) => Body<CreateRoomJson>(http, request => acts.Create(http.Caller(), request ?? new(null, null, null, null)))),
            "Makes a room, or changes its policy.", 201).Produces<RoomJson>(201);
        Describe(
            api.MapDelete("rooms/{room}", (string room, HttpContext http, RoomActs acts) => acts.Close(http.Caller(), Room(http))),
            "Ends a room for everyone.", 204, Permit.Administer);
        Describe(
            api.MapPost("rooms/{room}/lock", (string room, HttpContext http, RoomActs acts) => Body<LockJson>(http, request => acts.Lock(http.Caller(), Room(http), request?.Locked ?? true))),
            "Lets nobody new into a room, or lets them in again.", 204, Permit.Administer);
        Describe(
            api.MapPost("rooms/{room}/move", (string room, HttpContext http, RoomActs acts) => Body<MoveJson>(http, move => acts.Move(http.Caller(), Room(http), null, move ?? new(null, null)))),
            "Has a room go to another media node, with everyone in it.", 200, Permit.Administer).Produces<MovedJson>(200).WithProblems(409);
        Describe(
            api.MapPost("rooms/{room}/participants/{identity}/move", (string room, string identity, HttpContext http, RoomActs acts) =>
                Body<MoveJson>(http, move => acts.Move(http.Caller(), Room(http), Identity(http), move ?? new(null, null)))),
            "Has a participant go to another media node, when nobody else is in the room.", 200, Permit.Administer).Produces<MovedJson>(200).WithProblems(409);
        Describe(
            api.MapDelete("rooms/{room}/participants/{identity}", (string room, string identity, string? ban, HttpContext http, RoomActs acts) => acts.Remove(http.Caller(), Room(http), Identity(http), ban)),
            "Removes a participant; for so many seconds with ?ban=, 0 lifts a ban.", 204, Permit.Administer);
        Describe(
            api.MapPost("rooms/{room}/tracks/{sid}/mute", (string room, string sid, HttpContext http, RoomActs acts) => Mute(http, acts, identity: null)),
            "Mutes a track for all.", 204, Permit.Administer);
        Describe(
            api.MapPost("rooms/{room}/participants/{identity}/tracks/{sid}/mute", (string room, string identity, string sid, HttpContext http, RoomActs acts) => Mute(http, acts, Identity(http))),
            "Mutes a participant's track for all.", 204, Permit.Administer);
    }

    private static void MapInvites(RouteGroupBuilder api)
    {
        Describe(
            api.MapPost("invites", (HttpContext http, Invitations invitations) => Body<CreateInviteJson>(http, request => invitations.Create(http, request ?? new(null, null, null, null)))),
            "Makes a link by which people without a token come into a room.", 201).Produces<CreatedInviteJson>(201);
        Describe(
            api.MapGet("invites", async ([AsParameters] ListQuery _, HttpContext http, Invitations invitations) =>
                PageQuery.Read(http, out var refusal) is { } page ? await invitations.List(http.Caller(), Query(http, "room"), page) : refusal!),
            "Invites that are good; ?room= narrows it.", 200, Permit.Administer).Produces<InvitesJson>(200);
        Describe(
            api.MapDelete("invites/{id}", (string id, HttpContext http, Invitations invitations) => invitations.Revoke(http.Caller(), http.Segment("id"))),
            "Revokes an invite; who has come by it stays.", 204, Permit.Administer);
        api.MapPost("invites/redeem", (HttpContext http, Invitations invitations) => Body<RedeemJson>(http, request => invitations.Redeem(http, request ?? new(null, null, null))))
            .WithSummary("A token for somebody who was invited.").Produces<RedeemedJson>(200).WithProblems(400, 404, 410, 429, 503);
    }

    private static Task<IResult> Mute(HttpContext http, RoomActs acts, string? identity) =>
        Body<MuteJson>(http, mute => acts.Mute(http.Caller(), Room(http), identity, http.Segment("sid"), mute?.Muted ?? true));

    private static void Get<TService, TJson>(RouteGroupBuilder api, string path, string summary, Permit permit, Func<TService, HttpContext, Task<IResult>> read)
        where TService : notnull =>
        Describe(api.MapGet(path, (HttpContext http, TService service) => read(service, http)), summary, 200, permit).Produces<TJson>(200);

    /// <summary>A list is told in parts: at most <paramref name="read"/>'s limit at once, the rest from <c>next</c> on.</summary>
    private static void List<TJson>(RouteGroupBuilder api, string path, string summary, Permit permit, Func<RoomReads, PageQuery, HttpContext, Task<IResult>> read) =>
        Describe(
            api.MapGet(path, async ([AsParameters] ListQuery _, HttpContext http, RoomReads reads) =>
                PageQuery.Read(http, out var refusal) is { } page ? await read(reads, page, http) : refusal!),
            summary, 200, permit).Produces<TJson>(200);

    /// <param name="permits">What is asked for before the endpoint is called; a good token always.</param>
    private static RouteHandlerBuilder Describe(RouteHandlerBuilder endpoint, string summary, int status, params Permit[] permits) =>
        (status == 204 ? endpoint.Produces(204) : endpoint).WithSummary(summary).WithProblems(400, 401, 403, 404, 503).Requires(permits);

    /// <summary>Reads are no acts.</summary>
    private static async ValueTask<object?> LogAct(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        object? result = await next(call);
        HttpContext http = call.HttpContext;
        if (!HttpMethods.IsGet(http.Request.Method) && http.User.Identity is CallerIdentity { Caller: var caller })
        {
            string outcome = result is ProblemResult { Problem.Code: var code } ? code : "done";
            http.RequestServices.GetRequiredService<GatewayState>().LogAct($"{http.Request.Method} {http.Request.Path}", outcome, caller.Identity, caller.Key.Key);
        }

        return result;
    }

    /// <summary>Reads a JSON body; null when there is none.</summary>
    private static async Task<IResult> Body<T>(HttpContext http, Func<T?, Task<IResult>> act) where T : class
    {
        var (text, refusal) = await BodyReader.ReadText(http.Request, MaxBody);
        if (refusal is not null)
        {
            return refusal;
        }

        try
        {
            return await act(string.IsNullOrWhiteSpace(text) ? null : JsonSerializer.Deserialize<T>(text, Json));
        }
        catch (JsonException e)
        {
            return new ProblemResult(StatusCodes.Status400BadRequest, "BAD_REQUEST", $"The body is not the JSON that is expected here: {e.Message.Split('.')[0]}");
        }
    }

    /// <summary>For the description of the API; read by <see cref="PageQuery"/>, which names what is wrong.</summary>
    /// <param name="Limit">1 to 1000; 500 when left out.</param>
    /// <param name="After">The <c>next</c> of the part before.</param>
    private sealed record ListQuery([property: FromQuery(Name = "limit")] string? Limit, [property: FromQuery(Name = "after")] string? After);

    private static string? Query(HttpContext http, string name) => http.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;

    private static string Room(HttpContext http) => http.Segment("room");

    private static string Identity(HttpContext http) => http.Segment("identity");
}
