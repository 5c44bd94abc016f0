using Nexus.Link;

namespace Nexus.MediaNode.Tests.Session;

public sealed class AudienceTests
{
    /// <summary>Members as <c>identity/sid/tracks</c>, tracks being <c>*</c> for all.</summary>
    [Theory]
    [InlineData("bob//*", true)]
    [InlineData("bob//TR_1,TR_2", true)]
    [InlineData("bob//TR_2", false)]
    [InlineData("/PA_bob/TR_1", true)]
    [InlineData("/PA_bob_before/TR_1", false)]
    [InlineData("bob/PA_bob/*", true)]
    [InlineData("bob/PA_bob_before/*", false)]
    [InlineData("carol//* bob//TR_1", true)]
    [InlineData("carol//*", false)]
    [InlineData("//*", false)]
    [InlineData("", false)]
    public void A_member_is_admitted_to_what_it_is_named_for(string members, bool admitted)
    {
        Assert.Equal(admitted, Audience(members).Admits("bob", "PA_bob", "TR_1"));
        Assert.Equal(Audience(members), Audience(members));
    }

    [Fact]
    public void Everyone_is_admitted_until_it_is_said_otherwise() => Assert.True(Nexus.Link.Audience.All.Admits("bob", "PA_bob", "TR_1"));

    private static Audience Audience(string members) => new()
    {
        Everyone = false,
        Members =
        [
            .. members.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(m => m.Split('/')).Select(m => new AudienceMember
            {
                Identity = m[0],
                ParticipantSid = m[1],
                AllTracks = m[2] == "*",
                TrackSids = [.. m[2].Split(',')],
            }),
        ],
    };
}
