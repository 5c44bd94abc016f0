using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>What is kept of a tenant's invites.</summary>
[GenerateSerializer, Alias("nexus.InviteBook")]
public sealed class InviteBook
{
    /// <summary>By id.</summary>
    [Id(0)] public ImmutableArray<Invite> Invites { get; set; } = [];
}

/// <summary>The invites of a tenant: one turn at a time, so that uses are counted right.</summary>
[ZonePlacement]
public sealed class InviteBookGrain(
    [PersistentState("invites", StorageNames.Rooms)] IPersistentState<InviteBook> record,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time) : Grain, IInviteBookGrain
{
    private ImmutableArray<Invite> All => record.State.Invites;

    public async Task<ActResult> Add(Invite invite)
    {
        ImmutableArray<Invite> standing = InviteRules.Standing(All, time.GetUtcNow());
        if (standing.Length >= InviteRules.MostInvites)
        {
            return ActResult.Refused(ReasonCodes.LimitExceeded, $"a tenant has at most {InviteRules.MostInvites} invites: revoke some");
        }

        await Keep([.. standing.Add(invite).OrderBy(i => i.Id, StringComparer.Ordinal)]);
        return ActResult.Done;
    }

    public Task<InvitePage> List(string? room, string after, int limit)
    {
        if (All.IsEmpty)
        {
            DeactivateOnIdle(); // asking for what is not there leaves no grain behind
        }

        DateTimeOffset now = time.GetUtcNow();
        ImmutableArray<Invite> page =
            [.. All.Where(i => i.ExpiresAt > now && (room is null || i.Room == room) && string.CompareOrdinal(i.Id, after) > 0).Take(limit)];
        return Task.FromResult(new InvitePage(page, page.Length == limit ? page[^1].Id : null));
    }

    public async Task<bool> Revoke(string id, string? room)
    {
        if (Find(id) is not { } invite || (room is not null && invite.Room != room))
        {
            return false;
        }

        await Keep(All.Remove(invite));
        return true;
    }

    public async Task<Redemption> Redeem(string id, string secretHash, string key, bool again)
    {
        Invite? invite = Find(id);
        if (InviteRules.Refusal(invite, secretHash, key, again, time.GetUtcNow()) is { } refusal)
        {
            return new(refusal, null);
        }

        if (invite!.Uses is not null && !again)
        {
            await Keep(All.Replace(invite, invite with { Used = invite.Used + 1 }));
        }

        return new(null, invite);
    }

    private Invite? Find(string id) => All.FirstOrDefault(i => i.Id == id);

    /// <summary>In storage before this returns; what cannot be stored has not happened.</summary>
    private async Task Keep(ImmutableArray<Invite> invites)
    {
        ImmutableArray<Invite> before = All;
        record.State.Invites = invites;
        try
        {
            await (invites.IsEmpty ? record.ClearStateAsync() : record.WriteStateAsync());
        }
        catch
        {
            record.State.Invites = before;
            throw;
        }
    }
}
