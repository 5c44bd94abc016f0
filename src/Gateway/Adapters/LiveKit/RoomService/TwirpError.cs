using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit.RoomService;

/// <summary>Kinds of refusals that Twirp has (its wire protocol, version 7, "Error Codes"); those that are used here.</summary>
internal enum TwirpCode
{
    /// <summary>There is no such method, or it does not take such a request.</summary>
    BadRoute,

    /// <summary>The body cannot be read.</summary>
    Malformed,
    InvalidArgument,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    FailedPrecondition,
    ResourceExhausted,
    Unimplemented,
    Internal,

    /// <summary>Try again.</summary>
    Unavailable,
}

/// <summary>A refusal of a call, thrown to where it is answered.</summary>
internal sealed class TwirpException(TwirpCode code, string message) : Exception(message)
{
    public TwirpCode Code => code;

    /// <summary>The refusal of a grain or node.</summary>
    public static TwirpException Of(LinkError error) => new(
        error.Code switch
        {
            ReasonCodes.RoomNotFound or ReasonCodes.RoomClosed or ReasonCodes.ParticipantNotFound or ReasonCodes.TrackNotFound
                or ReasonCodes.SessionNotFound => TwirpCode.NotFound,
            ReasonCodes.BadRequest or ReasonCodes.LimitExceeded => TwirpCode.InvalidArgument,
            _ when error.Code.StartsWith("TOKEN_", StringComparison.Ordinal) => TwirpCode.Unauthenticated,
            ReasonCodes.Permission => TwirpCode.PermissionDenied,
            ReasonCodes.QuotaRooms or ReasonCodes.RoomFull or ReasonCodes.RateLimited => TwirpCode.ResourceExhausted,
            ReasonCodes.RegionRefused or ReasonCodes.Banned or ReasonCodes.RoomLocked or ReasonCodes.RoomElsewhere or ReasonCodes.Forwarded => TwirpCode.FailedPrecondition,
            _ => TwirpCode.Unavailable, // no node, a lost one, a time-out
        },
        error.Message);
}

/// <summary>A refusal as Twirp answers it: always JSON, whatever the request was.</summary>
internal static class TwirpErrors
{
    public static Task Write(HttpContext context, TwirpCode code, string message)
    {
        context.Response.StatusCode = Status(code);
        context.Response.ContentType = "application/json"; // and no charset: LiveKit's SDK for Node compares it whole
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(
            new Body(UpperSnake.Of(code).ToLowerInvariant(), message), JsonSerializerOptions.Web)).AsTask();
    }

    private static int Status(TwirpCode code) => code switch
    {
        TwirpCode.Malformed or TwirpCode.InvalidArgument => 400,
        TwirpCode.Unauthenticated => 401,
        TwirpCode.PermissionDenied => 403,
        TwirpCode.BadRoute or TwirpCode.NotFound => 404,
        TwirpCode.FailedPrecondition => 412,
        TwirpCode.ResourceExhausted => 429,
        TwirpCode.Unimplemented => 501,
        TwirpCode.Unavailable => 503,
        _ => 500,
    };

    /// <param name="Code">Lower snake case.</param>
    private sealed record Body(string Code, string Msg);
}
