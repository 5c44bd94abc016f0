using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Adapters.LiveKit.RoomService;

/// <summary>What every method asks before it acts; the refusal is thrown.</summary>
internal static class Guards
{
    public static void Grant(bool granted, string grant)
    {
        if (!granted)
        {
            throw new TwirpException(TwirpCode.PermissionDenied, $"The token lacks the grant {grant}.");
        }
    }

    public static void Administers(Caller caller, string room)
    {
        Grant(caller.MayAdminister(room), "roomAdmin for this room");
        Name(room, "room");
    }

    public static void Name(string name, string field)
    {
        if (!PathSegments.IsName(name))
        {
            throw Invalid($"{field} must have 1 to {PathSegments.MaxLength} characters, none of them control characters.");
        }
    }

    public static TwirpException Invalid(string message) => new(TwirpCode.InvalidArgument, message);

    /// <summary>The room as it is; NotFound when there is none.</summary>
    public static async Task<RoomView> View(this IControlPlane control, Caller caller, string room) =>
        await (await control.Locate(caller.Tenant, room)).Room.Describe() ?? throw NoRoom();

    public static TwirpException NoRoom() => new(TwirpCode.NotFound, "requested room does not exist");

    public static void Done(ActResult result)
    {
        if (result.Error is { } error)
        {
            throw TwirpException.Of(error);
        }
    }
}
