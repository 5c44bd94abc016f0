using Nexus.Contracts;

namespace Nexus.Grains;

/// <summary>What the tenant's list of rooms knows of this one.</summary>
public sealed partial class RoomGrain
{
    /// <summary>The list may be so old: a room tells at most once in that time, and one that does not change tells nothing.</summary>
    private static readonly TimeSpan ListAge = TimeSpan.FromSeconds(1);

    /// <summary>How often the tenant is told again that the room is there, in case its grain lost its memory.</summary>
    private static readonly TimeSpan Announcement = TimeSpan.FromSeconds(10);

    private RoomHeadline? _announced;
    private DateTimeOffset _announcedAt;
    private IGrainTimer? _announcing;

    private RoomHeadline Headline() => new(Name, record.State.CreatedAt, _roster.Count, _roster.Publishers);

    private void AnnounceSoon() => _announcing ??= this.RegisterGrainTimer(AnnounceChange, new GrainTimerCreationOptions(ListAge, Timeout.InfiniteTimeSpan));

    private Task AnnounceChange()
    {
        _announcing?.Dispose();
        _announcing = null;
        return IsOpen && Headline() != _announced ? Announce() : Task.CompletedTask;
    }

    private Task AnnounceAgain() => IsOpen && time.GetUtcNow() - _announcedAt > Announcement ? Announce() : Task.CompletedTask;

    /// <summary>
    /// Counted in at the tenant's, or refused there by quota. Where there is none nothing hangs on the tenant's grain: while its silo is
    /// frozen or gone the room opens without it.
    /// </summary>
    /// <exception cref="TimeoutException">Whether the quota has room cannot be known now.</exception>
    private async Task<ActResult> CountIn(DateTimeOffset now, TenantRules tenant)
    {
        try
        {
            return await Tenant.OpenRoom(new RoomHeadline(Name, now, Participants: 0, Publishers: 0), tenant);
        }
        catch (Exception e) when (tenant.MaxRooms == 0 && e is (TimeoutException or OrleansException))
        {
            return ActResult.Done; // the list hears of the room with its first change
        }
    }

    /// <summary>One-way: what is lost is said again with the next change, or after <see cref="Announcement"/>.</summary>
    private async Task Announce()
    {
        RoomHeadline headline = Headline();
        _announcedAt = time.GetUtcNow();
        await Tenant.UpdateRoom(headline);
        _announced = headline;
    }
}
