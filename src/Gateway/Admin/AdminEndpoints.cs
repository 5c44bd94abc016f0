using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
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
        var api = routes.MapGroup("api/v1").WithTags("Admin");
        MapRooms(api);
        MapActs(api);
        Get<OperatorEndpoints, NodesJson>(api, "nodes", "Media nodes.", (operators, caller, _) => operators.Nodes(caller));
        Get<OperatorEndpoints, LinksJson>(api, "links", "Relay links between nodes.", (_, caller, _) => Task.FromResult(OperatorEndpoints.Links(caller)));
        Describe(api.MapPost("nodes/{id}/drain", (string id, HttpContext http, OperatorEndpoints operators) =>
            As(http, caller => operators.Drain(caller, http.Segment("id", 3)))), "Has a node take no new sessions.", 202).Produces(202);
        api.MapFallback("{**path}", () => new ProblemResult(StatusCodes.Status404NotFound, "NOT_FOUND", "There is no such path: /openapi/v1.json lists them.")).ExcludeFromDescription();
        Get<OperatorEndpoints, TenantsJson>(api, "tenants", "Tenants of the configuration.", (operators, caller, _) => operators.Tenants(caller));
    }

    private static void MapRooms(RouteGroupBuilder api)
    {
        List<RoomsJson>(api, "rooms", "Rooms of the tenant, by name.", (reads, caller, page, _) => reads.Rooms(caller, page));
        List<TracksJson>(api, "tracks", "Tracks of all rooms.", (reads, caller, page, _) => reads.AllTracks(caller, page));
        Get<RoomReads, RoomJson>(api, "rooms/{room}", "One room.", (reads, caller, http) => reads.Room(caller, Room(http)));
        List<ParticipantsJson>(
            api, "rooms/{room}/participants", "Who is in the room, by identity.", (reads, caller, page, http) => reads.Participants(caller, Room(http), page));
        Get<RoomReads, ParticipantJson>(
            api, "rooms/{room}/participants/{identity}", "One participant.", (reads, caller, http) => reads.Participant(caller, Room(http), Identity(http)));
        List<TracksJson>(
            api, "rooms/{room}/tracks", "What is published in the room, by publisher.", (reads, caller, page, http) => reads.Tracks(caller, Room(http), page));
        Get<RoomWhy, WhyJson>(api, "rooms/{room}/why", "Why something does not flow; ?identity= and ?track= narrow it.", (why, caller, http) =>
            why.Why(caller, Room(http), Query(http, "identity"), Query(http, "track")));
    }

    private static void MapActs(RouteGroupBuilder api)
    {
        Describe(api.MapPost("rooms", (HttpContext http, RoomActs acts) => As(http, caller =>
            Body<CreateRoomJson>(http, request => acts.Create(caller, request ?? new(null, null, null, null))))), "Makes a room, or changes its policy.", 201).Produces<RoomJson>(201);
        Describe(api.MapDelete("rooms/{room}", (string room, HttpContext http, RoomActs acts) => As(http, caller => acts.Close(caller, Room(http)))), "Ends a room for everyone.", 204);
        Describe(api.MapPost("rooms/{room}/lock", (string room, HttpContext http, RoomActs acts) => As(http, caller =>
            Body<LockJson>(http, request => acts.Lock(caller, Room(http), request?.Locked ?? true)))), "Lets nobody new into a room, or lets them in again.", 204);
        Describe(api.MapDelete("rooms/{room}/participants/{identity}", (string room, string identity, string? ban, HttpContext http, RoomActs acts) =>
            As(http, caller => acts.Remove(caller, Room(http), Identity(http), ban))), "Removes a participant; for so many seconds with ?ban=, 0 lifts a ban.", 204);
        Describe(api.MapPost("rooms/{room}/tracks/{sid}/mute", (string room, string sid, HttpContext http, RoomActs acts) => As(http, caller =>
            Body<MuteJson>(http, mute => acts.Mute(caller, Room(http), null, http.Segment("sid", 5), mute?.Muted ?? true)))), "Mutes a track for all.", 204);
        Describe(api.MapPost("rooms/{room}/participants/{identity}/tracks/{sid}/mute", (string room, string identity, string sid, HttpContext http, RoomActs acts) => As(http, caller =>
            Body<MuteJson>(http, mute => acts.Mute(caller, Room(http), Identity(http), http.Segment("sid", 7), mute?.Muted ?? true)))), "Mutes a participant's track for all.", 204);
    }

    private static void Get<TService, TJson>(RouteGroupBuilder api, string path, string summary, Func<TService, Caller, HttpContext, Task<IResult>> read)
        where TService : notnull =>
        Describe(api.MapGet(path, (HttpContext http, TService service) => As(http, caller => read(service, caller, http))), summary, 200).Produces<TJson>(200);

    /// <summary>A list is told in parts: at most <paramref name="read"/>'s limit at once, the rest from <c>next</c> on.</summary>
    private static void List<TJson>(RouteGroupBuilder api, string path, string summary, Func<RoomReads, Caller, PageQuery, HttpContext, Task<IResult>> read) =>
        Describe(api.MapGet(path, ([AsParameters] ListQuery _, HttpContext http, RoomReads reads) => As(http, async caller =>
            PageQuery.Read(http, out var refusal) is { } page ? await read(reads, caller, page, http) : refusal!)), summary, 200).Produces<TJson>(200);

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder endpoint, string summary, int status) =>
        (status == 204 ? endpoint.Produces(204) : endpoint).WithSummary(summary).WithProblems(400, 401, 403, 404, 503);

    private static async Task<IResult> As(HttpContext http, Func<Caller, Task<IResult>> act)
    {
        var services = http.RequestServices;
        var (caller, refusal) = ((TokenVerifier)services.GetService(typeof(TokenVerifier))!).Authenticate(http.Request);
        if (refusal is not null)
        {
            return refusal;
        }

        IResult result = await act(caller!);
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            string outcome = result is ProblemResult { Problem.Code: var code } ? code : "done";
            ((GatewayState)services.GetService(typeof(GatewayState))!).LogAct($"{http.Request.Method} {http.Request.Path}", outcome, caller!.Identity, caller.Key.Key);
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

    private static string Room(HttpContext http) => http.Segment("room", 3);

    private static string Identity(HttpContext http) => http.Segment("identity", 5);
}
