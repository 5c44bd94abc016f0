namespace Nexus.Grains;

/// <summary>Whom a silo tells what it has heard of.</summary>
internal static class SiloMembers
{
    /// <summary>The silos that are there now, but for this one.</summary>
    public static IEnumerable<SiloAddress> OthersThan(this IClusterMembershipService members, ILocalSiloDetails here) =>
        members.CurrentSnapshot.Members.Values.Where(m => m.Status == SiloStatus.Active && !m.SiloAddress.Equals(here.SiloAddress)).Select(m => m.SiloAddress);
}
