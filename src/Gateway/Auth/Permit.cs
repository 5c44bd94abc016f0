using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Nexus.Gateway.Http;
using Nexus.Link;

namespace Nexus.Gateway.Auth;

/// <summary>
/// A rule of who may do what: the authorization policy of the endpoints that require it, and asked by hand where the room stands in a
/// message instead of the path. Pure.
/// </summary>
internal sealed class Permit : AuthorizationHandler<Permit>, IAuthorizationRequirement
{
    /// <summary>Code: the token's room can be no name of one.</summary>
    public const string RoomName = "ROOM_NAME";

    /// <summary>Code: the token's <c>sub</c> can be no identity.</summary>
    public const string IdentityName = "IDENTITY";

    private readonly Func<Caller, string?, LinkError?> _refuse;

    private Permit(Func<Caller, string?, LinkError?> refuse) => _refuse = refuse;

    /// <summary>May come into the room that the token is for.</summary>
    public static Permit Join { get; } = new((caller, room) => caller.Grants switch
    {
        { RoomJoin: false } => Denied("The token lacks the grant roomJoin."),
        { Room: null or "" } => Denied("The token names no room."),
        { Room: var own } when room is not null && own != room => Denied("The token is for another room."),
        { Room: var own } when !PathSegments.IsName(own) => new(RoomName, $"A room's name has 1 to {PathSegments.MaxLength} characters, none of them control characters."),
        _ when !PathSegments.IsName(caller.Identity) => new(IdentityName, $"The token's sub must be an identity of 1 to {PathSegments.MaxLength} characters."),
        _ => null,
    });

    public static Permit Publish { get; } = new((caller, _) => caller.Grants.ToGrants().CanPublish ? null : Denied("The token does not grant canPublish."));

    public static Permit Subscribe { get; } = new((caller, _) => caller.Grants.ToGrants().CanSubscribe ? null : Denied("The token does not grant canSubscribe."));

    public static Permit ListRooms { get; } = new((caller, _) => caller.Grants.RoomList ? null : Denied("The token lacks the grant roomList."));

    /// <summary>May list the tenant's rooms, or administer the one that its token is for.</summary>
    public static Permit Oversee { get; } = new((caller, _) =>
        caller.Grants.RoomList || caller.MayAdminister(caller.Grants.Room ?? "") ? null : Denied("The token lacks the grants roomList and roomAdmin."));

    public static Permit CreateRoom { get; } = new((caller, room) =>
        caller.Grants.RoomCreate || caller.MayAdminister(room ?? "") ? null : Denied("The token lacks the grant roomCreate, or roomAdmin for this room."));

    /// <summary>May read and change the room; without one, those that its token is for.</summary>
    public static Permit Administer { get; } = new((caller, room) =>
        !caller.MayAdminister(room ?? caller.Grants.Room ?? "") ? Denied(room is null ? "The token lacks the grant roomAdmin." : "The token lacks the grant roomAdmin for this room.")
        : room is not null && !PathSegments.IsName(room) ? new(ReasonCodes.RoomNotFound, "There is no such room.")
        : null);

    /// <summary>What concerns the installation, not one tenant.</summary>
    public static Permit Operate { get; } = new((caller, _) =>
        caller.MayOperate ? null : Denied("This needs a token with roomAdmin or roomList, signed by a key that is marked operator."));

    /// <summary>What the caller lacks; null when he may.</summary>
    /// <param name="room">The room that it is about; null when it is about none.</param>
    public LinkError? Refusal(Caller caller, string? room) => _refuse(caller, room);

    public static LinkError Denied(string message) => new(ReasonCodes.Permission, message);

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, Permit requirement)
    {
        if (context is { User.Identity: CallerIdentity { Caller: var caller }, Resource: HttpContext http })
        {
            if (requirement.Refusal(caller, http.HasSegment("room") ? http.Segment("room") : null) is { } refusal)
            {
                context.Fail(new Lack(this, refusal));
            }
            else
            {
                context.Succeed(requirement);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Why authorization failed.</summary>
    internal sealed class Lack(IAuthorizationHandler handler, LinkError error) : AuthorizationFailureReason(handler, error.Message)
    {
        public LinkError Error => error;
    }
}
