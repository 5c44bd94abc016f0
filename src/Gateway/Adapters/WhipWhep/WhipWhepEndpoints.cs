using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.WhipWhep;

internal static class WhipWhepEndpoints
{
    private const string JoinMethods = "POST, OPTIONS";
    private const string SessionMethods = "PATCH, DELETE, OPTIONS";
    private const string StateMethods = "GET, OPTIONS";

    public static void MapWhipWhep(this IEndpointRouteBuilder routes)
    {
        MapLeg(routes, "whip", SessionLeg.Publish);
        MapLeg(routes, "whep", SessionLeg.Play);
    }

    private static void MapLeg(IEndpointRouteBuilder routes, string kind, SessionLeg leg)
    {
        var group = routes.MapGroup(kind).WithTags(kind.ToUpperInvariant()).AllowsAnyOrigin();
        Preflight(group, "{room}", JoinMethods, "Accept-Post", WhipWhepAdapter.Sdp);
        Preflight(group, "{room}/{session}", SessionMethods, "Accept-Patch", WhipWhepAdapter.Fragment);
        Preflight(group, "{room}/{session}/state", StateMethods);
        group.MapPost("{room}", (string room, HttpContext context, WhipWhepAdapter adapter) => adapter.Join(context, leg))
            .Requires(Permit.Join, leg == SessionLeg.Publish ? Permit.Publish : Permit.Subscribe)
            .WithSummary(leg == SessionLeg.Publish ? "Publish: an SDP offer in, the answer out." : "Play: an SDP offer in, the answer out.")
            .Produces<string>(201, WhipWhepAdapter.Sdp).WithProblems(400, 401, 403, 406, 413, 415, 422, 429, 503);
        group.MapPatch("{room}/{session}", (string room, string session, HttpContext context, WhipWhepAdapter adapter) => adapter.Patch(context)).Requires(Permit.Join)
            .WithSummary("Candidates, or an ICE restart with If-Match: *.")
            .Produces(204).Produces<string>(200, WhipWhepAdapter.Fragment).WithProblems(400, 401, 403, 404, 412, 413, 415, 422, 428);
        group.MapDelete("{room}/{session}", (string room, string session, HttpContext context, WhipWhepAdapter adapter) => adapter.Delete(context)).Requires(Permit.Join)
            .WithSummary("Ends the session.").Produces(200).WithProblems(401, 403, 404);
        group.MapGet("{room}/{session}/state", (string room, string session, HttpContext context, WhipWhepAdapter adapter) => adapter.State(context)).Requires(Permit.Join)
            .WithSummary("How the session stands: mutes and grants that an admin changed, or why it is over.")
            .Produces<SessionStateJson>().WithProblems(401, 403, 404);
        Otherwise(group, "{room}/{session}/state", StateMethods);
        Otherwise(group, "{room}", JoinMethods);
        Otherwise(group, "{room}/{session}", SessionMethods);
    }

    /// <param name="acceptHeader">Tells which content is taken, where any is.</param>
    private static void Preflight(RouteGroupBuilder group, string path, string methods, string? acceptHeader = null, string? accepted = null) =>
        group.MapMethods(path, ["OPTIONS"], (HttpContext context) =>
        {
            CrossOrigin.Preflight(context.Response, methods);
            if (acceptHeader is not null)
            {
                context.Response.Headers[acceptHeader] = accepted;
            }

            return Results.NoContent();
        }).ExcludeFromDescription();

    /// <summary>Every other method, as RFC 9725 section 4.1 has it.</summary>
    private static void Otherwise(RouteGroupBuilder group, string path, string methods) =>
        group.Map(path, () => new ProblemResult(StatusCodes.Status405MethodNotAllowed, "METHOD", $"Allowed here: {methods}.").With("Allow", methods))
            .ExcludeFromDescription();
}
