using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// In which region the room is: as long as it is open, only here. It is asked for as the room opens, and by nobody else, so that a room is
/// open in one region only, whatever anybody else believes; and given back when it closes.
/// </summary>
public sealed partial class RoomGrain
{
    /// <summary>Where one entry of the index is kept, is kept for all who know the same regions.</summary>
    private ImmutableArray<string> HomeRegions => RegionChoice.Allowed(regions.All, zones.RegionsOf(Self.Zone));

    /// <summary>A process joins itself in its own region.</summary>
    private bool IsHomeSure => HomeRegions.Length <= 1 || Self.Tenant == Keys.OwnTenant;

    /// <summary>Null: it is here. Else where it is, or why that cannot be found out now.</summary>
    private async Task<NotHere?> Settle()
    {
        if (IsHomeSure)
        {
            return null;
        }

        string keeper = RegionChoice.Keeper(Key, HomeRegions);
        try
        {
            string home = await Index(keeper).Settle(regions.Own);
            return home == regions.Own ? null : new(new(ReasonCodes.RoomElsewhere, $"the room is in region '{home}'"), home);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            string why = e is RegionAwayException ? e.Message : $"region '{keeper}' did not answer in time";
            return new(new(ReasonCodes.LinkDown, $"whether the room is open elsewhere is known in region '{keeper}' only: {why}"), null);
        }
    }

    /// <summary>The room is here, because people of it are: said again, should the index have been lost with it. Waits for nobody.</summary>
    private void Claim()
    {
        if (!IsHomeSure)
        {
            Tell(index => index.Settle(regions.Own));
        }
    }

    /// <summary>Waits for nobody. Should it get lost, the room will be opened here again, wherever its next first joiner comes in.</summary>
    private void Release()
    {
        if (!IsHomeSure)
        {
            Tell(index => index.Release(regions.Own));
        }
    }

    private void Tell(Func<IRoomHomeGrain, Task> word)
    {
        try
        {
            word(Index(RegionChoice.Keeper(Key, HomeRegions))).Ignore();
        }
        catch (RegionAwayException)
        {
            // as if it was lost on its way
        }
    }

    private IRoomHomeGrain Index(string keeper) => regions.Of(keeper, Self.Tenant).GetGrain<IRoomHomeGrain>(Key);

    private sealed record NotHere(LinkError Error, string? Home);
}
