using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.Gateway.Adapters.WhipWhep;

/// <summary>
/// WHIP (RFC 9725) and WHEP (its playback draft) over <see cref="ClientSession"/>. Stateless: what a request needs is in its
/// token, its path and the participant's grain.
/// </summary>
internal sealed class WhipWhepAdapter(
    IControlPlane control, Admission admission, IceServerLinks links, GatewayPort port, GatewayOptions options)
{
    public const string Sdp = "application/sdp";
    public const string Fragment = "application/trickle-ice-sdpfrag";

    /// <summary>Relation type of a session's state; an extension (RFC 9725 section 4.9, RFC 8288 section 2.1.2).</summary>
    public const string StateRelation = "urn:nexus:session-state";

    /// <summary>POST: an offer in, a session and the answer out.</summary>
    public async Task<IResult> Join(HttpContext context, SessionLeg leg)
    {
        var request = context.Request;
        Caller caller = context.Caller();
        var refusal = BodyReader.CheckContentType(request, Sdp, "Accept-Post")
            ?? BodyReader.CheckAccept(request, Sdp)
            ?? CheckAdmission(context, caller);
        if (refusal is not null)
        {
            return refusal;
        }

        var (wish, badWish) = ReadWish(request, leg);
        (string offer, refusal) = await BodyReader.ReadText(request, SdpLimits.MaxLength);
        refusal ??= badWish;
        refusal ??= CheckOffer(offer, caller, leg);
        if (refusal is not null)
        {
            return refusal;
        }

        var session = new ClientSession(control.At(control.Region, caller.Tenant, context.Segment("room")), caller, Ids.NewSession());
        var joined = await admission.Count(caller, leg, session.Join(control, leg, offer, wish));
        return joined switch
        {
            { Error: { } error } => ProblemResult.Of(error),
            { Answer: { } answer } => Created(context, caller, session.Id, answer.Sdp),
            _ => new ProblemResult(StatusCodes.Status503ServiceUnavailable, ReasonCodes.NodeTimeout, "The media node gave no answer: try again.").With("Retry-After", "1"),
        };
    }

    /// <summary>PATCH: candidates, or an ICE restart when <c>If-Match</c> is <c>*</c>.</summary>
    public async Task<IResult> Patch(HttpContext context)
    {
        var (session, refusal) = await Enter(context);
        refusal ??= BodyReader.CheckContentType(context.Request, Fragment, "Accept-Patch");
        if (refusal is not null)
        {
            return refusal;
        }

        (string body, refusal) = await BodyReader.ReadText(context.Request, SdpLimits.MaxFragmentLength);
        if (refusal is not null)
        {
            return refusal;
        }

        if (!SdpFragment.TryParse(body, out var fragment, out var fault))
        {
            return new ProblemResult(StatusCodes.Status400BadRequest, ReasonCodes.SdpInvalid, fault.ToString());
        }

        var standing = await session!.Standing();
        if (standing.Ended is { } ended)
        {
            return NoSession(ended);
        }

        int generation = standing.IceGeneration;

        if (context.Request.Headers.IfMatch.Count == 0)
        {
            return new ProblemResult(StatusCodes.Status428PreconditionRequired, "IF_MATCH_REQUIRED", "Send If-Match: the session's ETag with candidates, or * with an ICE restart.");
        }

        return EntityTagHeaderValue.TryParseList(context.Request.Headers.IfMatch, out var ifMatch) switch
        {
            true when ifMatch is [var only] && only.Equals(EntityTagHeaderValue.Any) => await Restart(context, session, generation, fragment),
            true when IceEntityTag.Matches(ifMatch, generation) => Trickle(fragment),
            _ => new ProblemResult(StatusCodes.Status412PreconditionFailed, "ETAG_MISMATCH", "If-Match names another ICE generation than the session's: use the ETag of the last 201 or 200.")
                .With("ETag", IceEntityTag.Of(generation)),
        };
    }

    /// <summary>
    /// GET of what the link <see cref="StateRelation"/> names: how the session stands. HTTP has no way to tell a client what is done to
    /// it meanwhile, so it may ask.
    /// </summary>
    public async Task<IResult> State(HttpContext context)
    {
        var (session, refusal) = await Enter(context);
        if (refusal is not null)
        {
            return refusal;
        }

        var standing = await session!.Standing();
        return standing.Ended switch
        {
            null => Results.Json(SessionStateJson.Of(standing)),
            ReasonCodes.SessionNotFound when port.IsRebuilding => new ProblemResult(
                StatusCodes.Status503ServiceUnavailable, ReasonCodes.Unavailable, "A part of the cluster was lost, and may yet hear of the session: ask again.").With("Retry-After", "1"),
            { } ended => NoSession(ended),
        };
    }

    /// <summary>DELETE: ends the session.</summary>
    public async Task<IResult> Delete(HttpContext context)
    {
        var (session, refusal) = await Enter(context);
        if (refusal is not null)
        {
            return refusal;
        }

        var left = await session!.Leave();
        return left.Error switch
        {
            null => Results.Ok(),
            { Code: ReasonCodes.SessionNotFound or ReasonCodes.ParticipantNotFound or ReasonCodes.RoomNotFound } => NoSession(),
            var error => ProblemResult.Of(error),
        };
    }

    /// <summary>The session that the path names; 404 for what cannot be one, without asking a grain.</summary>
    private async Task<(ClientSession? Session, ProblemResult? Refusal)> Enter(HttpContext context)
    {
        string id = context.Segment("session");
        Caller caller = context.Caller();
        return id.StartsWith("SE_", StringComparison.Ordinal) && id.Length <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            ? (new(await control.Locate(caller.Tenant, context.Segment("room")), caller, id), null)
            : (null, NoSession());
    }

    /// <summary>Text that is no SDP, and kinds of media that the token does not let its bearer publish, are refused at the door.</summary>
    private static ProblemResult? CheckOffer(string text, Caller caller, SessionLeg leg)
    {
        if (!SessionDescription.TryParse(text, out var offer, out var fault))
        {
            return new(fault.Code == SdpErrorCode.TooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status400BadRequest, fault.Reason, fault.ToString());
        }

        var grants = caller.Grants.ToGrants();
        var stray = leg == SessionLeg.Publish
            ? offer.Media.FirstOrDefault(m => !m.Rejected && m.IsRtp && m.Direction is MediaDirection.SendOnly or MediaDirection.SendRecv && !grants.MayPublishKind(m.Media))
            : null;
        return stray is null ? null : ProblemResult.Of(Permit.Denied($"The token's canPublishSources has no source for the {stray.Media} section {stray.Mid}."));
    }

    private ProblemResult? CheckAdmission(HttpContext context, Caller caller) => admission.Check(caller, context.Connection.RemoteIpAddress) switch
    {
        null => null,
        { Closed: { } closed } hindrance => new ProblemResult(StatusCodes.Status503ServiceUnavailable, closed.Code, closed.Message).With("Retry-After", $"{hindrance.Seconds}"),
        var hindrance => new ProblemResult(StatusCodes.Status429TooManyRequests, "JOIN_RATE", "Too many joins in a short time: wait as Retry-After says.")
            .With("Retry-After", $"{hindrance.Seconds}"),
    };

    private (JoinWish Wish, ProblemResult? Refusal) ReadWish(HttpRequest request, SessionLeg leg)
    {
        string? Query(string name) => request.Query[name].FirstOrDefault() is { Length: > 0 } value ? value : null;
        LayerWish? layer = Query("layer") switch
        {
            "low" => LayerWish.Low,
            "middle" => LayerWish.Middle,
            "high" => LayerWish.High,
            _ => null,
        };
        var wish = new JoinWish(Query("region") ?? options.Region, new()
        {
            Auto = leg == SessionLeg.Play,
            Identity = Query("identity"),
            TrackSid = Query("track"),
            Layer = layer,
        });
        return (wish, Query("layer") is not null && layer is null
            ? new(StatusCodes.Status400BadRequest, "LAYER", "layer is one of low, middle, high.")
            : null);
    }

    private IResult Created(HttpContext context, Caller caller, string session, string answer)
    {
        var headers = context.Response.Headers;
        string location = LocationOf(context.Request, $"{Uri.EscapeDataString(caller.Grants.Room!)}/{session}");
        headers.Location = location;
        headers.ETag = IceEntityTag.Of(0);
        headers["Accept-Patch"] = Fragment;
        headers.Link = StringValues.Concat(links.For(caller.Identity), $"<{location}/state>; rel=\"{StateRelation}\"");
        return Results.Text(answer, Sdp, statusCode: StatusCodes.Status201Created);
    }

    /// <summary>
    /// Relative to the request (RFC 3986 section 5.2): below which path a proxy serves us is known only where it says so. Where it does,
    /// the path is whole, for clients that only put it behind a host.
    /// </summary>
    private static string LocationOf(HttpRequest request, string resource)
    {
        string path = request.Path.ToUriComponent();
        return request.PathBase.HasValue ? $"{request.PathBase.ToUriComponent()}{path[..path.IndexOf('/', 1)]}/{resource}"
            : path.EndsWith('/') ? $"../{resource}"
            : resource;
    }

    private static IResult Trickle(SdpFragment fragment) => ClientSession.Trickle(fragment) is { } fault
        ? new ProblemResult(StatusCodes.Status422UnprocessableEntity, fault.Reason, fault.Message)
        : Results.NoContent();

    private async Task<IResult> Restart(HttpContext context, ClientSession session, int generation, SdpFragment fragment)
    {
        if (fragment is not { IceUfrag: { } ufrag, IcePwd: { } password })
        {
            return new ProblemResult(StatusCodes.Status400BadRequest, ReasonCodes.SdpInvalid, "An ICE restart (If-Match: *) needs a=ice-ufrag and a=ice-pwd with new values.");
        }

        var restarted = await session.Restart(generation + 1, ufrag, password);
        if (restarted is not { Error: null, Answer: { } answer })
        {
            return restarted.Error is { } error
                ? ProblemResult.Of(error)
                : new ProblemResult(StatusCodes.Status503ServiceUnavailable, ReasonCodes.NodeTimeout, "The media node gave no answer: try again.").With("Retry-After", "1");
        }

        context.Response.Headers.ETag = IceEntityTag.Of(answer.Generation);
        context.Response.Headers.Link = links.For(session.Identity); // those of the join may have ended since
        return Results.Text(answer.SdpFragment, Fragment);
    }

    /// <param name="ended">Why it ended, where that is known.</param>
    private static ProblemResult NoSession(string ended = ReasonCodes.SessionNotFound) => new(StatusCodes.Status404NotFound, ended, ended switch
    {
        ReasonCodes.SessionNotFound => "There is no such session: it has ended, or is another participant's.",
        ReasonCodes.Removed => "You were removed from the room: the session has ended.",
        ReasonCodes.Moved => "You were moved to another room: the session goes on there, and is out of reach of this token.",
        ReasonCodes.NodeLost or ReasonCodes.NodeChanged => "The room is on another media node now: POST your offer again.",
        ReasonCodes.RoomClosed => "The room was closed: the session has ended.",
        ReasonCodes.DuplicateIdentity => "The same identity joined elsewhere: the session has ended.",
        _ => $"The session has ended: {ended}.",
    });
}
