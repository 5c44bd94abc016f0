using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>
/// Looks for a room that is to be joined, or made, and need not be there yet: asks where it would be best until a region has it, or opens
/// it. A region where it is not says where it is. A pure walk: it calls nobody.
/// </summary>
public sealed class RoomSearch(IControlPlane control, TenantOptions tenant, string room, string wished)
{
    /// <summary>A room may close, and open elsewhere, while it is looked for.</summary>
    private const int MostHomes = 3;

    private readonly Queue<RoomSite> _candidates = new(control.Candidates(tenant, room, wished));
    private int _homes;
    private RoomSite? _home;

    /// <summary>Why it was not found, once <see cref="Next"/> is null.</summary>
    public LinkError Refusal { get; private set; } = new(
        ReasonCodes.RegionRefused, $"what is of this tenant may only be in {string.Join(", ", tenant.Residency?.Regions ?? [])}, and there is no such region here");

    /// <summary>Whom to ask next; null when nobody is left.</summary>
    public RoomSite? Next()
    {
        (RoomSite? home, _home) = (_home, null);
        return home ?? (_homes == 0 && _candidates.TryDequeue(out RoomSite? site) ? site : null);
    }

    /// <summary>Whether the answer is final; else to be asked on.</summary>
    /// <param name="home">The region that the room is in instead; null when it is where it was asked for, or nowhere.</param>
    public bool IsDone(LinkError? error, string? home)
    {
        if (error is null)
        {
            return true;
        }

        Refusal = error;
        if (home is not null && _homes++ < MostHomes)
        {
            _home = control.At(home, tenant, room);
            return false;
        }

        return error.Code != ReasonCodes.NoNode || _homes > 0 || _candidates.Count == 0;
    }

    /// <summary>The region that was asked cannot be reached.</summary>
    public void Away(RegionAwayException away) => Refusal = new(ReasonCodes.LinkDown, away.Message);
}
