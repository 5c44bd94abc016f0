using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// Whom the room takes in. Bans and revocations are kept for rooms that are not open too: until they are over, in the record that a
/// closed room otherwise has none of.
/// </summary>
public sealed partial class RoomGrain
{
    public Task Bar(string identity, Barring barring) => Keep(AccessRules.Bar(record.State.Access, identity, barring, time.GetUtcNow()));

    public async Task<ActResult> Lock(bool locked)
    {
        if (!IsOpen)
        {
            return new ActResult(NoRoom);
        }

        if (record.State.Access.IsLocked != locked)
        {
            await Keep(record.State.Access with { IsLocked = locked });
            NoteLock(locked);
        }

        return ActResult.Done;
    }

    private LinkError? Barred(AdmitRequest request)
    {
        DateTimeOffset now = time.GetUtcNow();
        string identity = request.Participant.Identity;
        bool? isInside = _roster.Find(identity) is not null || _place.IsExpected(identity, now) ? true : now < _rebuiltAt ? null : false;
        return AccessRules.Refusal(record.State.Access, identity, request.TokenIssuedAt, isInside, now);
    }

    /// <summary>In storage before this returns; a record that has nothing to say is deleted.</summary>
    private async Task Keep(RoomAccess access)
    {
        record.State.Access = access;
        if (IsOpen || !access.Barred.IsEmpty)
        {
            await record.WriteStateAsync();
        }
        else if (record.RecordExists)
        {
            long epoch = record.State.Epoch;
            await record.ClearStateAsync();
            record.State.Epoch = epoch; // the next one is higher, also within this second
        }
    }
}
